"""Layers and archives whose headers lie: each is refused in words, soon, and without filling memory."""

import time

import pytest

from tests.hostile.tars import ODD, TARS, header, whole
from tests.images import layer_of, tar_of
from toolkit.errors import InputError
from toolkit.oci.tree import Tree


@pytest.mark.parametrize("name", TARS)
def test_a_tar_that_lies_is_refused_in_a_layer(name: str) -> None:
    began = time.monotonic()
    with pytest.raises(InputError) as refused:
        Tree().apply(layer_of(whole(TARS[name])))
    assert refused.value.hint
    assert time.monotonic() - began < 30


def test_a_tar_that_ends_inside_a_header_is_refused() -> None:
    with pytest.raises(InputError, match="truncated header"):
        Tree().apply(layer_of(header() + header("b")[:100]))


@pytest.mark.parametrize("name", ODD)
def test_what_is_only_odd_is_read(name: str) -> None:
    tree = Tree()
    tree.apply(layer_of(whole(ODD[name])))
    assert tree.files == {"a"}


def test_limits_name_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="exceeds the limit of 4,096 items") as refused:
        Tree().apply(layer_of(whole(TARS["a long path"])))
    assert "COMP_LIMIT_PATH_LENGTH" in (refused.value.hint or "")
    monkeypatch.setenv("COMP_LIMIT_TREE_SIZE", "1000")
    with pytest.raises(InputError, match=r"the length of all paths exceeds the limit of 1\.0 kB"):
        Tree().apply(layer_of(tar_of(*(f"folder/{number}" for number in range(200)))))


def test_a_file_makes_room_for_a_folder_and_the_other_way_round() -> None:
    tree = Tree()
    tree.apply(layer_of(tar_of("lib/a.so", "lib/a.so/b.so")))
    assert tree.files == {"lib/a.so/b.so"}
    tree.apply(layer_of(tar_of("lib/a.so")))
    assert tree.files == {"lib/a.so"}


def test_many_whiteouts_take_time_for_what_they_remove_alone() -> None:
    """Each of these looked at every file."""
    tree = Tree()
    files = [f"d/{number}/f" for number in range(20_000)]
    tree.apply(layer_of(tar_of(*files)))
    began = time.monotonic()
    tree.apply(layer_of(tar_of(*(f"d/.wh.{number}" for number in range(0, 20_000, 2)), "d/0/new")))
    tree.apply(layer_of(tar_of(*["d/.wh..wh..opq"] * 20_000, "d/last")))
    assert tree.files == {"d/last"}
    assert time.monotonic() - began < 60


def test_a_whiteout_spares_its_own_layer() -> None:
    tree = Tree()
    tree.apply(layer_of(tar_of("d/old", "e/old")))
    tree.apply(layer_of(tar_of("d/new", "d/.wh..wh..opq", "d/.wh..wh..opq", "e/new", ".wh.e")))
    assert tree.files == {"d/new", "e/new"}


def test_what_a_whiteout_spared_is_removed_by_a_later_layer() -> None:
    tree = Tree()
    tree.apply(layer_of(tar_of("a/b/old", "a/b/c/new", "a/.wh..wh..opq", "d/new", ".wh.d")))
    assert tree.parents() == {"", "a", "a/b", "a/b/c", "d"}
    tree.apply(layer_of(tar_of(".wh.a", ".wh.d")))
    assert (tree.files, tree.parents()) == (set(), {""})
