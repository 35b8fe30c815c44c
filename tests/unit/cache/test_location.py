import os
import tempfile
from pathlib import Path

import pytest

from toolkit.cache.location import find_root
from toolkit.errors import OutsideError


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A platform folder that cannot be made, since a file is in its place; temporary files lie in `tmp_path`."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def test_the_variable_decides_and_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_root({"COMP_CACHE_DIR": "mine"}) == tmp_path / "mine"


def test_the_platforms_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert find_root({}) == tmp_path / "comp"


def test_a_folder_of_this_user_alone_takes_its_place(read_only: Path) -> None:
    spare = find_root({"COMP_CACHE_DIR": ""})
    assert spare.parent == read_only
    assert spare.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_write_is_refused(read_only: Path) -> None:
    find_root({}).chmod(0o777)
    with pytest.raises(OutsideError, match="is not a folder of this user alone") as caught:
        find_root({})
    assert "COMP_CACHE_DIR" in str(caught.value.hint)
    assert read_only.is_dir()


def test_without_any_folder_that_is_an_error(read_only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (read_only / f"comp-cache-{os.getuid()}").write_bytes(b"")
    with pytest.raises(OutsideError, match=r"neither .* nor .* can be a cache"):
        find_root({})
    monkeypatch.setenv("TMPDIR", str(read_only / "gone"))
    with pytest.raises(OutsideError, match=r"TMPDIR is .*/gone, which is not a folder"):
        find_root({})


def test_it_is_never_among_the_sources(read_only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # The standard library takes the current folder if no other can be written, as in a container without /tmp.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (read_only / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(read_only / "tmp"))
    assert find_root({}).parent == read_only / "tmp"
