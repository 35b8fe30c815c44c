"""Numbers near each other: alone, in JSON values, and in the cells of tables."""

import math

import pytest

from toolkit.runners.tolerance import EXACT, Tolerance, json_difference, parsed, text_difference

HALF = Tolerance(atol=0.5)


@pytest.mark.parametrize(
    ("tolerance", "actual", "expected", "near"),
    [
        (EXACT, 1.0, 1, True),
        (EXACT, 1.0000001, 1, False),
        (HALF, 1.5, 1, True),
        (HALF, 1.6, 1, False),
        # The expected number counts, so that 90 is near 100, and 100 is not near 90.
        (Tolerance(rtol=0.1), 90, 100, True),
        (Tolerance(rtol=0.1), 100, 90, False),
        (Tolerance(rtol=0.1), -90, -100, True),
        (Tolerance(rtol=0.1, atol=1), 111, 100, True),
        (HALF, math.nan, math.nan, True),
        (HALF, math.nan, 1, False),
        (HALF, 1, math.nan, False),
        (HALF, math.inf, math.inf, True),
        (HALF, 1, math.inf, False),
        (Tolerance(rtol=0.1), 1, math.inf, False),
        (Tolerance(rtol=0.1), 10**400, 10**400, True),
        (Tolerance(rtol=0.1), 10**400 + 1, 10**400, False),
    ],
)
def test_a_number_is_near_as_in_numpy(tolerance: Tolerance, actual: float, expected: float, *, near: bool) -> None:
    assert tolerance.allows(actual, expected) is near


def test_a_message_names_the_tolerances_that_are_set() -> None:
    assert str(Tolerance(rtol=0.1, atol=1e-9)) == "rtol 0.1, atol 1e-09"
    assert str(HALF) == "atol 0.5"


def test_a_text_that_is_not_json_is_itself() -> None:
    assert [parsed(text) for text in ('{"a": [1]}', "abc", "")] == [{"a": [1]}, "abc", ""]
    assert parsed("[" * 100_000) == "[" * 100_000


@pytest.mark.parametrize(
    ("expected", "actual", "problem"),
    [
        ({"a": [1.0, "x", None]}, {"a": [1.4, "x", None]}, None),
        ({"a": [1.0]}, {"a": [1.0, 1.6]}, "a: has 2 items, expected 1: [1.0, 1.6]"),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.6]}, "a: item 1: is 2.6, expected 2.0 (atol 0.5)"),
        (1, True, "is True, expected 1 (atol 0.5)"),
        (False, 0, "is 0, expected False (atol 0.5)"),
        ("1", 1, "is 1, expected '1' (atol 0.5)"),
        ({"a": 1}, {}, "has no 'a'"),
        ({}, {"a": 1}, "has 'a', which is not expected"),
        ({}, [], "is [], expected an object"),
        ([], {}, "is {}, expected a list"),
    ],
)
def test_values_of_json(expected: object, actual: object, problem: str | None) -> None:
    assert json_difference(expected, actual, HALF) == problem


def test_a_partial_comparison_leaves_out_members_except_in_lists() -> None:
    assert json_difference({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, EXACT, partial=True) is None
    assert json_difference([{"a": 1}], [{"a": 1, "b": 2}], EXACT, partial=True) is not None


def test_a_long_value_is_cut_in_a_message() -> None:
    problem = json_difference(1, "x" * 10_000, EXACT)
    assert problem is not None
    assert problem.startswith("is 'xxx")
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("expected", "actual", "problem"),
    [
        ('{"a": 1}', '{"a": 1.5}', None),
        ('{"a": 1}\n{"a": 2}\n', '{"a": 1}\n{"a": 2.7}\n', "item 1: a: is 2.7, expected 2 (atol 0.5)"),
        ("x,1\ny,2\n", "x,1.5\ny,2.0\n", None),
        ("name\tvalue\nx y\t1\n", "name\tvalue\nx y\t1.4\n", None),
        ('n,v\n"a,b",1\n', 'n,v\n"a,b",2\n', "line 2, column 2 ('v'): is '2', expected '1' (atol 0.5)"),
        ("1 2  3", "1 2 3.5", None),
        ("x,1\n", "y,1\n", "line 1, column 1: is 'y', expected 'x' (atol 0.5)"),
        ("x,1\n", "x,1\ny,2\n", "goes on after line 1"),
        ("x,1\ny,2\n", "x,1\n", "ends before line 2"),
        ("x,1\n", "x,1,2\n", "line 1 has 3 cells, expected 2"),
    ],
)
def test_texts_with_numbers(expected: str, actual: str, problem: str | None) -> None:
    assert text_difference(expected, actual, HALF) == problem


def test_a_cell_beyond_the_limit_of_tables() -> None:
    problem = text_difference("a,1\n", f"{'b' * 200_000},1\n", HALF)
    assert problem is not None
    assert problem.startswith("cannot be read as a table: ")


def test_equal_texts_need_not_be_tables() -> None:
    # csv reads no field of more than 131,072 characters.
    assert text_difference("x" * 200_000, "x" * 200_000, HALF) is None
