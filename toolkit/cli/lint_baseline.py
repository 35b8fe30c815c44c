"""`comp lint --baseline` and `--write-baseline`: report new findings only, and keep the file of known ones."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from toolkit.cli.console import Console
from toolkit.errors import UsageError
from toolkit.words import counted, some_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toolkit.collection.linting import Linted, Outcome
    from toolkit.collection.targets import Target
    from toolkit.lint.baseline import Known
    from toolkit.lint.selection import Overrides

baseline_option = click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Report only findings that FILE does not have.",
)
write_option = click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all findings into FILE, instead of reporting them; with --baseline, remove from it what is gone.",
)


class Baseline:
    """The baseline of one run. Without a file every finding is reported."""

    def __init__(self, read: Path | None, write: Path | None, overrides: "Overrides", *, diff: bool) -> None:
        """Read the file. Raises UsageError for options that do not go together, InputError for another file."""
        if write and diff:
            raise UsageError("--diff writes nothing", hint="leave out --write-baseline")
        if read and write and read.absolute() != write.absolute():
            hint = f"leave out --baseline to write all findings, or give {read} twice to remove from it what is gone"
            raise UsageError("--baseline and --write-baseline name two files", hint=hint)
        self._read, self._write = read, write
        file = read or write
        self._known = _known(file, overrides, may_be_missing=read is None) if file else None

    def new(self, outcomes: "Iterable[Outcome]") -> "Iterator[Outcome]":
        """Yield outcomes without the findings that are known."""
        for each in outcomes:
            yield replace(each, linted=self._new(each.linted, each.target)) if each.linted else each

    def _new(self, linted: "Linted", target: "Target") -> "Linted":
        """Return what a check found, without the known findings."""
        if self._known is None:
            return linted
        # With faulty settings hardly any rule is applied.
        files = () if linted.faults else linted.sources
        folder = target.path if target.is_folder and not linted.faults else None
        findings = self._known.new(linted.findings, files, folder)
        return replace(linted, findings=tuple(findings) if self._read else ())

    def end(self, console: Console) -> None:
        """Write the file, or say how it differs from what was found."""
        if self._known is None:
            return
        if self._write:
            from toolkit.lint.baseline import write_baseline

            entries = self._known.remaining() if self._read else self._known.all()
            write_baseline(self._write, entries)
            files = len({entry.path for entry in entries})
            console.say(f"wrote {self._write}: {counted(sum(entries.values()), 'finding')} in {counted(files, 'file')}")
            return
        if self._known.known:
            console.say(f"{self._read}: {counted(self._known.known, 'known finding')}, not shown")
        if stale := self._known.stale():
            names = some_of([f"{entry.rule} in {entry.path}" for entry in stale])
            console.say(
                f"{self._read} lists {counted(sum(stale.values()), 'finding')} too many: {names}\n\n"
                f"hint: add --write-baseline {self._read} to remove them"
            )


def _known(file: Path, overrides: "Overrides", *, may_be_missing: bool) -> "Known":
    """Read a baseline. Raises InputError if it is another file, or is missing and has to be there."""
    from toolkit.config.lint import LintSettings, Selector
    from toolkit.lint.baseline import Known, read_baseline
    from toolkit.lint.selection import select

    entries = {} if may_be_missing and not file.exists() else read_baseline(file)
    # Entries about rules that the settings switch off are too many; those about rules that this run leaves out are not.
    every_rule = LintSettings(select=(Selector(text="ALL"),))
    return Known(file.parent, entries, select(every_rule, overrides).is_on)
