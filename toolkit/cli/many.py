"""Commands on many components: their options, and their report: lines, a table, JSON, JUnit's file, the exit code."""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from msgspec import Struct

from toolkit.cli.bars import Shown
from toolkit.cli.ci_reports import image_outputs, write_outputs, write_summary
from toolkit.cli.console import Console, columns, format_option
from toolkit.cli.failures import near, print_failure
from toolkit.errors import UsageError
from toolkit.progress import SUBJECT, Progress
from toolkit.redaction import hide
from toolkit.system.os_errors import expected_error
from toolkit.words import in_bytes

if TYPE_CHECKING:
    from toolkit.cache.tally import Tally
    from toolkit.collection.work import Done, Outcome
    from toolkit.collection.workspace import Member, Workspace
    from toolkit.config.project import Project

log = logging.getLogger(__name__)

_Command = TypeVar("_Command", bound=Callable[..., Any])

_MINUTE = 60
# Characters of a digest in the table: `sha256:` and 12 digits, as in the tags of a push.
_SHOWN = 19
_HEADER = ("component", "result", "digest", "time", "sent")

every_option = click.option(
    "--all", "every", is_flag=True, help="Take every component at and below FOLDER, as [tool.comp.workspace] says."
)
junit_option = click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write results as JUnit's XML."
)
folders_argument = click.argument(
    "folders", nargs=-1, metavar="[FOLDER]...", type=click.Path(file_okay=False, path_type=Path)
)
since_option = click.option(
    "--since", metavar="REF", help="With --all: only what changed since REF, as in comp changed; everything if empty."
)
jobs_option = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many components at a time.  [default: one for each processor]",
)


class Asked(Struct, frozen=True, kw_only=True):
    """The components that a command is on, and how their results are printed."""

    folders: tuple[Path, ...] = ()
    every: bool = False
    since: str | None = None
    form: str = "text"
    junit: Path | None = None
    jobs: int | None = None
    output_file: Path | None = None

    @property
    def one(self) -> Path | None:
        """The folder if the command is on one component; None for `--all` and for several."""
        if self.every or len(self.folders) > 1:
            return None
        return self.folders[0] if self.folders else Path()

    @property
    def alone(self) -> Path | None:
        """The folder if the command prints what it prints about one component; None if there is a report."""
        return None if self.form == "json" or self.junit else self.one

    @property
    def at_once(self) -> int:
        """How many components are worked on at a time."""
        return self.jobs or os.cpu_count() or 1

    def check(self) -> None:
        """Raise UsageError for options that do not go together."""
        if self.since and not self.every:
            raise UsageError("--since chooses among the components of --all", hint="add --all")
        if self.every and len(self.folders) > 1:
            hint = "leave out --all, or all but one FOLDER"
            raise UsageError("--all takes one FOLDER, below which it looks", hint=hint)

    def workspace(self) -> "Workspace | None":
        """Return the collection that `--all` names, None without `--all`."""
        from toolkit.collection.workspace import read_workspace

        return read_workspace(self._root(), os.environ) if self.every else None

    def members(self) -> "Sequence[Member]":
        """Return the components, each once."""
        from toolkit.collection.workspace import read_members

        workspace = self.workspace()
        members = workspace.members if workspace else read_members(self.folders or (Path(),), os.environ)
        return _changed(members, self._root(), self.since) if self.since else members

    def _root(self) -> Path:
        """Return the folder that `--all` is about."""
        return self.folders[0] if self.folders else Path()


def _changed(members: "Sequence[Member]", root: Path, since: str) -> "Sequence[Member]":
    """Return the components that changed since a commit."""
    from toolkit.collection.changes import read_changes

    changes = read_changes(root, since, os.environ)
    for notice in changes.start.notices:
        log.warning(notice)
    changed = {change.folder for change in changes.changed}
    return [member for member in members if member.folder in changed]


def options(command: _Command) -> _Command:
    """Add FOLDER…, --all, --jobs, --format and --junit to a command, which gets them as `asked`."""

    @wraps(command)
    def with_asked(
        *arguments: object,
        folders: tuple[Path, ...],
        every: bool,
        since: str | None,
        form: str,
        junit: Path | None,
        jobs: int | None,
        **rest: object,
    ) -> object:
        """Call the command with one record."""
        asked = Asked(folders=folders, every=every, since=since, form=form, junit=junit, jobs=jobs)
        asked.check()
        return command(*arguments, asked=asked, **rest)

    added = cast("_Command", with_asked)
    for option in (junit_option, format_option, jobs_option, since_option, every_option, folders_argument):
        added = option(added)
    return added


def report_on(
    console: Console,
    command: str,
    asked: Asked,
    work: "Callable[[Member], Done]",
    *,
    shown: Shown | None = None,
    inner_first: bool = False,
) -> int:
    """Do the work on every component, report on each as it ends, and return the exit code.

    With `inner_first` a component whose code another one contains comes before it: the work changes what that reads.
    """
    from toolkit.collection.dependencies import members_inside

    members = asked.members()
    report = Report(console, command, members, asked, shown)
    report.add_all(members, work, after=members_inside(members, os.environ) if inner_first else None)
    return report.end()


@contextmanager
def about(member: "Member | Project") -> Iterator[None]:
    """Begin the lines that are printed meanwhile with a component's name."""
    token = SUBJECT.set(member.name)
    try:
        yield
    finally:
        SUBJECT.reset(token)


