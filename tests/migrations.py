"""Contracts of KFP 1.8, migrated from texts."""

from pathlib import Path

from toolkit.migration.contract import Migrated, migrate
from toolkit.migration.types import evidence
from toolkit.spec.reader import parse_document

PATH = Path("sum/component.yaml")


def contract(inputs: str = "[]", args: str = "[]", *, outputs: str = "[]", more: str = "", head: str = "") -> str:
    """Return a contract's text in flow style; `more` goes into the container."""
    return (
        f"{head or 'name: Sum'}\ninputs: {inputs}\noutputs: {outputs}\n"
        f"implementation: {{container: {{image: 'a/b:1', command: [run], args: {args}{more}}}}}\n"
    )


def migrated(text: str, *around: str, copy_file_outputs: bool = False) -> Migrated:
    """Return a migrated contract; `around` are other contracts of its collection."""
    document = parse_document(text, PATH)
    known = evidence([document.spec, *(parse_document(other, PATH).spec for other in around)])
    result = migrate(document, known, copy_file_outputs=copy_file_outputs)
    again = migrate(result.new, known, copy_file_outputs=copy_file_outputs)
    assert again.made == ()
    assert again.new.text == result.new.text
    return result


def made(text: str, *around: str) -> tuple[str, list[str]]:
    """Return a migrated contract's text, and the kinds of the changes."""
    result = migrated(text, *around)
    return result.new.text, [each.kind for each in result.made]


def left(text: str) -> list[tuple[str, int | None, str]]:
    """Return the kinds, lines and reasons of what is left to do by hand; nothing may be changed."""
    result = migrated(text)
    assert result.new.text == text
    assert result.made == ()
    assert result.comparison is None
    return [(each.kind, each.where.line, each.why) for each in result.left]
