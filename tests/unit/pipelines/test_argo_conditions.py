"""Conditions as Argo's expressions."""

import pytest

from toolkit.errors import InputError
from toolkit.pipelines.argo_conditions import expression_of
from toolkit.pipelines.conditions import parse_condition

TYPES = {"n": "Integer", "f": "Float", "yes": "Boolean", "s": "String"}


def written(text: str) -> str:
    text = text.replace("$", "inputs.parameter_values")
    return expression_of(parse_condition(text).expression, lambda name: (f"p.{name}", TYPES[name]))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("$['s'] == 'a'", '(p.s == "a")'),
        # Programs write numbers as they like: 5 and 5.0 are the same.
        ("int($['n']) > 5", "(float(float(p.n)) > 5)"),
        ("$['f'] <= 0.5", "(float(p.f) <= 0.5)"),
        ("string($['s']) != 'x'", '(string(p.s) != "x")'),
        ("!($['s'] == 'a' && $['n'] == 1 || true)", 'not ((((p.s == "a") && (float(p.n) == 1)) || true))'),
        # These would end the expression.
        ("$['s'] == '{{x}}'", '(p.s == "\\u007b\\u007bx\\u007d\\u007d")'),
    ],
)
def test_a_condition_is_an_expression(text: str, expression: str) -> None:
    assert written(text) == expression


def test_a_boolean_is_any_word_for_true() -> None:
    assert written("$['yes'] == true").startswith("((lower(p.yes) in [")
    assert '"true"' in written("$['yes'] == true")


def test_null_is_refused() -> None:
    with pytest.raises(InputError, match="compares with null"):
        written("$['s'] == null")
