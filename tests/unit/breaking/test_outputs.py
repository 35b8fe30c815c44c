import pytest

from tests.versions_of_contracts import compared, contract, rules

CHANGES = [
    ("{name: a}, {name: b}", "{name: a}", ["B201"]),
    ("{name: model, type: Model}", "{name: classifier, type: Model}", ["B202"]),
    ("{name: The model}", "{name: the_model}", ["B103"]),
    ("{name: a, type: Float}", "{name: a, type: Integer}", ["B203"]),
    ("{name: a, type: Artifact}", "{name: a, type: Model}", ["B203"]),
    ("{name: a, type: Model}", "{name: a, type: Artifact}", ["B204"]),
    ("{name: a, type: Float}", "{name: a, type: Metrics}", ["B205"]),
    ("{name: a, type: Model}", "{name: a, type: Model, annotations: {list: true}}", ["B206"]),
    ("{name: a, type: CSV}", "{name: a, type: Table}", ["B116"]),
    ("", "{name: a}", ["N402"]),
    ("{name: a}, {name: b}", "{name: a}, {name: b}, {name: c}", ["N402"]),
    ("{name: a}", "{name: a}, {name: b}", ["N402", "B207"]),
    ("{name: a}", "{name: a, description: The first}", ["N503"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_a_change_has_one_rule(old: str, new: str, expected: list[str]) -> None:
    assert rules(contract(outputs=old), contract(outputs=new)) == expected


def test_callers_of_the_only_output_learn_its_name() -> None:
    found = compared(contract(outputs="{name: The model}"), contract(outputs="{name: the_model}, {name: b}"))
    (change,) = (change for change in found.changes if change.rule.id == "B207")
    assert change.help == "callers write task.outputs['the_model']"
