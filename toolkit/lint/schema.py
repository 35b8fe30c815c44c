"""Problems that the JSON schema finds in a contract, beside those that the reader reports."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from toolkit.errors import Finding, FindingsError, Location, Severity
from toolkit.spec.document import Reading, compose
from toolkit.words import shortened

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

# Messages of jsonschema repeat the whole value.
_SHOWN = 160


def against_schema(text: str, path: Path, known: Sequence[Finding]) -> list[Finding]:
    """Return a C003 for each place that breaks the schema, unless a finding in `known` lies in it."""
    if any(finding.rule == "C001" for finding in known):
        # No part of it can be read.
        return []
    try:
        root = compose(text, path)
        # Of nodes of its own: a constructor replaces merge keys by what they name.
        data = yaml.constructor.SafeConstructor().construct_document(compose(text, path))
    # Constructing values fails in many ways: a date without such a day, a number with too many digits.
    except (FindingsError, yaml.YAMLError, ArithmeticError, LookupError, TypeError, ValueError):
        return []
    findings = []
    for error in _validator().iter_errors(data):
        where = Reading(path).at(_node(root, error.absolute_path))
        if not any(_lies_in(finding.where, where) for finding in known):
            what = "/".join(str(part) for part in error.absolute_path) or "the component"
            message = f"{what} does not fit the schema: {shortened(error.message, _SHOWN)}"
            findings.append(Finding(rule="C003", severity=Severity.ERROR, message=message, where=where))
    return findings


@cache
def _validator() -> "Draft202012Validator":
    """Return the validator of contracts, made once: it keeps what references lead to."""
    # jsonschema takes 60 ms to import, and only contracts with errors and graphs need it.
    from jsonschema import Draft202012Validator

    from toolkit.resources import resource

    return Draft202012Validator(json.loads(resource("schemas", "component.schema.json").read_text("utf-8")))


def _node(node: yaml.Node, keys: Iterable[str | int]) -> yaml.Node:
    """Return the node at a path of the data, or the last one on the way to it."""
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
        elif isinstance(node, yaml.MappingNode):
            # The data has the last value of a key that occurs twice.
            node = next((value for name, value in reversed(node.value) if name.value == key), node)
    return node


def _lies_in(inner: Location, outer: Location) -> bool:
    """Return whether one place begins inside another."""
    begin, end = (outer.line or 0, outer.column or 0), (outer.end_line or 0, outer.end_column or 0)
    return begin <= (inner.line or 0, inner.column or 0) <= end
