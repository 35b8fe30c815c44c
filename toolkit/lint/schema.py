"""A second opinion on contracts that cannot be read: what the JSON schema says where the reader said nothing."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from toolkit.errors import Location
from toolkit.findings import Finding, FindingsError, Severity
from toolkit.spec.document import Reading, compose


def against_schema(text: str, path: Path, known: Sequence[Finding]) -> list[Finding]:
    """Give a C003 for each place of a contract that breaks the schema and that no finding in `known` lies in."""
    try:
        root = compose(text, path)
        data = yaml.safe_load(text)
    except (FindingsError, yaml.YAMLError, ArithmeticError, LookupError, TypeError, ValueError):
        return []
    # jsonschema takes 60 ms to import, and only a contract with errors needs it.
    from jsonschema import Draft202012Validator

    from toolkit.resources import resource

    schema = json.loads(resource("schemas", "component.schema.json").read_text("utf-8"))
    found = []
    for error in Draft202012Validator(schema).iter_errors(data):
        where = Reading(path).at(_node(root, error.absolute_path))
        if not any(_lies_in(finding.where, where) for finding in known):
            what = "/".join(str(part) for part in error.absolute_path) or "the component"
            message = f"{what} does not fit the schema: {_shortened(error.message)}"
            found.append(Finding(rule="C003", severity=Severity.ERROR, message=message, where=where))
    return found


def _node(node: yaml.Node, keys: Iterable[str | int]) -> yaml.Node:
    """Follow a path of the data through the nodes, as far as it goes."""
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
        elif isinstance(node, yaml.MappingNode):
            # Of a key that is there twice the data has the last.
            node = next((value for name, value in reversed(node.value) if name.value == key), node)
    return node


def _lies_in(inner: Location, outer: Location) -> bool:
    begin, end = (outer.line or 0, outer.column or 0), (outer.end_line or 0, outer.end_column or 0)
    return begin <= (inner.line or 0, inner.column or 0) <= end


def _shortened(message: str) -> str:
    longest = 160
    return message if len(message) <= longest else f"{message[: longest - 1]}…"
