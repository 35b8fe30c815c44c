from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.repositories import ENVIRON, Repo, clone, make_repository
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.provenance.predicate import Dependency
from toolkit.supply.sources import source_files

SOURCE = Dependency(name="source", uri="git+https://git.example/x.git", digest={})


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    return make_repository(tmp_path / "repository", {"a.txt": "1"})


@contextmanager
def files_of(commit: str, named: str | None, near: Path) -> Iterator[Path]:
    with source_files(SOURCE, commit, named, near, ENVIRON) as folder:
        yield folder


def test_a_commit_comes_from_the_repository_around_or_the_one_that_is_named(repository: Repo, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "HEAD")
    repository.commit({"a.txt": "2", "b/c.txt": ""})
    for named, near in (
        (None, repository.folder / "b"),
        (str(repository.folder), tmp_path),
        (f"file://{repository.folder}", tmp_path),
        (f"git+file://{repository.folder}", tmp_path),
    ):
        with files_of(commit, named, near) as folder:
            assert (folder / "a.txt").read_text() == "1"
            assert not (folder / "b").exists()
        assert not folder.exists()


def test_a_commit_that_no_branch_has_is_not_found_by_its_address(repository: Repo) -> None:
    for place in (f"file://{repository.folder}", None):
        with pytest.raises(InputError, match="the commit aaaa"), files_of("a" * 40, place, repository.folder):
            pass


def test_where_the_commit_is_missing_the_hint_names_the_address(repository: Repo, tmp_path: Path) -> None:
    later = repository.git("rev-parse", "HEAD")
    (tmp_path / "plain").mkdir()
    other = make_repository(tmp_path / "other", {"x": ""})
    for near, message in (
        (other.folder, "which is not in the clone"),
        (tmp_path / "plain", "is not in a git repository"),
    ):
        with pytest.raises(InputError, match=message) as caught, files_of(later, None, near):
            pass
        assert "--source https://git.example/x.git" in str(caught.value.hint)


def test_what_is_no_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a folder nor an address"), files_of("a" * 40, "absent", tmp_path):
        pass
    with pytest.raises(OutsideError, match="is not encrypted"), files_of("a" * 40, "http://git.example/x", tmp_path):
        pass


def test_a_shallow_clone_gives_what_it_has(repository: Repo, tmp_path: Path) -> None:
    commit = repository.commit({"a.txt": "2"})
    shallow = clone(repository, tmp_path / "shallow", "--depth=1")
    with files_of(commit, None, shallow.folder) as folder:
        assert (folder / "a.txt").read_text() == "2"
