"""Migrate many contracts together: a type is the same in all of them, or pipelines that join them break."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from toolkit.errors import Finding, FindingsError, InputError
from toolkit.migration.contract import Migrated, migrate
from toolkit.migration.types import Evidence, evidence
from toolkit.spec.document import read_text
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_document
from toolkit.system.atomic import write_text


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one contract; `findings` are the reasons why it cannot be read."""

    path: Path
    migrated: Migrated | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether the contract has another text now."""
        return self.migrated is not None and self.migrated.old.text != self.migrated.new.text

    @property
    def is_done(self) -> bool:
        """Whether nothing is left for a person to do."""
        return self.migrated is not None and not self.migrated.left


def migrate_together(paths: Sequence[Path], *, copy_file_outputs: bool = False) -> Iterator[Outcome]:
    """Yield the outcome of each contract. Nothing is written. Raises InputError if one is missing.

    Each contract is read twice, so that only one of them is in memory at a time.
    """
    known = evidence(_specs(paths)) if len(paths) > 1 else None
    for path in paths:
        try:
            document = parse_document(read_text(path), path)
        except FindingsError as error:
            yield Outcome(path=path, findings=error.findings)
            continue
        around: Evidence = known or evidence([document.spec])
        yield Outcome(path=path, migrated=migrate(document, around, copy_file_outputs=copy_file_outputs))


def write(outcome: Outcome) -> None:
    """Write a migrated contract in the place of the old one.

    Raises InputError if the file is a link, which would be replaced, or has changed since it was read.
    """
    path, migrated = outcome.path, outcome.migrated
    if migrated is None or not outcome.is_changed:
        return
    if path.is_symlink():
        raise InputError(f"{path} is a link, and stays as it is", hint=f"name the file itself: {path.resolve()}")
    if read_text(path) != migrated.old.text:
        raise InputError(f"{path} has changed meanwhile, and stays as it is", hint="run the command again")
    write_text(path, migrated.new.text, mode=path.stat().st_mode & 0o777)


def _specs(paths: Sequence[Path]) -> Iterator[ComponentSpec]:
    """Yield the contracts that can be read."""
    for path in paths:
        try:
            yield parse_document(read_text(path), path).spec
        except FindingsError:
            continue
