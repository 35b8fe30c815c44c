"""A component of a registry in a project: places are relative to the lock, wherever the command runs."""

import json
import os
from pathlib import Path

import pytest

from tests.loadable import publish_contract
from toolkit.errors import InputError, UsageError
from toolkit.registry.consuming.adding import Added, Adding, add

ENVIRON = {"COMP_REGISTRIES_FILE": os.devnull}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a registry with ml/train 1.0.0 and 1.1.0 beside a project; the current folder is neither."""
    for version in ("1.0.0", "1.1.0"):
        publish_contract(tmp_path / "shared", version)
    for name in ("project", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "project"


def _add(project: Path, request: str, registry: str | None = "../shared", *, force: bool = False) -> Added:
    every = add([request], folder=project, environ=ENVIRON, registry=registry, adding=Adding(force=force))
    return every[0]


def test_the_place_is_seen_from_the_lock(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added = _add(project, "train@~1.0")
    assert (str(added.release), added.changed) == ("ml/train@1.0.0", True)
    assert added.path == Path("../project/components/ml/train/component.yaml")
    entry = json.loads((project / "components.lock").read_text())["components"]["ml/train"]
    assert (entry["registry"], entry["requested"]) == ("../shared", "~1.0")
    # The name is bound to that registry, also for a process in a third folder.
    monkeypatch.chdir(tmp_path)
    assert str(_add(project, "ml/train@^1", None).release) == "ml/train@1.1.0"
    assert not _add(project, "ml/train@^1", "shared").changed


def test_without_a_registry_it_is_an_error(project: Path) -> None:
    with pytest.raises(UsageError, match="no component registry is named"):
        _add(project, "train", None)


def test_an_edited_copy_stays(project: Path) -> None:
    copy = _add(project, "train@~1.0").path
    copy.write_text("mine\n")
    with pytest.raises(InputError, match="this copy was edited"):
        _add(project, "train@^1")
    assert copy.read_text() == "mine\n"
    added = _add(project, "train@^1", force=True)
    assert (added.changed, added.previous and str(added.previous)) == (True, "1.0.0")
    assert added.kept
    assert added.kept.read_text() == "mine\n"


def test_a_trial_writes_nothing(project: Path) -> None:
    (trial,) = add(["train"], folder=project, environ=ENVIRON, registry="../shared", adding=Adding(dry_run=True))
    assert (trial.path, trial.requested) == (Path("../project/components/ml/train/component.yaml"), "^1.1.0")
    assert trial.changed
    assert list(project.iterdir()) == []


def test_a_trial_ends_as_the_addition_would(project: Path) -> None:
    copy = _add(project, "train@~1.0").path
    lock = (project / "components.lock").read_bytes()
    trial = Adding(dry_run=True)
    (again,) = add(["train@~1.0"], folder=project, environ=ENVIRON, registry="../shared", adding=trial)
    # The same release by another request is another entry of the lock.
    (wider,) = add(["train@1.0.0"], folder=project, environ=ENVIRON, registry="../shared", adding=trial)
    assert (again.changed, wider.changed) == (False, True)
    copy.write_text("mine\n")
    with pytest.raises(InputError, match="this copy was edited"):
        add(["train@^1"], folder=project, environ=ENVIRON, registry="../shared", adding=trial)
    forced = Adding(dry_run=True, force=True)
    (taken,) = add(["train@^1"], folder=project, environ=ENVIRON, registry="../shared", adding=forced)
    assert (taken.changed, taken.kept) == (True, None)
    assert (copy.read_text(), (project / "components.lock").read_bytes()) == ("mine\n", lock)


def test_all_are_found_before_the_first_is_written(project: Path) -> None:
    with pytest.raises(InputError, match="has no component absent"):
        add(["train", "absent"], folder=project, environ=ENVIRON, registry="../shared")
    assert list(project.iterdir()) == []
