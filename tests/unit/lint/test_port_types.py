"""Types of inputs and outputs."""

import pytest

from tests.contracts import Case, contract, lacking, texts_found

CASES: tuple[Case, ...] = (
    ("C030", contract("{name: a, type: Strng}", outputs="{name: b, type: Modle}"), ["Strng", "Modle"]),
    ("C030", contract("{name: a, type: CSV}, {name: b, type: int}, {name: c}, {name: d, type: {X: 1}}"), []),
    ("C032", contract("{name: a, type: Integer}", "{inputPath: a}"), ["{inputPath: a}"]),
    ("C032", contract("{name: a, type: Dataset}, {name: b}", "{inputValue: a}, {inputUri: b}"), ["{inputValue: a}"]),
    ("C032", contract("{name: a}", "{inputValue: a}"), ["{inputValue: a}"]),
    ("C032", contract("{name: a, type: Integer}, {name: b, type: CSV}", "{inputValue: a}, {inputPath: b}"), []),
    (
        "C032",
        contract(
            "{name: a, type: 'typing.List[str]'}, {name: b, type: 'Dict[str, int]'}", "{inputValue: a}, {inputValue: b}"
        ),
        [],
    ),
    ("C032", contract("{name: a, type: 'typing.List[str]'}", "{inputPath: a}"), ["{inputPath: a}"]),
    ("C032", contract("{name: a, type: 'typing.Optional[str]'}", "{inputValue: a}"), ["{inputValue: a}"]),
    ("C033", contract("{name: a, type: {}}", outputs="{name: b, type: []}"), ["{}", "[]"]),
    ("C033", contract("{name: a, type: {A: 1}}, {name: b}"), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.port_types") == set()
