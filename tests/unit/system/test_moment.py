"""Results that are kept for one moment."""

import pytest

from toolkit.system.moment import once, one_moment


def test_a_result_is_kept_until_the_block_ends() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    assert (once("a", make), once("a", make)) == (0, 1)
    with one_moment():
        assert (once("a", make), once("a", make), once("b", make)) == (2, 2, 3)
    with one_moment():
        assert once("a", make) == 4


def test_a_failure_is_not_kept() -> None:
    def fail() -> None:
        raise KeyError

    with one_moment():
        with pytest.raises(KeyError):
            once("a", fail)
        assert once("a", lambda: 1) == 1
