"""A component with every kind of port, as a function of Python."""

import json
from typing import Any, Literal, NamedTuple

from toolkit.types import Artifact, Dataset, Input, Output


class Values(NamedTuple):
    """What the function returns: its values, and what it saw of the others."""

    text: str
    number: int
    ratio: float
    flag: bool
    items: list[Any]
    table: dict[str, Any]
    seen: str


def everything(  # noqa: PLR0913, PLR0917 (every kind of input)
    text: str,
    number: int,
    ratio: float,
    flag: bool,  # noqa: FBT001 (likewise)
    items: list[Any],
    table: dict[str, Any],
    data: Input[Dataset],
    copy: Output[Dataset],
    tree: Output[Artifact],
    choice: Literal["a", "b"] = "a",
    default: str = "{{workflow.name}} $$",
    note: str | None = None,
    more: Input[Artifact] | None = None,
) -> Values:
    """Pass on every input as an output."""
    import pathlib
    import shutil

    shutil.copyfile(data.path, copy.path)
    copy.metadata["rows"] = data.metadata.get("rows")
    pathlib.Path(tree.path).mkdir()
    pathlib.Path(tree.path, "Ü b").write_text("one")
    pathlib.Path(tree.path, "empty").mkdir()
    # As libraries leave files that they write to a temporary name first.
    pathlib.Path(tree.path, "Ü b").chmod(0o600)
    found = sorted(str(path.relative_to(more.path)) for path in pathlib.Path(more.path).rglob("*")) if more else None
    print("the step says:", text[:40])  # noqa: T201 (the step's log)
    seen = json.dumps([choice, default, note, found])
    return Values(text, number, ratio, flag, items, table, seen)
