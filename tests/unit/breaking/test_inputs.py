import pytest

from tests.versions_of_contracts import compared, contract, rules
from toolkit.breaking.change import Category

CHANGES = [
    ("{name: a}", "", ["B101"]),
    ("{name: rate, type: Float}", "{name: learning_rate, type: Float}", ["B102"]),
    ("{name: a, type: Float}, {name: b}", "{name: z, type: Float}, {name: b}", ["B102"]),
    ("{name: Learning rate}", "{name: learning_rate}", ["B103"]),
    ("", "{name: a}", ["B104"]),
    ("{name: a, default: '1'}", "{name: a}", ["B105"]),
    ("{name: a, optional: true}", "{name: a}", ["B105"]),
    ("{name: a, default: '1'}", "{name: a, default: '2'}", ["B106"]),
    ("{name: a, optional: true}", "{name: a, optional: true, default: '2'}", ["B106"]),
    ("{name: a, optional: true, default: '2'}", "{name: a, optional: true}", ["B107"]),
    ("{name: a, type: Float}", "{name: a, type: Integer}", ["B108"]),
    ("{name: a, type: Dataset}", "{name: a, type: Model}", ["B108"]),
    ("{name: a, type: Artifact}", "{name: a, type: Model}", ["B109"]),
    ("{name: a, type: CSV}", "{name: a, type: Model}", ["B109"]),
    ("{name: a, type: Model}", "{name: a, type: Artifact}", ["B110"]),
    ("{name: a, type: String}", "{name: a, type: Model}", ["B111"]),
    ("{name: a, type: CSV}", "{name: a, type: Table}", ["B116"]),
    ("{name: a, type: String}", "{name: a, type: str}", ["B116"]),
    ("{name: a}, {name: b}", "{name: b}, {name: a}", ["B113"]),
    ("{name: a}, {name: b, optional: true}", "{name: b, optional: true}, {name: a}", ["N504"]),
    ("{name: a}", "{name: a}, {name: b, optional: true}", ["N401"]),
    ("{name: a}", "{name: a, default: '1'}", ["N403"]),
    ("{name: a}", "{name: a, description: The first}", ["N503"]),
    ("{name: a, annotations: {choices: [x, y]}}", "{name: a, annotations: {choices: [x]}}", ["B114"]),
    ("{name: a}", "{name: a, annotations: {choices: [x]}}", ["B114"]),
    ("{name: a, annotations: {choices: [x]}}", "{name: a, annotations: {choices: [x, y]}}", ["N404"]),
    ("{name: a, annotations: {choices: [x]}}", "{name: a}", ["N404"]),
    ("{name: a, type: Model}", "{name: a, type: Model, annotations: {list: true}}", ["B115"]),
    # KFP passes it, whatever the caller writes.
    ("{name: s, type: PipelineTaskFinalStatus}", "", ["N504"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_a_change_has_one_rule(old: str, new: str, expected: list[str]) -> None:
    assert rules(contract(old), contract(new)) == expected


def test_every_change_says_where() -> None:
    (change,) = compared(contract("{name: a, type: Float}"), contract("{name: a, type: Model}")).changes
    assert change.message == "the type of 'a' was Float and is Model now"
    assert (str(change.where.path), change.where.line, change.where.column) == ("new", 2, 26)
    assert change.before is not None
    assert str(change.before.path) == "old"


def test_a_deprecated_input_that_is_gone_says_so() -> None:
    old = contract("{name: a, annotations: {deprecated: use b instead}}")
    (change, *_) = compared(old, contract()).changes
    assert (change.rule.id, change.help) == ("B101", "it was deprecated: use b instead")
    assert compared(contract("{name: a}"), contract()).changes[0].help == ""
    (change,) = compared(contract("{name: a}"), old).changes
    assert (change.rule.id, change.message) == ("N503", "the input 'a' is deprecated now: use b instead")


def test_an_input_may_come_otherwise() -> None:
    (change, _) = compared(
        contract("{name: a, type: CSV}", args="{inputPath: a}"), contract("{name: a, type: CSV}", args="{inputUri: a}")
    ).changes[::-1]
    assert (change.rule.id, change.message) == ("B112", "'a' was passed as a path, and is passed as a URI now")


def test_two_renames_keep_their_partners() -> None:
    found = compared(
        contract("{name: train_table}, {name: test_table}"), contract("{name: test_data}, {name: train_data}")
    ).changes
    assert [change.message for change in found if change.rule.id == "B102"] == [
        "the input 'train_table' is called 'train_data' now",
        "the input 'test_table' is called 'test_data' now",
    ]


def test_the_order_counts_in_strict_alone() -> None:
    old, new = contract("{name: a}, {name: b}"), contract("{name: b}, {name: a}")
    assert [change.rule.id for change in compared(old, new).breaking] == []
    assert [change.rule.id for change in compared(old, new, Category.STRICT).breaking] == ["B113"]
