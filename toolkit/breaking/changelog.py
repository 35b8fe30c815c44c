"""Write what changed into a changelog in the form of Keep a Changelog 1.1.0."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from toolkit.breaking.change import Change
from toolkit.breaking.comparison import Comparison
from toolkit.errors import InputError, Location
from toolkit.system.atomic import write_text
from toolkit.system.paths import real

_TITLE = "# Changelog\n"
_SECTION = re.compile(r"^## ", re.MULTILINE)
_UNRELEASED = re.compile(r"## \[?unreleased\]?", re.IGNORECASE)


def write_changelog(path: Path, found: Comparison, day: date) -> bool:
    """Add a section for the new version above the others; return False if the file has one already.

    Raises InputError for a contract without version, and for a file that is no text.
    """
    version = found.versions[1]
    if version is None:
        raise InputError(
            "the contract has no version to write into the changelog",
            where=found.where,
            hint="set version in [project], and `comp generate` writes it",
        )
    text = _text(path)
    if re.search(rf"^## \[?{re.escape(str(version))}\]?(?:\s|$)", text, re.MULTILINE):
        return False
    end = "\r\n" if "\r\n" in text else "\n"
    written = end.join((f"## {version} - {day.isoformat()}", "", *_lines(found)))
    place = _place(text)
    # A link stays one.
    write_text(real(path), f"{text[:place].rstrip()}{end}{end}{written}{end}{text[place:]}".rstrip() + end)
    return True


def _text(path: Path) -> str:
    """Return a changelog with its own line ends; the title alone if it is missing. Raises InputError."""
    if not path.exists():
        return _TITLE
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError("not a text file in UTF-8", where=Location(path=path), hint="name another file")
    return text


def _place(text: str) -> int:
    """Return where a section goes: below what is unreleased, above all others, else at the end."""
    for match in _SECTION.finditer(text):
        if not _UNRELEASED.match(text, match.start()):
            return match.start()
    return len(text)


def _lines(found: Comparison) -> Iterator[str]:
    """Yield the headings and items of a section."""
    breaking = [change for change in found.changes if change in found.breaking]
    added = [change for change in found.changes if change.rule.id in {"N401", "N402", "N403", "N404"}]
    others = [change for change in found.changes if change not in breaking and change not in added]
    for heading, changes in (("Breaking", breaking), ("Added", added), ("Changed", others)):
        if changes:
            yield from (f"### {heading}", "", *dict.fromkeys(_item(change) for change in changes), "")


def _item(change: Change) -> str:
    """Return one item of a list."""
    return f"- {change.message[:1].upper()}{change.message[1:]} ({change.rule.id})."
