"""Conditions of steps: what kfp's compiler writes is understood, everything else is refused with its column."""

from typing import Any

import pytest

from toolkit.errors import InputError
from toolkit.pipelines.conditions import parse_condition, plain_name

X = "inputs.parameter_values['x']"


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        (f"int({X}) > 3", {"x": 4.0}, True),
        (f"int({X}) > 3", {"x": 3}, False),
        (f"{X} == 'a b'", {"x": "a b"}, True),
        (f"'a' != {X}", {"x": "a"}, False),
        (f"{X} == true", {"x": True}, True),
        (f"{X} == true", {"x": 1}, False),
        (f"{X} == 1", {"x": 1.0}, True),
        (f"{X} >= -1.5e1", {"x": -15}, True),
        (f"{X} <= 'b'", {"x": "a"}, True),
        (f"!(int({X}) > 3) && int({X}) == 2", {"x": 2}, True),
        (f"!(int({X}) > 3) && !(int({X}) == 2)", {"x": 2}, False),
        (f"{X} == 1 || {X} == 2 && false", {"x": 1}, True),
        (f"({X} == 1 || {X} == 2) && false", {"x": 1}, False),
        (f"double({X}) < double(2)", {"x": "1.5"}, True),
        (f"string({X}) == 'true'", {"x": True}, True),
        (f"bool({X})", {"x": "no"}, False),
        (f"!!({X} == null)", {"x": None}, True),
        (r"'it\'s' == inputs.parameter_values[" + '"x"]', {"x": "it's"}, True),
        ("true || inputs.parameter_values['missing'] == 1", {}, True),
    ],
)
def test_a_condition_holds(text: str, values: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 (a table)
    assert parse_condition(text).holds(values) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{X} == 'it's'", 'cannot be understood from "s\'" at column'),
        ("__import__('os')", "cannot be understood from \"__import__('os')\" at column 1"),
        (f"{X} ==", "cannot be understood from its end"),
        (f"({X} == 1", "from its end, expected"),
        ("", "cannot be understood from its end"),
        ("inputs.parameters['x'] == 1", "at column 1"),
        ("int(1", "expected"),
        ("1 == 1 == 1", "'== 1' at column 8"),
        ("(" * 100 + "true" + ")" * 100, "nested too deeply"),
        ("!" * 10_000 + "true", "nested too deeply"),
    ],
)
def test_other_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_condition(text)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        (f"{X} == 1", {}, "needs the input 'x', which has no value"),
        (f"{X} < 1", {"x": "a"}, "'a' < 1, which have no order"),
        (f"int({X}) < 1", {"x": "many"}, "needs 'many' as int"),
        (f"bool({X})", {"x": "perhaps"}, "needs 'perhaps' as bool"),
        (f"{X} && true", {"x": 1}, "has 1 where it needs true or false"),
        (X, {"x": 1}, "is 1, expected true or false"),
    ],
)
def test_a_condition_without_a_result_says_why(text: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_condition(text).holds(values)
    assert message in caught.value.message


def test_the_inputs_of_a_condition_are_named_once_in_order() -> None:
    condition = parse_condition(f"inputs.parameter_values['b'] == 1 && {X} == 2 && inputs.parameter_values['b'] != 3")
    assert condition.inputs == ("b", "x")


def test_people_read_the_plain_names_of_inputs() -> None:
    text = "inputs.parameter_values['pipelinechannel--half-output'] > 0.5 &&  !(inputs.parameter_values[\"n\"] == 'x')"
    assert parse_condition(text).readable == "half-output > 0.5 &&  !(n == 'x')"
    assert plain_name("pipelinechannel--n") == "n"
