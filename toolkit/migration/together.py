"""Migrate many contracts together: a type is the same in all of them, or pipelines that join them break."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from toolkit.errors import Finding, FindingsError, InputError, Location, OutsideError, Severity
from toolkit.limits import CONTRACT_SIZE
from toolkit.migration.contract import Migrated, migrate
from toolkit.migration.functions import MigratedModule, Source, migrate_module
from toolkit.migration.types import evidence
from toolkit.spec.document import read_text
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_document
from toolkit.system.atomic import replace_text
from toolkit.system.reading import read_foreign

_MODULE = ".py"


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one contract or module; `findings` are the reasons why it cannot be read."""

    path: Path
    migrated: Migrated | MigratedModule | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether the file has another text now."""
        return self.migrated is not None and self.migrated.old.text != self.migrated.new.text

    @property
    def is_done(self) -> bool:
        """Whether nothing is left for a person to do."""
        return self.migrated is not None and not self.migrated.left


def migrate_together(
    paths: Sequence[Path], environ: Mapping[str, str], *, copy_file_outputs: bool = False
) -> Iterator[Outcome]:
    """Yield the outcome of each contract, and of each module of Python. Nothing is written.

    Each contract is read twice, so that only one of them is in memory at a time. Raises InputError for a missing file.
    """
    known = evidence(_specs(paths)) if len(paths) > 1 else None
    for path in paths:
        try:
            if path.suffix == _MODULE:
                found = migrate_module(Source(path=path, text=_text(path)), environ)
                yield Outcome(path=path, migrated=found)
                continue
            document = parse_document(read_text(path), path)
        except FindingsError as error:
            yield Outcome(path=path, findings=error.findings)
            continue
        around = known or evidence([document.spec])
        yield Outcome(path=path, migrated=migrate(document, around, copy_file_outputs=copy_file_outputs))


def write(outcome: Outcome) -> None:
    """Write a migrated file in the place of the old one.

    Raises InputError if the file is a link, which may lead out of the folder that was named, or has changed since it
    was read, and OutsideError if it cannot be written.
    """
    path, migrated = outcome.path, outcome.migrated
    if migrated is None or not outcome.is_changed:
        return
    if path.is_symlink():
        raise InputError(f"{path} is a link, and stays as it is", hint=f"name the file itself: {path.resolve()}")
    replace_text(path, migrated.old.text, migrated.new.text, CONTRACT_SIZE)


def _specs(paths: Sequence[Path]) -> Iterator[ComponentSpec]:
    """Yield the contracts that can be read."""
    for path in paths:
        if path.suffix != _MODULE:
            with suppress(FindingsError):
                yield parse_document(read_text(path), path).spec


def _text(path: Path) -> str:
    """Return the text of a file with its own line ends. Raises FindingsError unless it is UTF-8, and not too large."""
    if path.suffix != _MODULE:
        return read_text(path)
    try:
        return read_foreign(path, CONTRACT_SIZE).decode()
    except FileNotFoundError:
        raise InputError("the file is missing", where=Location(path=path)) from None
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, InputError) as error:
        message = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.message
        finding = Finding(rule="F001", severity=Severity.ERROR, message=message, where=Location(path=path))
        raise FindingsError((finding,)) from None
