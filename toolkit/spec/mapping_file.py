"""Read YAML files that users write beside contracts, such as the cases of a component and the inputs of a pipeline."""

from pathlib import Path
from typing import Any

import yaml

from toolkit.errors import InputError, Location
from toolkit.spec.document import compose_all, not_a_contract, read_text


@not_a_contract()
def read_mapping(path: Path, *, hint: str) -> dict[Any, Any]:
    """Return the mapping in a file; `hint` says what to write there.

    Raises InputError, with the place, for a missing or empty file, for invalid YAML, and for a key that occurs twice.
    """
    where = Location(path=path)
    if not path.exists():
        raise InputError("the file is missing", where=where)
    if path.is_dir():
        raise InputError("a folder, expected a YAML file", where=where)
    text = read_text(path)
    # It bounds the document before PyYAML makes values of it.
    nodes = compose_all(text, path)
    if not nodes:
        raise InputError("the file is empty", where=where, hint=hint)
    if len(nodes) > 1:
        raise InputError(f"{len(nodes)} documents, expected one", where=where, hint=hint)
    if not isinstance(nodes[0], yaml.MappingNode):
        raise InputError("not a mapping", where=where, hint=hint)
    _check_keys(nodes[0], path)
    try:
        data: dict[Any, Any] = yaml.safe_load(text)
    except ValueError as error:
        raise InputError(f"a value cannot be read: {error}", where=where, hint="put it in quotes") from None
    return data


def _check_keys(node: yaml.Node, path: Path) -> None:
    """Raise InputError for a key that occurs twice: PyYAML would take the last without a word."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, path)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in seen:
                place = Location(path=path, line=key.start_mark.line + 1, column=key.start_mark.column + 1)
                raise InputError(f"the key {key.value!r} occurs twice", where=place, hint="remove one of them")
            seen.add((key.tag, key.value))
        _check_keys(value, path)
