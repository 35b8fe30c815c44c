"""Tables of the keys of a document, made of its JSON schema."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.resources import resource
from tools.reference_pages.markdown import code, prose

_KINDS = {
    "object": "table",
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
}
# More are named in the text of a page.
_MOST_CHOICES = 6


class SchemaTables:
    """Reads the tables of keys out of a schema; `left_out` are keys whose own keys are not shown."""

    def __init__(self, name: str, *, left_out: frozenset[str] = frozenset()) -> None:
        self.schema: Mapping[str, Any] = json.loads(resource("schemas", name).read_text("utf-8"))
        self._left_out = left_out

    def below(self, title: str, part: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        """Yield a table with a row for each key, and then each table below it."""
        keys = {name: self._resolved(value) for name, value in part.get("properties", {}).items()}
        inside = {name: value for name, value in keys.items() if name not in self._left_out}
        tables = {name: table for name, value in inside.items() if (table := self._table(name, value))}
        yield title, [self._row(name, value, tables.get(name)) for name, value in keys.items()]
        for below, value in tables.values():
            yield from self.below(f"{title}.{below}" if title else below, value)

    def _row(
        self, name: str, value: Mapping[str, Any], below: tuple[str, Mapping[str, Any]] | None
    ) -> tuple[str, str, str]:
        """Return the row of a key."""
        described = prose(value.get("description", ""))
        if below:
            described = f"{described} See below.".strip()
        return code(name), self._kind(value), described

    def _table(self, name: str, value: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
        """Return the title and the schema of a table with keys of its own; None for any other value."""
        if value.get("properties"):
            return name, value
        more = value.get("additionalProperties")
        if isinstance(more, Mapping) and (inner := self._resolved(more)).get("properties"):
            return f"{name}.NAME", inner
        if "items" in value and (inner := self._resolved(value["items"])).get("properties"):
            return f"{name}[]", inner
        return None

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a part of the schema with what it refers to; its own words win."""
        if "$ref" not in value:
            return value
        found: Any = self.schema
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return {**self._resolved(found), **{key: each for key, each in value.items() if key != "$ref"}}

    def _kind(self, part: Mapping[str, Any]) -> str:
        """Return the form of a value in a few words."""
        value = self._resolved(part)
        choices = [value["const"]] if "const" in value else value.get("enum", [])
        if 0 < len(choices) <= _MOST_CHOICES:
            return " or ".join(code(json.dumps(choice)) for choice in choices)
        if either := value.get("oneOf") or value.get("anyOf"):
            return " or ".join(dict.fromkeys(self._kind(each) for each in either))
        kinds = value.get("type", "string" if choices else [])
        names = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
        if names == ["array"]:
            return f"list of {self._kind(value.get('items', {})).replace(' or ', 's or ')}s"
        return " or ".join(dict.fromkeys(_KINDS[kind] for kind in names)) or "anything"
