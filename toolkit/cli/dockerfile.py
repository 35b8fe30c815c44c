"""`comp dockerfile`: write the Dockerfile that makes a component's image, for people who want to own it."""

import os
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.errors import InputError, UsageError
from toolkit.words import some_of

if TYPE_CHECKING:
    from toolkit.scaffold.owned_files import OwnedFiles, State


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The Dockerfile, in the component's folder.  [default: `dockerfile` of the settings, else Dockerfile]",
)
@click.option("--check", is_flag=True, help="Change nothing; print a diff and exit with 1 if a file is stale.")
@click.option("--force", is_flag=True, help="Overwrite what you changed as well.")
@format_option
@bars.option
@pass_console
def command(
    console: Console, *, folder: Path, output: Path | None, check: bool, force: bool, form: str, progress: str
) -> int:
    """Write the Dockerfile that makes the image of the component in FOLDER, and what it needs.

    It installs the packages of the lock by pip, each by its hash, and gives the same launcher, code, environment and
    user as an image of comp build. Beside it, the folder docker holds the launcher, the interface and the
    requirements. The files are yours to change: a changed one is not written again, and the command prints what comp
    would write instead. Run it after each change of the code's interface or of the lock; --check is for CI.
    """
    from toolkit.job.context import BuildContext
    from toolkit.job.owned_dockerfile import owned_files
    from toolkit.job.project import checked_project

    if check and force:
        raise UsageError("--check and --force do not go together", hint="leave one out")
    with bars.showing(console, progress) as shown:
        context = BuildContext(report=shown.report)
        project = checked_project(folder, overrides={}, environ=os.environ, to_be_built=False)
        usual = project.dockerfile.path if project.dockerfile else project.folder / "Dockerfile"
        owned = owned_files(project, context, output or usual, locked=check)
    states = owned.states()
    if form == "json":
        console.json({"files": [{"path": path, "found": state.value} for path, state in states.items()]})
    with_differences = form == "text"
    if check:
        return _check(console, owned, states, with_differences=with_differences)
    tag = f"{project.name}:{project.version}"
    _write(console, owned, states, tag=tag, force=force, with_differences=with_differences)
    return 0


def _write(
    console: Console,
    owned: "OwnedFiles",
    states: "dict[str, State]",
    *,
    tag: str,
    force: bool,
    with_differences: bool,
) -> None:
    """Write what may be written, and say what is kept."""
    from toolkit.scaffold.owned_files import State

    foreign = [path for path, state in states.items() if state is State.FOREIGN]
    if foreign and not force:
        raise InputError(
            f"{some_of(foreign)} exists and is not of comp: nothing is written",
            hint="write another file with -o FILE, or replace it with --force",
        )
    written = owned.write(states, force=force)
    for path in written:
        console.say(f"{'wrote' if path in owned.files else 'removed'} {path}")
    if not written:
        console.say("everything is fresh")
    conflicts = [path for path, state in states.items() if state is State.CONFLICT]
    if conflicts and not force:
        if with_differences:
            _print_differences(console, owned, conflicts)
        raise InputError(
            f"{some_of(conflicts)} was changed by you, and stays as it is",
            hint="take over the lines that you want, or replace it with --force",
        )
    if all(state is State.MISSING for state in states.values()):
        console.say(f"next: docker build -t {tag} {os.path.relpath(owned.folder)}")


def _check(console: Console, owned: "OwnedFiles", states: "dict[str, State]", *, with_differences: bool) -> int:
    """Print what `_write` would change; what the user changed counts only if comp would write something new."""
    from toolkit.scaffold.owned_files import State

    stale = [path for path, state in states.items() if state not in {State.FRESH, State.OWNED}]
    if with_differences:
        _print_differences(console, owned, stale)
    console.say(f"stale: {some_of(stale)}: run `comp dockerfile`" if stale else "everything is fresh")
    return 1 if stale else 0


def _print_differences(console: Console, owned: "OwnedFiles", paths: list[str]) -> None:
    """Print how files differ from what comp would write; of wheels only the names."""
    for path in paths:
        if path.endswith(".whl"):
            continue
        old, new = (data.decode(errors="replace") for data in (owned.read(path) or b"", owned.files.get(path, b"")))
        lines = unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}")
        console.document("".join(lines))
