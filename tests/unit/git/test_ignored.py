from pathlib import Path

import pytest

from tests.repositories import ENVIRON, make_repository
from toolkit.errors import OutsideError
from toolkit.git.ignored import ignored


def test_what_is_ignored_is_named_from_the_folder(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo", {".gitignore": "out/\n*.log\n", "a/kept.log": "x", "a/b": "x"})
    repo.git("add", "--force", "a/kept.log")
    repo.write({"a/out/deep/x": "1", "a/new.log": "1", "a/ü\n.log": "1", "c": "1"})
    # Added with force, or before the line came: git keeps it.
    repo.git("add", "--force", "a/kept.log")
    assert ignored(repo.folder, ENVIRON) == {"a/out", "a/new.log", "a/ü\n.log"}
    assert ignored(repo.folder / "a", ENVIRON) == {"out", "new.log", "ü\n.log"}


def test_a_folder_that_is_ignored_itself_is_meant(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo", {".gitignore": "out/\n"})
    repo.write({"out/x": "1"})
    assert ignored(repo.folder / "out", ENVIRON) == frozenset()


def test_outside_of_a_repository_nothing_is_ignored(tmp_path: Path) -> None:
    assert ignored(tmp_path, {"PATH": "/nonexistent"}) == frozenset()


def test_a_repository_that_git_cannot_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nonexistent\n")
    with pytest.raises((OutsideError, Exception), match="repository"):
        ignored(tmp_path, ENVIRON)
