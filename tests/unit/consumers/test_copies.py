import json
from pathlib import Path

import pytest

from tests.versions_of_contracts import contract
from toolkit.consumers.copies import Copies, Copy, document_of, place_in_lock
from toolkit.digest import Digest
from toolkit.interface.model import Interface
from toolkit.registry.consuming.vendored import add_component
from toolkit.registry.names import Name, parse_request
from toolkit.registry.place import parse_place
from toolkit.registry.release import Release
from toolkit.registry.semver import parse_version


def _lock(folder: Path, requested: str = "^1") -> Path:
    entry = {"version": "1.2.0", "requested": requested, "path": "components/ml/train/component.yaml"}
    path = folder / "components.lock"
    path.write_text(json.dumps({"version": 1, "components": {"ml/train": entry}}, indent=2))
    return path


def test_the_nearest_lock_names_the_copies(tmp_path: Path) -> None:
    _lock(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)
    copies = Copies()
    copies.find(tmp_path / "a" / "b" / "weekly.py")
    copies.find(tmp_path / "a" / "daily.py")
    assert [copy.release for copy in copies.by_place.values()] == ["ml/train"]
    assert tmp_path / "components" / "ml" / "train" / "component.yaml" in copies.by_place


def test_no_lock_beyond_the_repository_counts(tmp_path: Path) -> None:
    _lock(tmp_path)
    (tmp_path / "a" / ".git").mkdir(parents=True)
    copies = Copies()
    copies.find(tmp_path / "a" / "weekly.py")
    assert copies.by_place == {}


@pytest.mark.parametrize(
    ("requested", "version", "takes"),
    [
        ("^1", "1.3.0", True),
        ("^1", "2.0.0", False),
        ("^0.1", "0.2.0", False),
        ("*", "2.0.0", True),
        (f"sha256:{'0' * 64}", "1.3.0", False),
        ("1.2.0", "1.3.0", False),
        ("not a version @@", "1.3.0", True),
    ],
)
def test_a_request_takes_the_versions_that_it_allows(tmp_path: Path, requested: str, version: str, takes: bool) -> None:  # noqa: FBT001 (a parameter)
    copy = Copy(release="ml/train", entry={"requested": requested}, lock=tmp_path, place=tmp_path)
    assert copy.takes(parse_version(version)) is takes


def test_a_lock_that_comp_wrote_is_understood(tmp_path: Path) -> None:
    release = Release(
        name=Name("ml", "train"),
        version=parse_version("1.2.0"),
        digest=Digest.of(b""),
        image="registry.example.com/train@sha256:" + "0" * 64,
        title="Train",
        description="",
        interface=Interface(),
        published="2026-01-31T12:00:00Z",
    )
    asked = parse_request("ml/train@~1.2").selector
    add_component(release, contract().encode(), requested=asked, registry=parse_place("shared"), folder=tmp_path)
    copies = Copies()
    copies.read(tmp_path / "components.lock")
    (copy,) = copies.by_place.values()
    assert str(copy.request) == "ml/train@~1.2"
    assert (copy.takes(parse_version("1.2.9")), copy.takes(parse_version("1.3.0"))) == (True, False)


def test_places_and_texts(tmp_path: Path) -> None:
    where = place_in_lock(_lock(tmp_path), "ml/train")
    assert (where.line, where.column, where.end_column) == (4, 5, 15)
    assert place_in_lock(_lock(tmp_path), "ml/load").line is None
    assert document_of(tmp_path / "missing.yaml") is None
    (tmp_path / "component.yaml").write_text(contract())
    assert document_of(tmp_path / "component.yaml") is not None
