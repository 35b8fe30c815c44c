"""Explanations: the parts of a docstring."""

from collections.abc import Callable

import pytest

from toolkit.breaking.rules import CHANGES
from toolkit.errors import Severity
from toolkit.lint.rule import Rule, RuleCategory
from tools.rule_pages.explanation import read_explanation

DOCSTRING = """Report it.

    Because of **this**.

    Wrong:
        args: [a]

    Right:
        args:
        - b
    """


@pytest.fixture
def rule() -> Callable[[str, str], Rule]:
    """Return a maker of rules with an id and an explanation."""
    return lambda id_, text: Rule(
        id=id_, name="n", severity=Severity.ERROR, category=RuleCategory.NAMES, summary="S.", explanation=text
    )


def test_a_docstring_has_a_text_and_an_example(rule: Callable[[str, str], Rule]) -> None:
    explanation = read_explanation(rule("C010", DOCSTRING))
    assert explanation.text == "Because of **this**."
    assert explanation.wrong.files["component.yaml"].endswith("    args: [a]\n")
    assert explanation.right
    assert explanation.right.files["component.yaml"].endswith("    args:\n    - b\n")


def test_the_command_fits_the_rule(rule: Callable[[str, str], Rule]) -> None:
    commands = {id_: read_explanation(rule(id_, DOCSTRING)).wrong.command for id_ in ("C010", "F005", "B101")}
    assert commands == {
        "C010": "lint component.yaml",
        "F005": "inspect-function train.py:train",
        "B101": "breaking component.yaml --against before.yaml",
    }
    strict = CHANGES["B110"]
    assert read_explanation(strict).wrong.command == (
        "-v breaking component.yaml --against before.yaml --category strict"
    )


def test_what_breaks_nothing_has_nothing_to_fix() -> None:
    assert read_explanation(CHANGES["N501"]).right is None


def test_a_change_has_an_earlier_version(rule: Callable[[str, str], Rule]) -> None:
    text = DOCSTRING.removeprefix("Report it.").replace("Wrong:", "Before:\n        args: [c]\n\n    Wrong:")
    wrong = read_explanation(rule("B101", text)).wrong
    assert wrong.files["before.yaml"].endswith("args: [c]\n")
    assert wrong.files["component.yaml"].endswith("args: [a]\n")


@pytest.mark.parametrize(("removed", "missing"), [("Right:", "Right"), ("Because of **this**.", "text")])
def test_a_missing_part_is_named(rule: Callable[[str, str], Rule], removed: str, missing: str) -> None:
    with pytest.raises(ValueError, match=f"C010: the explanation has no {missing}"):
        read_explanation(rule("C010", DOCSTRING.replace(removed, "")))
