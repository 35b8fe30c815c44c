"""Edits as data."""

import pytest

from toolkit.edits import HOLE, Add, Edit, Fix, Replace, Wrap


@pytest.mark.parametrize(
    "edit",
    [
        Replace(("args",), ["a", {"b": []}]),
        Add(("inputs", 0), "annotations", {"choices": ["a"]}),
        Wrap(("args", 0), {"concat": HOLE}),
    ],
)
def test_a_fix_with_any_value_can_be_in_a_set(edit: Edit) -> None:
    assert len({Fix(title="Change it", edits=(edit,)), Fix(title="Change it", edits=(edit,))}) == 1
