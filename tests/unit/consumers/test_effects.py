from pathlib import Path

import pytest

from tests.versions_of_contracts import contract, document
from toolkit.consumers.effects import effects
from toolkit.consumers.use import Named, Passed, Taken, Use
from toolkit.errors import Location

HERE = Location(path=Path("weekly.py"), line=1, column=1)


def _use(*passed: str, taken: tuple[str, ...] = (), **values: object) -> Use:
    """Return a use that passes inputs by name, some as constants, and takes outputs."""
    given = [Passed(where=HERE, name=name) for name in passed]
    given += [Passed(where=HERE, name=name, value=value) for name, value in values.items()]  # type: ignore[arg-type]
    return Use(
        named=Named(),
        pipeline="weekly",
        step="train",
        where=HERE,
        passed=given,
        taken=[Taken(where=HERE, name=name) for name in taken],
    )


def _found(use: Use, old: str, new: str) -> list[tuple[str, str]]:
    return [(each.rule, each.message) for each in effects(use, document(old).spec, document(new).spec)]


INPUTS = [
    ("{name: a}, {name: b}", "{name: b}", [("B101", "passes 'a', and that input is gone")]),
    ("{name: a}, {name: b}", "{name: z}, {name: b}", [("B102", "passes 'a', and that input is called 'z' now")]),
    ("{name: a}", "{name: a}, {name: s}", [("B104", "does not pass 's', which is required now")]),
    ("{name: a}", "{name: a}, {name: s, optional: true}", []),
    (
        "{name: a}, {name: s, optional: true}",
        "{name: a}, {name: s}",
        [("B105", "does not pass 's', which is required now")],
    ),
    (
        "{name: a, type: Float}",
        "{name: a, type: String}",
        [("B108", "passes 'a', whose type was Float and is String now")],
    ),
    ("{name: a, type: Model}", "{name: a, type: Artifact}", []),
    (
        "{name: a, type: Model}",
        "{name: a, type: Model, annotations: {list: true}}",
        [("B115", "passes 'a', which is a list now")],
    ),
    # What no one passes breaks no one.
    ("{name: a}, {name: c}", "{name: a}", []),
]


@pytest.mark.parametrize(("old", "new", "expected"), INPUTS)
def test_an_argument_breaks_by_what_it_meets(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert _found(_use("a"), contract(old), contract(new)) == expected


def test_a_renamed_input_that_is_passed_is_not_missing_too() -> None:
    old, new = contract("{name: rate, optional: true}"), contract("{name: learning_rate}")
    assert [rule for rule, _ in _found(_use("rate"), old, new)] == ["B102"]
    assert [rule for rule, _ in _found(_use(), old, new)] == ["B105"]


def test_a_constant_that_fits_the_new_type_goes_on_working() -> None:
    old, new = contract("{name: a, type: Integer}"), contract("{name: a, type: Float}")
    assert _found(_use(a=3), old, new) == []
    assert [rule for rule, _ in _found(_use("a"), old, new)] == ["B108"]
    narrowed = contract("{name: a, type: String, annotations: {choices: [x, y]}}")
    (found,) = _found(_use(a="z"), contract("{name: a, type: String}"), narrowed)
    assert found == ("B114", "passes 'z' as 'a', which is no longer one of its choices")
    assert _found(_use(a="x"), contract("{name: a, type: String}"), narrowed) == []
    # The old version refuses it as well.
    fewer = contract("{name: a, type: String, annotations: {choices: [x]}}")
    assert _found(_use(a="z"), narrowed, fewer) == []
    assert [rule for rule, _ in _found(_use(a="y"), narrowed, fewer)] == ["B114"]


def test_an_argument_by_its_place_goes_by_the_order() -> None:
    use = _use()
    use.passed.append(Passed(where=HERE, position=1))
    old = contract("{name: n, optional: true}, {name: a}, {name: b}")
    assert _found(use, old, contract("{name: a}, {name: b}, {name: n, optional: true}")) == []
    moved = contract("{name: b}, {name: a}, {name: n, optional: true}")
    assert _found(use, old, moved) == [("B113", "passes argument 2 by its place, which is 'a' now")]


def test_arguments_that_are_spread_are_not_missing() -> None:
    use = _use("a")
    use.spreads = HERE
    assert _found(use, contract("{name: a}"), contract("{name: a}, {name: s}")) == []


OUTPUTS = [
    ("m", "{name: m}, {name: r}", "{name: r}", [("B201", "takes 'm', and that output is gone")]),
    ("m", "{name: m}", "{name: z}", [("B202", "takes 'm', and that output is called 'z' now")]),
    (
        "m",
        "{name: m, type: Float}",
        "{name: m, type: Model}",
        [("B205", "takes 'm', whose type was Float and is Model now")],
    ),
    (
        "m",
        "{name: m, type: Model}",
        "{name: m, type: Model, annotations: {list: true}}",
        [("B206", "takes 'm', which is a list now")],
    ),
    ("m", "{name: m}, {name: r}", "{name: m}", []),
    ("", "{name: m}", "{name: z}", []),
    ("", "{name: m}", "", [("B201", "takes 'm', and that output is gone")]),
    ("", "{name: m}", "{name: m}, {name: r}", [("B207", "takes `.output`, and the component has 2 outputs now")]),
    # It did not work before.
    ("", "{name: m}, {name: r}", "{name: m}, {name: r}, {name: s}", []),
]


@pytest.mark.parametrize(("taken", "old", "new", "expected"), OUTPUTS)
def test_an_output_breaks_where_it_is_taken(taken: str, old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert _found(_use(taken=(taken,)), contract(outputs=old), contract(outputs=new)) == expected


def test_graphs_name_ports_as_the_contract_does() -> None:
    old, new = contract("{name: The table}"), contract("{name: the_table}")
    use = _use("The table")
    assert _found(use, old, new) == []
    use.form = "graph"
    assert [rule for rule, _ in _found(use, old, new)] == ["B102"]


def test_a_contract_that_kfp_2_refuses_breaks_every_use() -> None:
    old = contract("{name: a, type: Model}", args="{inputPath: a}")
    new = contract("{name: a, type: Model}", args="{inputValue: a}")
    assert [rule for rule, _ in _found(_use(), old, new)] == ["B304"]
