import os
from pathlib import Path

import pytest

from tests.artifacts import component
from tests.planned import build, folder_tree, layer_trees, make, two_wheels
from toolkit.builders.materialise import materialise
from toolkit.errors import OutsideError


def test_the_same_tree_as_files(tmp_path: Path) -> None:
    project, wheels = component(tmp_path / "c"), two_wheels(tmp_path)
    (tmp_path / "c/src/tool.sh").write_text("#!/bin/sh\n")
    (tmp_path / "c/src/tool.sh").chmod(0o755)
    (tmp_path / "c/src/link").symlink_to("tool.sh")
    (tmp_path / "c/src/weights.bin").write_bytes(bytes(300_000))
    before = os.umask(0o077)
    try:
        materialise(make(project, wheels), tmp_path / "tree")
    finally:
        os.umask(before)
    (tmp_path / "tree/opt").chmod(0o755)
    found = folder_tree(tmp_path / "tree")
    found.pop("opt")
    assert found == layer_trees(build(project, tmp_path / "cache", wheels))


def test_materialise_is_not_led_astray_by_what_is_there(tmp_path: Path) -> None:
    project = component(tmp_path / "c")
    materialise(make(project), tmp_path / "tree")
    (tmp_path / "c/src/count_words.py").write_text("def count(a: int) -> int:\n    return a\n")
    materialise(make(project), tmp_path / "tree")
    assert b"return a" in (tmp_path / "tree/opt/comp/app/count_words.py").read_bytes()


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "tree").write_text("a file where the tree would be")
    with pytest.raises(OutsideError, match=r"cannot write the image's files to .*tree: Not a directory"):
        materialise(make(component(tmp_path / "c")), tmp_path / "tree")
