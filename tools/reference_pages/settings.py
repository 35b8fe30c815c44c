"""The page of the settings in pyproject.toml, made of their schema."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.resources import resource
from tools.reference_pages.markdown import code, prose, table

_MADE = "<!-- Made by `make reference` from schemas/comp-config.schema.json. -->"
_HEAD = """\
Settings of a component stand in `[tool.comp]` of its `pyproject.toml`. Name, version, description, `requires-python`
and dependencies are those of the standard table `[project]`. A setting is taken from the first place that has it: the
command line, [a `COMP_…` variable](../environment.md), the component, `[tool.comp.defaults]` of a `pyproject.toml`
above it, the default. An unknown key is an error.

`comp schema pyproject` prints the schema for editors. [What a component needs](../settings.md) says what the
tables are for."""
_KINDS = {"object": "table", "string": "text", "integer": "number", "number": "number", "boolean": "true or false"}


def settings_page() -> str:
    """Return the page."""
    schema = json.loads(resource("schemas", "comp-config.schema.json").read_text("utf-8"))
    parts = [_MADE, "# Settings in pyproject.toml", _HEAD]
    for title, keys in _Tables(schema).below("tool.comp", schema):
        parts += [f"## [{title}]", table(("key", "value", "meaning"), keys)]
    return "\n\n".join(parts) + "\n"


class _Tables:
    """Reads the tables of settings out of their schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def below(self, title: str, part: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        """Yield a table with a row for each key, and then each table below it."""
        keys = {name: self._resolved(value) for name, value in part.get("properties", {}).items()}
        tables = {name: table for name, value in keys.items() if (table := self._table(name, value))}
        yield title, [self._row(name, value, tables.get(name)) for name, value in keys.items()]
        for name, (below, value) in tables.items():
            # The defaults take the same keys as a component.
            if name != "defaults":
                yield from self.below(f"{title}.{below}", value)

    def _row(
        self, name: str, value: Mapping[str, Any], below: tuple[str, Mapping[str, Any]] | None
    ) -> tuple[str, str, str]:
        """Return the row of a key."""
        described = prose(value.get("description", ""))
        if below and name != "defaults":
            described = f"{described} See below.".strip()
        return code(name), self._kind(value), described

    def _table(self, name: str, value: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
        """Return the title and the schema of a table with keys of its own; None for any other value."""
        if value.get("properties"):
            return name, value
        more = value.get("additionalProperties")
        if isinstance(more, Mapping) and (inner := self._resolved(more)).get("properties"):
            return f"{name}.NAME", inner
        return None

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a part of the schema with what it refers to; its own words win."""
        if "$ref" not in value:
            return value
        found: Any = self._schema
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return {**self._resolved(found), **{key: each for key, each in value.items() if key != "$ref"}}

    def _kind(self, part: Mapping[str, Any]) -> str:
        """Return the form of a value in a few words."""
        value = self._resolved(part)
        if choices := value.get("enum"):
            return " or ".join(code(json.dumps(choice)) for choice in choices)
        if either := value.get("oneOf") or value.get("anyOf"):
            return " or ".join(dict.fromkeys(self._kind(each) for each in either))
        if value.get("type") == "array":
            return f"list of {self._kind(value.get('items', {}))}s"
        kinds = value.get("type", "object")
        return " or ".join(_KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
