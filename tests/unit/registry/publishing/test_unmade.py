"""A registry that publishing would make."""

from pathlib import Path

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.place import parse_place
from toolkit.registry.publishing.unmade import Unmade, open_or_unmade
from toolkit.registry.semver import parse_version


def test_a_missing_registry_is_empty_and_stays_missing(tmp_path: Path) -> None:
    place = parse_place(str(tmp_path / "new"))
    registry, name = open_or_unmade(place, {}), Name("ml", "x")
    assert isinstance(registry, Unmade)
    assert (registry.place, registry.names(), registry.versions(name), list(registry.entries())) == (place, [], [], [])
    assert registry.marks(name) == Marks()
    with pytest.raises(KeyError):
        registry.release(name, parse_version("1.0.0"))
    assert not (tmp_path / "new").exists()


def test_a_registry_is_opened_and_another_folder_refused(tmp_path: Path) -> None:
    Directory.create(tmp_path / "made")
    assert isinstance(open_or_unmade(parse_place(str(tmp_path / "made")), {}), Directory)
    (tmp_path / "other").mkdir()
    assert isinstance(open_or_unmade(parse_place(str(tmp_path / "other")), {}), Unmade)
    (tmp_path / "other" / "file").touch()
    with pytest.raises(InputError):
        open_or_unmade(parse_place(str(tmp_path / "other")), {})


def test_a_web_server_takes_no_releases() -> None:
    with pytest.raises(UsageError, match="can only be read"):
        open_or_unmade(parse_place("http://127.0.0.1:9/x"), {})


def test_a_review_needs_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no branches"):
        open_or_unmade(parse_place(str(tmp_path / "new")), {}, review="topic")
