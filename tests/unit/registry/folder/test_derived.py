from collections.abc import Callable
from pathlib import Path

import pytest

from tests.releases import publish, release
from toolkit.registry.folder import derived, layout
from toolkit.registry.folder.directory import PENDING, Directory
from toolkit.registry.folder.index import index_bytes, index_line, read_index
from toolkit.registry.folder.storage import Storage
from toolkit.registry.marks import Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")
NEWEST = parse_version("1.1.0")


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    made = Directory.create(tmp_path)
    for version in ("1.0.0", "1.1.0"):
        publish(made, release(version))
    return made


def _versions(registry: Directory) -> list[str]:
    return list(map(str, read_index((registry.root / layout.index(TRAIN)).read_bytes(), TRAIN)))


def test_a_line_is_added_without_reading_the_releases_before(registry: Directory) -> None:
    """So that publishing takes no longer for a component with many versions."""
    old = registry.root / layout.record(TRAIN, parse_version("1.0.0"))
    kept, content = old.rename(registry.root / "kept"), old.parent
    (content / "1.0.0.json").write_text("never read")
    publish(registry, release("2.0.0"))
    assert _versions(registry) == ["1.0.0", "1.1.0", "2.0.0"]
    kept.replace(old)
    assert next(registry.entries()).versions == 3


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"<html>",
        index_bytes([index_line(release("9.0.0"), b"")]),
        index_bytes([index_line(release("1.0.0", name="other"), b"")]),
    ],
)
def test_an_index_that_lies_is_made_again_by_the_next_publish(registry: Directory, damaged: bytes) -> None:
    (registry.root / layout.index(TRAIN)).write_bytes(damaged)
    publish(registry, release("2.0.0"))
    assert _versions(registry) == ["1.0.0", "1.1.0", "2.0.0"]


@pytest.mark.parametrize("damaged", [None, b"", b"<html>", b"\x1f\x8b\x08\x00"])
def test_a_damaged_catalogue_is_made_again_by_the_next_publish(registry: Directory, damaged: bytes | None) -> None:
    publish(registry, release(name="other"))
    path = registry.root / layout.CATALOGUE
    before = path.read_bytes()
    path.unlink() if damaged is None else path.write_bytes(damaged)
    publish(registry, release())
    assert path.read_bytes() == before


def test_a_yanked_release_is_not_the_newest_one(registry: Directory) -> None:
    newest = registry.root / layout.newest(TRAIN)
    before = newest.read_bytes()
    yank = Yank(reason="broken", at="2026-02-01T12:00:00Z")
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(NEWEST, yank))
    assert newest.read_bytes() == (registry.root / layout.tagged(TRAIN, parse_version("1.0.0"))).read_bytes()
    assert next(registry.entries()).version == "1.0.0"
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(NEWEST, None))
    assert newest.read_bytes() == before


def test_damaged_marks_stop_no_publisher(registry: Directory, caplog: pytest.LogCaptureFixture) -> None:
    (registry.root / layout.marks(TRAIN)).write_text("{")
    assert publish(registry, release("2.0.0"))
    assert "marks.json are damaged" in caplog.text
    assert next(registry.entries()).version == "2.0.0"


def test_a_component_without_releases_has_no_derived_files(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    registry.change_marks(TRAIN, lambda _: Marks())
    assert not list(registry.entries())
    assert not (tmp_path / layout.index(TRAIN)).exists()


def test_everything_is_made_again_from_records(registry: Directory) -> None:
    publish(registry, release(name="other"))
    files = {path: path.read_bytes() for path in registry.root.rglob("*") if path.is_file()}
    made = [
        path for path in files if {"v", "blobs"}.isdisjoint(path.parts) and path.name not in {"config.json", ".lock"}
    ]
    assert len(made) > 5
    for path in made:
        path.unlink()
    derived.rebuild_all(registry, Storage(registry.root), registry.names())
    assert {path: path.read_bytes() for path in registry.root.rglob("*") if path.is_file()} == files


def _stray(root: Path) -> None:
    (root / layout.records(TRAIN) / "notes.json").write_text("{}")


def _link(root: Path) -> None:
    folder = root / layout.component(TRAIN)
    folder.symlink_to(folder.rename(root.parent / "elsewhere"))
    # So that something has to be written there.
    (folder / "component.yaml").unlink()


@pytest.mark.parametrize("damage", [_stray, _link])
def test_the_damaged_folder_of_a_component_stops_no_work_on_others(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    registry = Directory.create(tmp_path / "shared")
    publish(registry, release())
    publish(registry, release(name="other"))
    damage(registry.root)
    # As a publisher of the component leaves it that is killed.
    (registry.root / PENDING).write_text(str(TRAIN))
    assert publish(registry, release("1.1.0", name="other"))
    assert not (registry.root / PENDING).exists()
    assert "a file that is not a record" in caplog.text or "outside of" in caplog.text
    (registry.root / layout.index(Name("ml", "other"))).unlink()
    assert registry.reindex() == 2
    assert (registry.root / layout.index(Name("ml", "other"))).exists()
