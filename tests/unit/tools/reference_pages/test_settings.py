"""The page of the settings names every key of the schema."""

import json
from collections.abc import Iterator

from toolkit.resources import resource
from tools.reference_pages.settings import settings_page


def _keys(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        properties = part.get("properties")
        yield from properties if isinstance(properties, dict) else ()
        for value in part.values():
            yield from _keys(value)


def test_every_key_of_the_schema_is_a_row() -> None:
    page = settings_page()
    schema = json.loads(resource("schemas", "comp-config.schema.json").read_text("utf-8"))
    del schema["$defs"]
    assert [key for key in _keys(schema) if f"\n| `{key}` | " not in page] == []


def test_a_row_says_the_form_of_a_value_and_what_it_is_for() -> None:
    page = settings_page()
    assert "| `platforms` | list of texts | Platforms such as linux/amd64; several make an image index. |" in page
    assert '| `lock` | `"requirements.lock"` or `"pylock.toml"` | ' in page
    assert "\n## [tool.comp.components.NAME.resources.requests]\n" in page
