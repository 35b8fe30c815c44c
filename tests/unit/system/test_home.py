"""The user's home, and what tools get where it cannot be written."""

from pathlib import Path

import pytest

from toolkit.system.home import can_be_written, home, tool_environment


def test_a_home_that_can_be_written_is_left_to_tools(tmp_path: Path) -> None:
    given = {"HOME": str(tmp_path), "LANG": "C"}
    assert tool_environment(given, tmp_path / "spare") == given


def test_without_a_home_tools_get_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spare = tmp_path / "spare"
    places = {"XDG_CACHE_HOME": ".cache", "XDG_DATA_HOME": ".local/share", "XDG_STATE_HOME": ".local/state"}
    expected = {variable: str(spare / below) for variable, below in places.items()}
    for closed in (tmp_path / "file", tmp_path / "file" / "home"):
        assert tool_environment({"HOME": str(closed)}, spare) == {**expected, "HOME": str(spare)}
    set_by_user = {"HOME": str(tmp_path / "file"), "XDG_DATA_HOME": "/data"}
    assert tool_environment(set_by_user, spare)["XDG_DATA_HOME"] == "/data"


def test_what_lies_in_a_home_that_can_only_be_read_still_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _, mode: mode == 1)
    made = tool_environment({"HOME": str(tmp_path)}, tmp_path / "spare")
    assert made["HOME"] == str(tmp_path)
    assert made["XDG_CACHE_HOME"] == str(tmp_path / "spare" / ".cache")


def test_a_folder_can_be_written_where_it_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    assert can_be_written(tmp_path / "a" / "b")
    assert can_be_written(tmp_path)
    assert not can_be_written(tmp_path / "file")
    assert not can_be_written(tmp_path / "file" / "a")
    assert not can_be_written(tmp_path / "dangling" / "a")


def test_a_user_whom_the_machine_does_not_know_has_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert home({}) is None
    assert home({"HOME": "/somewhere"}) == Path("/somewhere")
