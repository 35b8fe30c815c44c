"""Names that KFP 2 cannot use, or takes for one another."""

import pytest

from tests.migrations import contract, left, made
from toolkit.migration.names import kfp1_names


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("''", "'Sum'"),
        ("'!!!'", "'Sum'"),
        ("训练", "Sum"),
        ("word " * 39 + "word", "word " * 24 + "word"),
        ("w" * 140, "w" * 128),
    ],
)
def test_a_component_gets_a_name_that_kfp_2_takes(name: str, written: str) -> None:
    text, kinds = made(contract(head=f"name: {name}"))
    assert text == contract(head=f"name: {written}")
    assert kinds == ["name"]


@pytest.mark.parametrize("head", ["name: Train 训", "name: null", "name:", "description: d"])
def test_a_name_that_kfp_2_takes_stays(head: str) -> None:
    assert made(contract(head=head))[1] == []


def test_ports_that_kfp_2_would_merge_get_the_names_of_kfp_1s_callers() -> None:
    text, kinds = made(
        contract(
            "[{name: A b, type: String, optional: true}, {name: a_b, type: String}]",
            "[{if: {cond: {isPresent: A b}, then: [{inputValue: A b}]}}, {concat: [a, {inputValue: a_b}]}]",
            outputs="[{name: o, type: String}, {name: O, type: String}]",
            more=", fileOutputs: {O: /a}",
        )
    )
    assert text == contract(
        "[{name: a_b_2, type: String, optional: true}, {name: a_b, type: String}]",
        "[{if: {cond: {isPresent: a_b_2}, then: [{inputValue: a_b_2}]}}, {concat: [a, {inputValue: a_b}]}]",
        outputs="[{name: o, type: String}, {name: o_2, type: String}]",
        more=", fileOutputs: {o_2: /a}",
    )
    assert kinds == ["port-name", "port-name"]


def test_a_name_without_ascii_letters_is_left() -> None:
    why = "the name '训' has no ASCII letter or digit, and KFP 2 keeps those alone"
    assert left(contract("[{name: 训, type: String}]", "[{inputValue: 训}]")) == [("port-name", 2, why)]


def test_names_of_kfp_1_are_made_unique_in_its_order() -> None:
    # Checked against `generate_unique_name_conversion_table` of kfp 1.8.22.
    assert kfp1_names(["A b", "a_b", "A  B", "1st", "a_b_2"]) == {
        "A b": "a_b_3",
        "a_b": "a_b",
        "A  B": "a_b_4",
        "1st": "n1st",
        "a_b_2": "a_b_2",
    }


def test_a_name_that_begins_with_a_digit_gets_a_letter() -> None:
    text, kinds = made(contract("[{name: 1st one, type: String}]", "[{inputValue: 1st one}]"))
    assert text == contract("[{name: n1st_one, type: String}]", "[{inputValue: n1st_one}]")
    assert kinds == ["port-name"]
