"""What a git repository can do for a registry."""

from pathlib import Path

import pytest

from tests.git_registry import environ_for, make_upstream
from tests.releases import publish, release
from toolkit.errors import OutsideError
from toolkit.registry.ability import Ability
from toolkit.registry.git.registry import GitRegistry
from toolkit.registry.git.trials import try_git
from toolkit.registry.place import Place, parse_place


def tried(place: Place, folder: Path) -> dict[str, Ability]:
    return {each.name: each for each in try_git(place, environ_for(folder / "cache"), asks=False)}


def test_an_empty_repository_becomes_a_registry(tmp_path: Path) -> None:
    upstream = make_upstream(tmp_path / "upstream.git")
    found = tried(upstream.place, tmp_path)
    assert {name: each.state for name, each in found.items()} == {
        "reading": "yes",
        "branch": "no",
        "writing": "unknown",
    }
    publish(GitRegistry.open(upstream.place, environ_for(tmp_path / "cache")), release())
    found = tried(upstream.place, tmp_path)
    assert (found["branch"].found, found["a registry"].found) == ("main is there", "1 component")


def test_a_repository_of_other_files_is_not_fit(tmp_path: Path) -> None:
    upstream = make_upstream(tmp_path / "upstream.git")
    upstream.put({"thesis.txt": ("100644", b"mine")})
    found = tried(upstream.place, tmp_path)["a registry"]
    assert (found.state, found.needed) == ("no", True)
    assert found.meaning == "publish in another repository: this one has other files"


def test_a_repository_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutsideError):
        tried(parse_place(f"git+file://{tmp_path}/missing.git"), tmp_path)
