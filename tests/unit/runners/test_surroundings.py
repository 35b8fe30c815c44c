"""The user of a container, and copies of inputs that this user could not read."""

import os
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.python.users import DEFAULT_USER
from toolkit.runners.surroundings import RESTRICTED_USER, has_foreign, may_read_all, readable, user_to_run_as


@pytest.mark.parametrize(
    ("image_user", "uid", "expected"),
    [
        (DEFAULT_USER, 1000, "1000:50"),
        (DEFAULT_USER, 0, DEFAULT_USER),
        ("1234", 1000, "1234"),
        ("app", 1000, "app"),
        ("", 1000, ""),
    ],
)
def test_an_image_of_nobody_in_particular_runs_as_the_caller(
    monkeypatch: pytest.MonkeyPatch, image_user: str, uid: int, expected: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert user_to_run_as(image_user, f"{uid}:50", restricted=False) == expected
    assert user_to_run_as(image_user, f"{uid}:50", restricted=True) == RESTRICTED_USER


@pytest.mark.parametrize(
    ("user", "expected"),
    [("", True), ("0", True), ("root", True), ("0:7", True), ("5:5", True), ("5", False), ("app", False)],
)
def test_root_and_the_caller_read_what_the_caller_reads(user: str, *, expected: bool) -> None:
    assert may_read_all(user, "5:5") is expected


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Make a folder that others may enter, with a file and a folder that are closed to them."""
    folder = tmp_path / "private"
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / "deep" / "file").write_text("x")
    (folder / "in" / "tool").write_text("#!/bin/sh\n")
    (folder / "in" / "tool").chmod(0o700)
    (folder / "link").symlink_to("in/tool")
    (folder / "away").symlink_to("/etc/shadow")
    (folder / "in" / "deep" / "file").chmod(0o600)
    (folder / "in").chmod(0o700)
    folder.chmod(0o755)
    return folder


def test_an_input_that_all_can_read_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    path.chmod(0o644)
    assert readable(path, tmp_path / "copies" / "0") == path
    assert not (tmp_path / "copies").exists()


def test_a_private_input_is_copied_and_stays_private(tmp_path: Path, private: Path) -> None:
    copy = readable(private, tmp_path / "copies" / "0")
    assert copy == tmp_path / "copies" / "0"
    modes = {path.relative_to(copy).as_posix(): path.stat().st_mode & 0o555 for path in copy.glob("in/**/*")}
    assert modes == {"in/deep": 0o555, "in/deep/file": 0o444, "in/tool": 0o555}
    assert (copy.stat().st_mode & 0o555, (copy / "in").stat().st_mode & 0o555) == (0o555, 0o555)
    assert ((copy / "link").readlink(), (copy / "away").readlink()) == (Path("in/tool"), Path("/etc/shadow"))
    assert (private / "in").stat().st_mode & 0o777 == 0o700
    assert (private / "in" / "deep" / "file").stat().st_mode & 0o777 == 0o600


def test_a_private_file_alone_is_copied(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0o600)
    copy = readable(tmp_path / "file", tmp_path / "copies" / "1")
    assert (copy.read_text(), copy.stat().st_mode & 0o444) == ("x", 0o444)


def test_a_pipe_among_private_inputs_is_refused(tmp_path: Path, private: Path) -> None:
    os.mkfifo(private / "in" / "pipe")
    with pytest.raises(InputError, match="'pipe' is a pipe"):
        readable(private, tmp_path / "copies" / "0")


def test_what_another_user_made_is_foreign(private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_foreign(private)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert has_foreign(private)
