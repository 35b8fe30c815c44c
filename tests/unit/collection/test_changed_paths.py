"""The paths that differ, asked for by folder: neighbours with like names, folders that changed whole, old contents."""

from pathlib import Path

import pytest

from tests.repositories import ENVIRON, Repo, make_repository
from toolkit.collection.changed_paths import ChangedPaths
from toolkit.git.differences import differences
from toolkit.git.repository import Repository


def _paths(repo: Repo, reference: str = "HEAD") -> ChangedPaths:
    repository = Repository.open(repo.folder, ENVIRON)
    return ChangedPaths.of(repository.top, differences(repository, repository.start(reference).tree))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "repo"


def test_folders_whose_names_begin_alike_are_apart(top: Path) -> None:
    repo = make_repository(top, {"kept": ""})
    # They sort before, among and after those of `a`.
    repo.write(dict.fromkeys(("a-b/x", "a.b/x", "a", "a0/x", "aa/x", "b/a/x"), ""))
    repo.write({"a": None, "a/x": "", "a/b/y": "", "a/ü": ""})
    paths = _paths(repo)
    assert paths.below(top / "a") == ("b/y", "x", "ü")
    assert paths.below(top / "a" / "b") == ("y",)
    assert paths.below(top / "c") == ()
    assert len(paths.below(top)) == 8


def test_places_outside_of_the_repository_have_no_changes(top: Path) -> None:
    repo = make_repository(top, {"kept": ""})
    repo.write({"x": ""})
    paths = _paths(repo)
    for outside in (top.parent, top.with_name("repo-2"), Path("/")):
        assert paths.below(outside) == ()
        assert paths.at(outside / "x") is None
        assert paths.covering(outside) is None
    assert paths.at(top) is None
    assert paths.at(top / "kept") is None


def test_a_repository_within_that_git_does_not_track_covers_its_folders(top: Path) -> None:
    repo = make_repository(top, {"kept": ""})
    make_repository(top / "inner", {"deep/x": ""})
    repo.write({"inner-2/x": ""})
    (top / "link").symlink_to("inner")
    paths = _paths(repo)
    assert paths.whole == ("inner",)
    for folder in ("inner", "inner/deep"):
        difference = paths.covering(top / folder)
        assert difference
        assert difference.what == "added"
    for folder in ("", "inner-2", "link"):
        assert paths.covering(top / folder) is None


def test_old_contents_are_those_of_the_commit(top: Path) -> None:
    repo = make_repository(top, {"edited": "1", "removed": "2", "kept": "3", "binary": b"\0\xff\n"})
    repo.write({"edited": "x", "removed": None, "new": "x", "binary": b""})
    paths = _paths(repo)
    names = ("edited", "removed", "binary", "new", "kept", "missing")
    assert [paths.old(top / name) for name in names] == [b"1", b"2", b"\0\xff\n", None, None, None]


def test_old_documents_of_a_name(top: Path) -> None:
    files = {"x.toml": b"a = 1", "b/x.toml": b"a = [", "c/x.toml": b"a = '\xff'", "d/x.toml": b"a = 4", "bx.toml": b""}
    repo = make_repository(top, files)
    repo.write(dict.fromkeys(("b/x.toml", "c/x.toml", "bx.toml", "new/x.toml"), "a = 2"))
    repo.write({"x.toml": None})
    found = _paths(repo).old_documents("x.toml")
    assert {path.relative_to(top).as_posix(): document and document.data for path, document in found.items()} == {
        "x.toml": {"a": 1},
        "b/x.toml": None,
        "c/x.toml": None,
        "new/x.toml": None,
    }
