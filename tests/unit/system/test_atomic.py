"""Files that are replaced as a whole."""

import os
from pathlib import Path

import pytest

from toolkit.errors import InputError, MachineError, OutsideError
from toolkit.limits import CONTRACT_SIZE
from toolkit.system.atomic import made_parents, replace_text, replacing, temporary_beside, write_bytes, write_text


def test_a_file_gets_its_content_and_mode_and_its_parents(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    before = os.umask(0o027)
    try:
        write_text(path, "ä\r\n", mode=0o755)
    finally:
        os.umask(before)
    assert path.read_bytes() == "ä\r\n".encode()
    assert path.stat().st_mode & 0o777 == 0o750


def test_readers_see_the_old_content_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with replacing(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_text() == "old"
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as stream:
        stream.write(b"x" * (1 // 0))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_bytes(link, b"new")
    assert not link.is_symlink()
    assert (target.read_text(), link.read_text()) == ("old", "new")


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_not_replaced(tmp_path: Path, *, linked: bool) -> None:
    path = pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    if linked:
        path = tmp_path / "link"
        path.symlink_to(pipe)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OutsideError, match=f"cannot write {path}: it is a device"):
        write_text(path, "new")
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == before


def test_a_temporary_file_that_got_another_name_stays(tmp_path: Path) -> None:
    with temporary_beside(tmp_path / "file") as file:
        file.stream.write(b"x")
        file.finish(0o600)
        file.path.rename(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_bytes() == b"x"


def test_what_dead_processes_left_beside_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".file.0a1b2c3d.tmp").touch()
    others = [tmp_path / name for name in (".file.notes.tmp", ".other.0a1b2c3d.tmp", "file.tmp")]
    for path in others:
        path.touch()
    write_bytes(tmp_path / "file", b"")
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "file", *others])


def test_folders_made_for_a_file_that_fails_go_again(tmp_path: Path) -> None:
    with pytest.raises(MachineError):
        write_bytes(tmp_path / "a" / "b" / ("x" * 250), b"")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileExistsError), made_parents(tmp_path / "a" / "b" / "c"):
        (tmp_path / "a").mkdir()
    assert not list(tmp_path.iterdir())


def test_a_parent_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutsideError, match=r"cannot write .*/file/inner"):
        write_bytes(tmp_path / "file" / "inner", b"")


def test_a_changed_text_keeps_permissions_and_links(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old\r\n")
    # More than the umask leaves to new files.
    path.chmod(0o666)
    link.symlink_to("file")
    replace_text(link, "old\r\n", "new\r\n", CONTRACT_SIZE)
    assert path.read_bytes() == b"new\r\n"
    assert path.stat().st_mode & 0o777 == 0o666
    assert link.is_symlink()


def test_a_text_that_is_not_what_was_read_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("other")
    with pytest.raises(InputError, match="has changed since it was read"):
        replace_text(path, "old", "new", CONTRACT_SIZE)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("file", "other")]


def test_a_text_that_may_not_be_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    # Root may write to every file.
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OutsideError, match="file: it is read-only"):
        replace_text(path, "old", "new", CONTRACT_SIZE)
    assert path.read_text() == "old"
