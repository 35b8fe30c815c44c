"""What `toolkit.load` loads: the lock decides, and what it lacks is added, or refused."""

import json
import logging
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.loadable import IMAGE, contract, publish_contract
from toolkit.errors import InputError, UsageError
from toolkit.pipelines.locked_load import Load, LoadRequest, load_release

PIN = "ml/train@^1"


class Project:
    """A project beside a registry, and loads from a folder of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.lock = self.folder / "components.lock"
        self.request = LoadRequest(request="ml/train@^1", folders=(self.folder / "src",))
        self.environ = {
            "COMP_REGISTRIES_FILE": os.devnull,
            "COMP_CACHE_DIR": str(folder / "cache"),
            "COMP_REGISTRY": str(folder / "shared"),
        }
        (self.folder / "src").mkdir(parents=True)
        (self.folder / ".git").mkdir()

    def load(self, text: str = PIN, locked: object = None, **environ: str) -> Load:
        return load_release(replace(self.request, request=text, locked=locked), {**self.environ, **environ})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    publish_contract(tmp_path / "shared", "1.0.0")
    return Project(tmp_path)


def test_what_is_missing_is_locked_and_stays(
    project: Project, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "toolkit")
    assert project.load().text == contract("1.0.0").decode()
    assert [record.getMessage() for record in caplog.records][-1].startswith("locked ml/train@1.0.0 in ")
    publish_contract(tmp_path / "shared", "1.1.0")
    caplog.clear()
    assert str(project.load().entry) == "ml/train@1.0.0"
    assert str(project.load("train").entry) == "ml/train@1.0.0"
    assert caplog.records == []


def test_another_version_than_the_locked_is_an_error_with_the_command(project: Project, tmp_path: Path) -> None:
    project.load()
    publish_contract(tmp_path / "shared", "2.0.0")
    with pytest.raises(
        InputError, match=r"ml/train is locked at 1\.0\.0, which 'ml/train@\^2' does not allow"
    ) as caught:
        project.load("ml/train@^2")
    assert caught.value.where
    assert caught.value.where.path == project.lock
    assert (caught.value.hint or "").endswith("/project && comp add ml/train@^2")


@pytest.mark.parametrize(
    ("locked", "environ", "reason"),
    [
        (True, {}, "locked=True"),
        (True, {"COMP_LOCKED": "0"}, "locked=True"),
        (None, {"COMP_LOCKED": "1"}, "COMP_LOCKED=1"),
        (None, {"CI": "true"}, "CI=true"),
    ],
)
def test_nothing_is_added_where_that_is_not_allowed(
    project: Project, locked: object, environ: dict[str, str], reason: str
) -> None:
    with pytest.raises(InputError, match=f"ml/train@.1 is not in the lock, and {reason} allows no other") as caught:
        project.load(PIN, locked, **environ)
    assert "comp add ml/train@^1; then commit components.lock" in (caught.value.hint or "")
    assert not project.lock.exists()
    project.load(locked=False)
    assert project.load(PIN, locked, **environ).text, "a locked release is loaded all the same"


@pytest.mark.parametrize("environ", [{"CI": "true", "COMP_LOCKED": "0"}, {"CI": "false"}, {"COMP_LOCKED": ""}])
def test_it_is_added_where_that_is_allowed(project: Project, environ: dict[str, str]) -> None:
    assert project.load(**environ).text


def test_another_word_is_not_understood(project: Project) -> None:
    with pytest.raises(UsageError, match="COMP_LOCKED is 'perhaps', expected true or false"):
        project.load(COMP_LOCKED="perhaps")


def test_a_place_is_named_in_terms_of_code(project: Project) -> None:
    with pytest.raises(UsageError, match="no component registry is named") as caught:
        project.load(COMP_REGISTRY="")
    assert "load(…, registry=PLACE)" in (caught.value.hint or "")


def test_the_nearest_lock_of_the_folders_counts(project: Project, tmp_path: Path) -> None:
    project.load()
    (tmp_path / "outside").mkdir()
    request = replace(project.request, folders=(tmp_path / "outside", project.folder), locked=True)
    assert load_release(request, project.environ).lock == project.lock
    alone = replace(request, lock=tmp_path / "outside" / "components.lock")
    with pytest.raises(InputError, match="is not in the lock"):
        load_release(alone, project.environ)


def test_a_registry_in_the_request_is_the_one_of_the_lock(project: Project, tmp_path: Path) -> None:
    project.load()
    publish_contract(tmp_path / "other", "1.5.0")
    settings = f'[tool.comp.registries]\nours = "{tmp_path}/shared"\ntheirs = "{tmp_path}/other"\n'
    (project.folder / "pyproject.toml").write_text(settings)
    assert str(project.load("ours:ml/train@^1").entry) == "ml/train@1.0.0"
    with pytest.raises(InputError, match=r"ml/train was added from .*/shared, and theirs is .*/other"):
        project.load("theirs:ml/train@^1")


def test_a_missing_copy_is_fetched_and_has_the_image_of_a_mirror(project: Project) -> None:
    project.load().copy.unlink()
    document = json.loads(project.lock.read_text())
    mirror = f"mirror.example.com/train@sha256:{'0' * 64}"
    project.lock.write_text(json.dumps({**document, "images": {IMAGE: mirror}}))
    load = project.load()
    assert (load.image, load.copy.exists()) == (mirror, False)
    assert load.text == contract("1.0.0").decode().replace(IMAGE, mirror)
