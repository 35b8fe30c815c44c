"""Values of a local run: their texts, their types, and constants with placeholders."""

from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import InputError
from toolkit.pipelines.values import (
    Artifact,
    Gathered,
    Parameter,
    artifacts_of,
    command_text,
    filled,
    gathered,
    member_of,
    parameter,
    parse_value,
    plain_value,
)

DATA = Artifact(path=Path("/x"), schema="system.Dataset", digest="sha256:0")


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (3.5, "3.5"), (True, "true"), ("3.0", "3.0"), (None, "null"), ([1.0, "ä"], '[1, "ä"]'), ("", "")],
)
def test_a_value_has_the_text_of_kfps_launcher(value: Any, text: str) -> None:  # noqa: ANN401 (any JSON value)
    assert command_text(parameter(value).value) == text


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("5", "Integer", 5),
        ("5.0", "Integer", 5),
        ("90071992547409931", "Integer", 90071992547409931),
        (" -5\n", "Integer", -5),
        ("2.5", "Float", 2.5),
        ("True", "Boolean", True),
        ("no", "Boolean", False),
        ("[1.0]", "JsonArray", [1]),
        ('{"a": 1}', "JsonObject", {"a": 1}),
        ("5", "String", "5"),
        ("x", "Something", "x"),
    ],
)
def test_a_text_is_read_by_its_type(text: str, type_: str, value: Any) -> None:  # noqa: ANN401 (any JSON value)
    assert parse_value(text, type_) == value


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("x", "Integer"),
        ("1.5", "Integer"),
        ("", "Float"),
        ("{", "JsonObject"),
        ("perhaps", "Boolean"),
        ("", "Boolean"),
    ],
)
def test_a_text_of_another_type_is_refused(text: str, type_: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_value(text, type_)


def test_members_are_found_in_objects_and_in_their_texts() -> None:
    value = Parameter(value={"a": '{"b": [1]}'})
    assert member_of(value, ("a", "b")) == Parameter(value=[1])
    assert member_of(DATA, ()) is DATA
    for broken in (("c",), ("a", "c"), ("a", "b", "c")):
        with pytest.raises(InputError, match="a step takes the member"):
            member_of(value, broken)


def test_a_loop_in_a_loop_gives_one_list() -> None:
    inner = gathered(iter([Parameter(value=1), Parameter(value=2)]))
    assert plain_value(gathered(iter([inner, Parameter(value=3)]))) == [1, 2, 3]


def test_artifacts_and_values_are_not_mixed_up() -> None:
    assert artifacts_of(Gathered(items=(DATA, DATA))) == (DATA, DATA)
    with pytest.raises(InputError, match="where an artifact is expected"):
        artifacts_of(Parameter(value=1))
    with pytest.raises(InputError, match="where a value is expected"):
        plain_value(DATA)


def test_placeholders_of_others_stay() -> None:
    text = "{{$.inputs.parameters['other']}} {{workflow.name}} {{$}} {{$.inputs.artifacts['x'].path}}"
    assert filled(text, {"x": Parameter(value=1)}, {}) == text
    assert filled('{{$.inputs.parameters["x"]}}', {"x": Parameter(value=1.5)}, {}) == "1.5"
