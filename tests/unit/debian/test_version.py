import shutil
import subprocess
from itertools import pairwise, product

import pytest

from toolkit.debian.version import is_version, satisfies, sort_key

ORDERED = (
    "1.0~~",
    "1.0~~a",
    "1.0~",
    "1.0~rc1-1",
    "1.0",
    "1.0-0+b1",
    "1.0-1~bpo1",
    "1.0-1",
    "1.0-1+b1",
    "1.0a",
    "1.0+b",
    "1.0.1",
    "1.09",
    "1.10",
    "0:2",
    "1:0.1",
)


def test_versions_are_in_the_order_of_debian_policy() -> None:
    assert sorted(set(ORDERED), key=sort_key) == [*ORDERED]
    assert all(sort_key(one) < sort_key(other) for one, other in pairwise(ORDERED))


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0-0"), ("1.0", "0:1.0"), ("1.", "1.0"), ("1.01", "1.1")])
def test_versions_that_are_written_in_two_ways_are_equal(one: str, other: str) -> None:
    assert sort_key(one) == sort_key(other)


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg is not installed")
def test_dpkg_agrees() -> None:
    for one, other in product(ORDERED[::2], ORDERED[1::3]):
        done = subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False)
        assert (done.returncode == 0) == (sort_key(one) < sort_key(other)), (one, other)


@pytest.mark.parametrize(
    ("version", "operator", "expected"),
    [("2", "", True), ("1", "<<", False), ("1", "<=", True), ("1", "<", True), ("1", "=", True), ("2", "=", False),
     ("1", ">=", True), ("1", ">", True), ("1", ">>", False), ("2", ">>", True), ("0.9", ">=", False)],
)  # fmt: skip
def test_a_version_is_compared_as_the_operator_says(version: str, operator: str, expected: bool) -> None:  # noqa: FBT001
    assert satisfies(version, operator, "1") is expected


@pytest.mark.parametrize("text", ["", "1 0", "a/b", "1:2:é", "x" * 300])
def test_another_text_is_no_version(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(ValueError, match="not a version"):
        sort_key(text)
