"""Temporary folders: removed in the end or by the next run, and no others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.errors import OutsideError
from toolkit.system import atomic, temporary

KILLED = """
import os, signal, sys
from pathlib import Path
from toolkit.system import atomic
from toolkit.system import temporary
place = Path(sys.argv[1])
with temporary.folder("work", beside=place) as folder, atomic.replacing(place / "lock") as stream:
    (folder / "inner").mkdir()
    (folder / "inner" / "file").write_text("half")
    (folder / "inner").chmod(0o500)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for temporary files that no test has swept yet."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(temporary, "_SWEPT", set())
    return tmp_path


def test_a_folder_is_private_and_goes(place: Path) -> None:
    with temporary.folder("work") as folder:
        assert folder.parent == place
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "inner").mkdir(mode=0o500)
    assert not list(place.iterdir())


def test_a_folder_goes_when_its_work_fails(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), temporary.folder("work"):
        raise ZeroDivisionError
    assert not list(place.iterdir())


def test_what_a_killed_process_left_goes_with_the_next_use(place: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, place], check=False, timeout=60)
    folder, file = sorted(place.iterdir())
    assert folder.name.startswith(".comp-work-")
    assert file.name.startswith(".lock.")
    with temporary.folder("other", beside=place):
        assert not folder.exists()
    atomic.write_text(place / "lock", "whole")
    assert [path.name for path in place.iterdir()] == ["lock"]


def test_who_holds_a_folder(place: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, place], check=False, timeout=60)
    (left,) = place.glob(".comp-work-*")
    assert temporary.is_left(left)
    assert temporary.is_left(place / "gone")
    with temporary.folder("other") as folder:
        assert not temporary.is_left(folder)


def test_what_is_in_use_and_what_is_not_ours_stays(place: Path) -> None:
    # Folders that people and other programs make may begin like ours, and look alike up to the ending.
    names = (
        "comp-data-20240101",
        "comp-work-0a1b2c3d",
        "comp-notes",
        ".comp-old-0a1b2c3d",
        "x.temporary",
        "comp-data-2024010120240101.temporary",
        "comp-data-20240101.temporary",
    )
    foreign = [place / name for name in (*names, "comp-work-0000000100000001.temporary")]
    for path in foreign[:-1]:
        path.mkdir()
        (path / "mine").write_text("mine")
    foreign[-1].write_text("mine")
    empty, link = (place / temporary.new_name("comp-work-") for _ in range(2))
    empty.write_text("")
    link.symlink_to(place / "comp-notes")
    with temporary.folder("work") as folder:
        temporary._SWEPT.clear()
        with temporary.folder("other"):
            assert folder.is_dir()
            assert all(path.exists() for path in foreign)
            assert not empty.exists()
            assert link.is_symlink()
            assert (place / "comp-notes" / "mine").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_folders_of_other_users_stay(place: Path) -> None:
    theirs = place / temporary.new_name("comp-work-")
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    temporary.sweep(place)
    assert theirs.is_dir()


def test_a_place_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/nonexistent")
    with pytest.raises(OutsideError, match="TMPDIR is /nonexistent, which is not a folder"), temporary.folder("work"):
        pass
