"""Copies of what others wrote: links are copied as links, and devices refused."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.system.copying import copy_replacing, kind_of, opened_folder, remove_entry


@contextmanager
def both(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Open `from`, and `to`, which is made."""
    (tmp_path / "from").mkdir(exist_ok=True)
    with opened_folder(tmp_path / "from") as source, opened_folder(tmp_path, "to", make=True) as target:
        yield source, target


def copy(tmp_path: Path, name: str, new_name: str = "copy") -> bool:
    with both(tmp_path) as (source, target):
        return copy_replacing(source, name, target, new_name)


def test_a_file_keeps_its_content_and_stays_executable_without_more_rights(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "program").write_bytes(b"x")
    (tmp_path / "from" / "program").chmod(0o4755)
    assert copy(tmp_path, "program")
    made = tmp_path / "to" / "copy"
    assert made.read_bytes() == b"x"
    assert made.stat().st_mode & stat.S_IXUSR
    assert not made.stat().st_mode & stat.S_ISUID


def test_a_folder_is_copied_with_its_links_as_links(tmp_path: Path) -> None:
    inner = tmp_path / "from" / "folder" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    (inner / "link").symlink_to("/etc")
    assert copy(tmp_path, "folder")
    made = tmp_path / "to" / "copy" / "inner"
    assert (made / "file").read_text() == "x"
    assert str((made / "link").readlink()) == "/etc"


def test_what_is_missing_is_not_copied(tmp_path: Path) -> None:
    assert not copy(tmp_path, "missing")
    assert not list((tmp_path / "to").iterdir())


def test_a_link_in_the_place_of_the_copy_is_replaced_itself(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "file").write_text("new")
    (tmp_path / "secret").write_text("old")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "copy").symlink_to(tmp_path / "secret")
    assert copy(tmp_path, "file")
    assert (tmp_path / "secret").read_text() == "old"
    assert (tmp_path / "to" / "copy").read_text() == "new"
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["copy"]


def test_a_pipe_is_refused_and_the_old_content_stays(tmp_path: Path) -> None:
    (tmp_path / "from" / "folder").mkdir(parents=True)
    os.mkfifo(tmp_path / "from" / "folder" / "pipe")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "copy").write_text("old")
    with pytest.raises(InputError, match="'pipe' is a pipe, expected a file or folder"):
        copy(tmp_path, "folder")
    assert (tmp_path / "to" / "copy").read_text() == "old"
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["copy"]


def test_the_depth_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_OUTPUT_DEPTH", "1")
    (tmp_path / "from" / "a" / "b" / "c").mkdir(parents=True)
    with pytest.raises(InputError, match="the depth of its folders exceeds the limit"):
        copy(tmp_path, "a")


def test_a_link_in_the_place_of_a_folder_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    for make in (False, True):
        with pytest.raises(NotADirectoryError), opened_folder(tmp_path, "link", make=make):
            pass


def test_removing_a_link_leaves_its_target(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to("kept")
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    with opened_folder(tmp_path) as folder:
        for name in ("link", "folder", "missing"):
            remove_entry(folder, name)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").exists()


def test_every_kind_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    kinds = [
        kind_of(path.lstat().st_mode) for path in (tmp_path / "file", tmp_path / "link", tmp_path, Path("/dev/null"))
    ]
    assert kinds == ["a file", "a link", "a folder", "a device"]
