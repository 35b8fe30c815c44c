import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.catalogues import TRAIN, publish, small_registry
from toolkit.catalogue import workshop
from toolkit.catalogue.component_page import Subject
from toolkit.catalogue.workshop import Made, Order, make_all
from toolkit.registry.folder.directory import Directory
from toolkit.system.workers import in_processes

ORDER = Order(title="Shared", place=None, artifact_hub=True)


def _subjects(registry: Directory) -> list[Subject]:
    return [Subject(entry=entry) for entry in registry.entries()]


def _made(registry: Directory) -> dict[str, Made]:
    return {subject.entry.name: files for subject, files in make_all(registry, _subjects(registry), ORDER)}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a few subjects be many, and note how many processes are started."""
    jobs: list[int] = []

    def noted(*work: Any, **options: Any) -> Iterator[Any]:  # noqa: ANN401 (as they are)
        jobs.append(options["jobs"])
        return in_processes(*work, **options)

    monkeypatch.setattr("toolkit.catalogue.workshop.in_processes", noted)
    monkeypatch.setattr(workshop, "_FEW", 2)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    return jobs


def test_few_files_are_made_here(tmp_path: Path) -> None:
    made = _made(small_registry(tmp_path))
    assert list(made) == ["data/load-table", "ml/score", "ml/train-model"]
    assert "artifact-hub/ml-score/1.0.0/artifacthub-pkg.yml" in (made["ml/score"] or {})
    assert "c/ml/score.html" in (made["ml/score"] or {})


def test_processes_make_the_same_files(tmp_path: Path, started: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    registry = small_registry(tmp_path)
    made = _made(registry)
    assert started == [2]
    monkeypatch.setattr(workshop, "_FEW", 100)
    assert made == _made(registry)
    assert started == [2]


def test_what_fails_in_a_process_is_named(tmp_path: Path, started: list[int], caplog: pytest.LogCaptureFixture) -> None:
    registry = small_registry(tmp_path)
    release = publish(registry, "ml/new", "1.0.0", TRAIN)
    (blob,) = (tmp_path / "blobs").rglob(release.digest.hex)
    blob.write_text("{")
    with caplog.at_level(logging.WARNING):
        made = _made(registry)
    assert [name for name, files in made.items() if files is None] == ["ml/new"]
    assert caplog.text.count("ml/new cannot be shown: ") == 1
    assert len(started) == 1
