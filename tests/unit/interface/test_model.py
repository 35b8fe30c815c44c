"""Values of parameter types."""

import pytest

from toolkit.interface.model import is_value


@pytest.mark.parametrize(
    ("text", "type_", "expected"),
    [
        *(("5", "Integer", True), ("5.0", "Integer", False), ("5", "INTEGER", True)),
        *(("1e3", "Float", True), ("inf", "Float", False), ("x", "Float", False)),
        *(("Yes", "Boolean", True), ("0", "Boolean", True), ("maybe", "Boolean", False)),
        *(
            ("[1]", "JsonArray", True),
            ("{}", "JsonArray", False),
            ("{}", "JsonObject", True),
            ("{", "JsonObject", False),
        ),
        ("[" * 100_000, "JsonArray", False),
        *(("x", "String", True), ("x", "CSV", True)),
    ],
)
def test_a_text_is_a_value(text: str, type_: str, *, expected: bool) -> None:
    assert is_value(text, type_) is expected
