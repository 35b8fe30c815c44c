"""Conditions."""

import pytest

from tests.contracts import BRANCH, A, Case, contract, lacking, texts_found

CASES: tuple[Case, ...] = (
    ("C025", contract(A, "{concat: [x, " + BRANCH("[{inputValue: a}]") + "]}"), ["[{inputValue: a}]"]),
    ("C025", contract(A, "{concat: [x, " + BRANCH("{inputValue: a}") + "]}"), []),
    ("C025", contract(A, BRANCH("[x, y]")), []),
    ("C026", contract(A, "{if: {cond: {inputValue: a}, then: [x]}}"), ["{inputValue: a}"]),
    ("C026", contract(A, "{if: {cond: true, then: [x]}}, {if: {cond: 'yes', then: [x]}}"), ["true", "'yes'"]),
    ("C026", contract(A, BRANCH("[x]")), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.conditions") == set()
