"""Optional inputs that the command line always passes."""

import pytest

from tests.migrations import PATH, contract, left, made
from toolkit.migration.presence import passed_untested
from toolkit.spec.reader import parse_document

TESTED = "{if: {cond: {isPresent: x}, then: [--x, {inputValue: x}]}}"
INPUTS = "[{name: x, type: String, optional: true}, {name: y, type: String}]"


@pytest.mark.parametrize(
    ("args", "written"),
    [
        ("[{inputValue: x}]", "[{if: {cond: {isPresent: x}, then: [{inputValue: x}]}}]"),
        ("[--x, {inputValue: x}, z]", "[{if: {cond: {isPresent: x}, then: [--x, {inputValue: x}]}}, z]"),
        ("[--, {inputValue: x}]", "[--, {if: {cond: {isPresent: x}, then: [{inputValue: x}]}}]"),
        ("[a, {inputValue: x}]", "[a, {if: {cond: {isPresent: x}, then: [{inputValue: x}]}}]"),
        (
            "[{concat: [--x=, {inputValue: x}]}]",
            "[{concat: [--x=, {if: {cond: {isPresent: x}, then: {inputValue: x}}}]}]",
        ),
        (
            "[{if: {cond: {isPresent: y}, then: [--x, {inputValue: x}]}}]",
            "[{if: {cond: {isPresent: y}, then: [{if: {cond: {isPresent: x}, then: [--x, {inputValue: x}]}}]}}]",
        ),
        (
            "[--x, {inputValue: x}, --z, {inputValue: x}]",
            f"[{TESTED}, {TESTED.replace('--x', '--z')}]",
        ),
    ],
)
def test_an_optional_value_is_tested(args: str, written: str) -> None:
    text, kinds = made(contract(INPUTS, args))
    assert text == contract(INPUTS, written)
    assert set(kinds) == {"optional"}


@pytest.mark.parametrize(
    "args",
    [
        "[{if: {cond: {isPresent: x}, then: [--x, {inputValue: x}]}}]",
        "[{if: {cond: {isPresent: x}, then: [{concat: [a, {inputValue: x}]}]}}]",
        "[{inputValue: y}]",
        "[{executorInput: null}]",
    ],
)
def test_what_is_tested_or_required_stays(args: str) -> None:
    assert made(contract(INPUTS, args))[1] == []


def test_an_input_with_a_default_stays() -> None:
    assert made(contract("[{name: x, type: String, default: a, optional: true}]", "[{inputValue: x}]"))[1] == []


def test_the_else_of_a_test_is_untested() -> None:
    args = "[{if: {cond: {isPresent: x}, then: [a], else: [{inputValue: x}]}}]"
    found = list(passed_untested(parse_document(contract(INPUTS, args), PATH)))
    assert [each.place for each in found] == [("args", 0, "else", 0)]


def test_an_optional_artifact_is_left() -> None:
    [(kind, line, why)] = left(contract("[{name: x, type: CSV, optional: true}]", "[--x, {inputPath: x}]"))
    assert (kind, line) == ("optional", 4)
    assert why.startswith("the artifact 'x' may be absent: KFP 2 then fails")
