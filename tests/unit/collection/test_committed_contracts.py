"""Contracts of a git repository."""

from pathlib import Path

import pytest

from tests.contracts import contract
from tests.repositories import ENVIRON, Repo, make_repository
from toolkit.collection.committed_contracts import contracts_at_commit, is_repository_address, repository_at
from toolkit.collection.found_contracts import Found
from toolkit.errors import InputError, OutsideError

V1, V2 = contract(), contract(image="a/b:2")


@pytest.fixture
def origin(tmp_path: Path) -> Repo:
    repository = make_repository(tmp_path / "origin")
    repository.commit({"train/component.yaml": V1, "train/README.md": "one", "LICENSE": "free"})
    repository.commit({"train/component.yaml": V2, "train/README.md": "two", "gone.yaml": V1})
    repository.git("tag", "v2")
    repository.commit({"gone.yaml": None, "notes.yaml": "a: b"})
    (repository.folder / "link").mkdir()
    (repository.folder / "link" / "component.yaml").symlink_to("../train/component.yaml")
    repository.commit({"train/component.yaml": V1})
    return repository


def found(place: str, commit: str | None = None, *, history: bool = False) -> Found:
    with repository_at(place, commit, ENVIRON, history=history) as repository:
        return contracts_at_commit(repository, commit, history=history)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_the_contracts_of_a_commit(origin: Repo, scheme: str) -> None:
    place = f"{scheme}{origin.folder}"
    now = found(place).contracts
    # The link is passed over: it would be the same component by another name.
    assert [*now] == ["train/component.yaml"]
    (version,) = now["train/component.yaml"]
    assert (version.data, version.files) == (V1.encode(), {"README.md": b"two", "LICENSE": b"free"})
    assert version.revision == origin.git("rev-parse", "HEAD")
    assert version.committed is not None
    assert {*found(place, "v2").contracts} == {"gone.yaml", "train/component.yaml"}
    first = origin.git("rev-parse", "v2~1")
    assert found(place, first).contracts["train/component.yaml"][0].files["README.md"] == b"one"


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_the_history_of_contracts(origin: Repo, scheme: str) -> None:
    versions = found(f"{scheme}{origin.folder}", history=True).contracts["train/component.yaml"]
    assert [version.data.decode() for version in versions] == [V1, V2, V1]
    assert versions[0].revision == origin.git("rev-parse", "v2~1")
    assert [bool(version.files) for version in versions] == [False, False, True]


def test_the_address_is_kept_without_a_login(origin: Repo) -> None:
    origin.git("remote", "add", "origin", "https://ann:pw@git.example/x.git")
    assert found(str(origin.folder)).source == "https://git.example/x.git"
    assert found(f"file://{origin.folder}").source is None


def test_what_is_not_there(origin: Repo, tmp_path: Path) -> None:
    for place in (str(origin.folder), f"file://{origin.folder}"):
        with pytest.raises(InputError, match="has no commit v9"):
            found(place, "v9")
    with pytest.raises(OutsideError, match="git cannot fetch"):
        found(f"file://{tmp_path / 'none'}")


def test_which_texts_are_addresses() -> None:
    addresses = ("https://h/x", "git+https://h/x.git", "git@github.com:o/r.git", "ssh://git@h/x", "file:///x")
    assert all(map(is_repository_address, addresses))
    assert not any(map(is_repository_address, ("folder", "../x", "/srv/x", "C://x", "ext::sh -c x")))
