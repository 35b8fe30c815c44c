import json

import pytest

from toolkit.resources import resource


def test_schemas_and_templates_are_found() -> None:
    assert json.loads(resource("schemas", "component.schema.json").read_text("utf-8"))["$schema"]
    assert resource("templates").is_dir()


def test_a_damaged_installation_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"schemas/gone\.json is missing from this installation"):
        resource("schemas", "gone.json")
