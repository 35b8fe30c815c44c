"""Findings that are known: a baseline file has them, so that only new ones are reported.

The file has how many findings each contract has of a rule and a message. So a finding stays known when its line moves,
and a second one of the same kind in one contract is new.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from toolkit.errors import Finding, InputError, Location
from toolkit.limits import BASELINE_SIZE
from toolkit.lint.fingerprint import identity, posix
from toolkit.lint.rules import RULES
from toolkit.system.atomic import replacing
from toolkit.system.os_errors import cannot
from toolkit.system.reading import read_foreign

_VERSION: Literal[1] = 1
# More findings than any file has bytes.
_MOST = 10**9
# Findings about a component's folder: one contract alone does not have them.
_OF_FOLDERS = ("C098", "C099", "V605", "F", "P", "S")


class Entry(Struct, frozen=True, order=True):
    """Findings that count as the same: the path from the baseline's folder, the rule, the message."""

    path: str
    rule: str
    message: str


class _Stored(Struct, forbid_unknown_fields=True):
    """The file: `findings` are numbers by path, rule and message."""

    version: Literal[1]
    findings: dict[str, dict[str, dict[str, Annotated[int, Meta(ge=1, le=_MOST)]]]]
    schema: str = field(name="$schema", default="")


def read_baseline(path: Path) -> dict[Entry, int]:
    """Return the entries of a file, with how many findings each stands for.

    Raises InputError if the file is missing or is not a baseline.
    """
    try:
        stored = msgspec.json.decode(read_foreign(path, BASELINE_SIZE), type=_Stored)
    except FileNotFoundError:
        hint = f"`comp lint … --write-baseline {path}` writes it"
        raise InputError("the baseline is missing", where=Location(path=path), hint=hint) from None
    except OSError as error:
        raise cannot(f"cannot read {path}", error) from error
    # A text that is not UTF-8 is a ValueError, and deep nesting a RecursionError.
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        hint = "name a file that `comp lint --write-baseline` wrote"
        raise InputError(f"not a baseline of comp lint: {error}", where=Location(path=path), hint=hint) from None
    return {
        Entry(where, rule, message): count
        for where, rules in stored.findings.items()
        for rule, messages in rules.items()
        for message, count in messages.items()
    }


def write_baseline(path: Path, entries: Mapping[Entry, int]) -> None:
    """Write a baseline file, whose bytes depend on its entries alone. Raises OutsideError."""
    findings: dict[str, dict[str, dict[str, int]]] = {}
    for entry, count in sorted(entries.items()):
        findings.setdefault(entry.path, {}).setdefault(entry.rule, {})[entry.message] = count
    document = {"version": _VERSION, "findings": findings}
    with replacing(path) as stream:
        stream.write(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")


class Known:
    """The findings of one run, as the entries of a baseline know them; `folder` is that of the baseline.

    Entries are stale only if this run looked for what they stand for. `is_on` says whether a rule is applied.
    """

    def __init__(self, folder: Path, entries: Mapping[Entry, int], is_on: Callable[[str], bool]) -> None:
        self._root = Path(os.path.realpath(folder))
        self._entries, self._is_on = entries, is_on
        self._found: Counter[Entry] = Counter()
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def new(self, findings: Sequence[Finding], files: Iterable[Path], folder: Path | None = None) -> list[Finding]:
        """Return the findings that are not known, of the check of some files and perhaps of a component's folder."""
        # Where something cannot be read, other rules are not applied.
        unread = {finding.where.path for finding in findings if finding.rule in RULES and RULES[finding.rule].fixed}
        self._files.update(self._named(file) for file in files if file not in unread)
        if folder and not unread:
            self._folders.add(self._named(folder))
        new = []
        for finding in findings:
            entry = Entry(self._named(finding.where.path), *identity(finding))
            self._found[entry] += 1
            if self._found[entry] > self._entries.get(entry, 0):
                new.append(finding)
        return new

    @property
    def known(self) -> int:
        """How many findings were known."""
        return sum(min(count, self._entries.get(entry, 0)) for entry, count in self._found.items())

    def stale(self) -> dict[Entry, int]:
        """Return the entries that stand for more than was found, with how many that is."""
        return {
            entry: count - self._found[entry]
            for entry, count in self._entries.items()
            if self._found[entry] < count and self._is_checked(entry)
        }

    def remaining(self) -> dict[Entry, int]:
        """Return the entries without those that are stale."""
        stale = self.stale()
        left = {entry: count - stale.get(entry, 0) for entry, count in self._entries.items()}
        return {entry: count for entry, count in left.items() if count}

    def all(self) -> dict[Entry, int]:
        """Return what was found, and the entries about what was not looked for."""
        return self.remaining() | self._found

    def _is_checked(self, entry: Entry) -> bool:
        """Whether this run would have found what an entry stands for. What is gone has no findings any more."""
        if not self._is_on(entry.rule):
            return False
        place = Path(entry.path)
        if not entry.rule.startswith(_OF_FOLDERS):
            return entry.path in self._files or not (self._root / place).exists()
        component = next((folder for folder in place.parents if self._is_component(folder)), None)
        return str(component) in self._folders or not (self._root / place.parent).exists()

    def _is_component(self, folder: Path) -> bool:
        """Whether a folder was checked, or has settings of its own, so that it belongs to none above it."""
        return str(folder) in self._folders or (self._root / folder / "pyproject.toml").exists()

    def _named(self, path: Path) -> str:
        """Return a path as the baseline has it: from the folder of the baseline."""
        place = Path(os.path.realpath(path.parent)) / path.name
        return posix(Path(os.path.relpath(place, self._root)))
