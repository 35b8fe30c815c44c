"""Contracts in a few words, for tests that compare an old version with a new one."""

from pathlib import Path

from toolkit.breaking.change import Category
from toolkit.breaking.comparison import Comparison, compare
from toolkit.spec.reader import ComponentDocument, parse_document


def contract(
    inputs: str = "", outputs: str = "", *, args: str = "", name: str = "Train", version: str = "", more: str = ""
) -> str:
    """Return a contract's text; ports are flow mappings without the outer brackets."""
    metadata = f"metadata:\n  annotations:\n    version: {version!r}\n" if version else ""
    return (
        f"name: {name}\n{more}{metadata}"
        + (f"inputs: [{inputs}]\n" if inputs else "")
        + (f"outputs: [{outputs}]\n" if outputs else "")
        + f"implementation: {{container: {{image: i, command: [c], args: [{args}]}}}}\n"
    )


def document(text: str, path: str = "component.yaml") -> ComponentDocument:
    """Parse a contract."""
    return parse_document(text, Path(path))


def compared(old: str, new: str, category: Category = Category.PIPELINE) -> Comparison:
    """Compare two contracts' texts."""
    return compare(document(old, "old"), document(new, "new"), category=category)


def rules(old: str, new: str, category: Category = Category.PIPELINE) -> list[str]:
    """Return the rules of what changed, those of the command line aside."""
    return [change.rule.id for change in compared(old, new, category).changes if change.rule.id != "N502"]
