from pathlib import Path

import pytest

from tests.releases import publish, release
from toolkit.registry.folder.directory import Directory
from toolkit.registry.git.rows import entries
from toolkit.registry.names import Name

TRAIN, CLEAN = Name("ml", "train"), Name("ml", "clean")


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    registry = Directory.create(tmp_path / "registry")
    for name in ("train", "clean"):
        publish(registry, release(name=name))
    return registry


def test_rows_are_kept_by_the_id_of_a_folder(registry: Directory, tmp_path: Path) -> None:
    kept = tmp_path / "rows"
    assert [entry.name for entry in entries(registry, {TRAIN: "1", CLEAN: "1"}, kept)] == ["ml/clean", "ml/train"]
    publish(registry, release("2.0.0"))
    # With the same id nothing is read again.
    assert [entry.version for entry in entries(registry, {TRAIN: "1", CLEAN: "1"}, kept)] == ["1.0.0", "1.0.0"]
    assert [entry.version for entry in entries(registry, {TRAIN: "2"}, kept)] == ["2.0.0"]
    assert kept.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("damaged", [b"", b"{}\n", b"\xff", b"[" * 10_000])
def test_damaged_rows_are_made_again(registry: Directory, tmp_path: Path, damaged: bytes) -> None:
    kept = tmp_path / "rows"
    kept.write_bytes(damaged)
    assert [entry.name for entry in entries(registry, {TRAIN: "1"}, kept)] == ["ml/train"]
    assert b'"ml/train"' in kept.read_bytes()


def test_a_place_that_cannot_be_written_only_costs_time(registry: Directory, tmp_path: Path) -> None:
    assert [entry.name for entry in entries(registry, {TRAIN: "1"}, tmp_path / "registry" / "config.json" / "x")]


def test_a_component_without_a_sound_release_is_looked_at_again(registry: Directory, tmp_path: Path) -> None:
    kept = tmp_path / "rows"
    assert [*entries(registry, {Name("ml", "none"): "1"}, kept)] == []
    publish(registry, release(name="none"))
    assert [entry.name for entry in entries(registry, {Name("ml", "none"): "1"}, kept)] == ["ml/none"]