class Report:
    """What is printed about the work on many components: `add` each outcome as it comes, then `end`.

    `command` is like `comp build`. stdout gets a line for each image, or one JSON document.
    """

    def __init__(
        self, console: Console, command: str, members: "Sequence[Member]", asked: Asked, shown: Shown | None = None
    ) -> None:
        self._console, self._command, self._asked = console, command, asked
        self._shown = shown or Shown()
        self._places = {member.folder: place for place, member in enumerate(members)}
        self.outcomes: list[Outcome] = []
        self._began = time.monotonic()

    def add_all(
        self,
        members: "Sequence[Member]",
        work: "Callable[[Member], Done]",
        after: Mapping[Path, frozenset[Path]] | None = None,
    ) -> None:
        """Do the work on each component, in the order of `work_on_all`, and print each outcome as it comes."""
        from toolkit.collection.work import work_on_all

        for outcome in work_on_all(members, work, jobs=self._asked.at_once, after=after):
            self.add(outcome)

    def add(self, outcome: "Outcome") -> None:
        """Print the image of a component, and why the work on it failed."""
        self.outcomes.append(outcome)
        if outcome.done and outcome.done.image and self._asked.form == "text":
            # Scripts read the same line of a single FOLDER with --junit and without.
            name = f"{outcome.member.name} " if self._asked.one is None else ""
            with self._shown.aside():
                self._console.data(f"{name}{outcome.done.image}")
        if outcome.failure:
            with about(outcome.member):
                print_failure(outcome.failure)
        done, total = len(self.outcomes), len(self._places)
        self._shown.report(Progress(task="components", done=done, total=total, unit="components"))

    def end(self, tally: "Tally | None" = None) -> int:
        """Print the table or the document, write JUnit's file, and return the worst exit code.

        `tally` counts what the work found in the cache.
        """
        outcomes = sorted(self.outcomes, key=lambda outcome: self._places[outcome.member.folder])
        # The numbers are in the order of the worst: a bug, the outside, the command line, the component.
        code = max((outcome.exit_code for outcome in outcomes), default=0)
        rows = [_row(outcome) for outcome in outcomes]
        header = [title if any(row[place] for row in rows) else "" for place, title in enumerate(_HEADER)]
        with self._shown.aside():
            if self._asked.form == "json":
                document: dict[str, Any] = {
                    "components": [_as_data(outcome) for outcome in outcomes],
                    "exit_code": code,
                }
                if tally:
                    document["cache"] = tally.counts()
                self._console.json(document)
            table = ["", *columns([header, *rows]), ""] if rows else []
            self._console.say("\n".join([*table, self._sums(outcomes)]))
            if tally and tally.counts():
                self._console.detail(str(tally))
        # The file that the user named comes first: one that cannot be written ends the command.
        if self._asked.junit:
            from toolkit.collection.junit import outcomes_as_junit
            from toolkit.system.atomic import write_text

            write_text(self._asked.junit, outcomes_as_junit(self._command, outcomes))
        write_outputs(self._asked.output_file, self._outputs(outcomes))
        if rows:
            write_summary(self._command, _HEADER, rows)
        return code

    def _outputs(self, outcomes: "Sequence[Outcome]") -> dict[str, str]:
        """Return what later steps read: an object of all images, or the image and digest of a single FOLDER."""
        images = {each.member.name: each.done.image for each in outcomes if each.done and each.done.image}
        if self._asked.one is None:
            return {"images": json.dumps(images)}
        return {name: value for image in images.values() for name, value in image_outputs(image).items()}

    def _sums(self, outcomes: "Sequence[Outcome]") -> str:
        """Return how many components came to which result, in words."""
        if not outcomes:
            return f"no component changed since {self._asked.since}"
        results = [outcome.result for outcome in outcomes]
        counts = [f"{results.count(result)} {result}" for result in dict.fromkeys(results)]
        sent = sum(outcome.done.sent or 0 for outcome in outcomes if outcome.done)
        many = f"{len(outcomes)} component{'s' * (len(outcomes) != 1)}"
        return f"{many}: {', '.join(counts)}; {_time(time.monotonic() - self._began)}" + (
            f", {in_bytes(sent)} sent" if sent else ""
        )


def _row(outcome: "Outcome") -> tuple[str, ...]:
    """Return the row of a component, as in _HEADER."""
    done = outcome.done
    return (
        outcome.member.name,
        outcome.result,
        done.digest[:_SHOWN] if done and done.digest else "",
        _time(outcome.seconds),
        in_bytes(done.sent) if done and done.sent is not None else "",
    )


def _as_data(outcome: "Outcome") -> dict[str, Any]:
    """Return an outcome as JSON data."""
    done = outcome.done
    return {
        "component": outcome.member.name,
        "folder": near(str(outcome.member.folder)),
        "result": outcome.result,
        "image": done.image if done else None,
        "digest": done.digest if done else None,
        "seconds": round(outcome.seconds, 3),
        "sent": done.sent if done else None,
        "exit_code": outcome.exit_code,
        "error": _error_as_data(outcome.failure) if outcome.failure else None,
        **(done.more if done else {}),
    }


def _error_as_data(failure: Exception) -> dict[str, str | None]:
    """Return a failure as JSON data, without secrets."""
    error = expected_error(failure)
    if error is None:
        return {"message": hide(f"{type(failure).__name__}: {failure}"), "where": None, "hint": None}
    return {
        "message": near(hide(error.message)),
        "where": near(str(error.where)) if error.where else None,
        "hint": hide(error.hint) if error.hint else None,
    }


def _time(seconds: float) -> str:
    """Return a duration in words."""
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{seconds:.1f} s" if seconds < _MINUTE else f"{minutes} min {rest} s"
