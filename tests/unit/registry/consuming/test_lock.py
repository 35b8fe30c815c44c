"""`components.lock`: what it says, and which files are none."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import InputError
from toolkit.registry.consuming.lock import (
    ENTRY_KEYS,
    LOCK_KEYS,
    ComponentsLock,
    find_lock,
    mirrors_above,
    read_lock,
    write_lock,
    written_place,
)
from toolkit.registry.names import parse_request
from toolkit.registry.place import parse_place

DIGEST = "sha256:" + "0" * 64
ENTRY = {
    "version": "1.2.0",
    "digest": DIGEST,
    "image": f"registry.example.com/train@{DIGEST}",
    "requested": "^1",
    "registry": "../shared",
    "path": "components/ml/train/component.yaml",
}


def write(folder: Path, changes: dict[str, Any] | None = None, **more: object) -> ComponentsLock:
    entry = {key: value for key, value in (ENTRY | (changes or {})).items() if value is not None}
    document = {"version": 1, "components": {"ml/train": entry}, **more}
    (folder / "components.lock").write_text(json.dumps(document))
    return read_lock(folder)


def test_an_entry_is_read_with_its_types(tmp_path: Path) -> None:
    lock = write(tmp_path, images={"a": f"b@{DIGEST}"})
    (entry,) = lock.components.values()
    assert (str(entry), str(entry.digest), str(entry.request)) == ("ml/train@1.2.0", DIGEST, "ml/train@^1")
    assert lock.copy_of(entry) == tmp_path / "components/ml/train/component.yaml"
    assert lock.bindings() == {"ml/train": parse_place(str(tmp_path.parent / "shared"))}
    assert (lock.image("a"), lock.image("c")) == (f"b@{DIGEST}", "c")
    assert set(entry.to_dict()) == set(ENTRY_KEYS)
    assert set(json.loads(lock.to_bytes())) == set(LOCK_KEYS)


def test_a_request_is_compared_with_version_and_digest(tmp_path: Path) -> None:
    (entry,) = write(tmp_path).components.values()
    for request in ("train", "train@^1", "train@1.2.0", f"train@{DIGEST}", f"train@^1#{DIGEST}"):
        assert entry.satisfies(parse_request(request)), request
    other = f"sha256:{'1' * 64}"
    for request in ("train@^2", "train@1.0.0", f"train@{other}", f"train@1.2.0#{other}"):
        assert not entry.satisfies(parse_request(request)), request


def test_a_prerelease_is_any_version(tmp_path: Path) -> None:
    (entry,) = write(tmp_path, {"version": "2.0.0-rc.1"}).components.values()
    assert entry.satisfies(parse_request("train"))
    assert not entry.satisfies(parse_request("train@^1"))


def test_what_a_newer_comp_wrote_stays(tmp_path: Path) -> None:
    lock = write(tmp_path, {"signed": True}, origin={"x": 1})
    write_lock(lock)
    document = json.loads((tmp_path / "components.lock").read_text())
    assert (document["origin"], document["components"]["ml/train"]["signed"]) == ({"x": 1}, True)
    assert read_lock(tmp_path) == lock


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "1"}, "'1' is not a semantic version"),
        ({"digest": "sha256:0"}, "not a sha256 digest: 'sha256:0'"),
        ({"digest": None}, "digest of ml/train is None, expected a text"),
        ({"image": 5}, "image of ml/train is 5, expected a text"),
        ({"requested": "1.x"}, "'1.x' is not a version or a range"),
        (
            {"path": "../../.bashrc"},
            "path of ml/train is '../../.bashrc', expected a relative one that ends in ml/train",
        ),
        ({"path": "nlp/train/component.yaml"}, "path of ml/train is 'nlp/train/component.yaml'"),
        ({"path": "/etc/ml/train/component.yaml"}, "path of ml/train is '/etc/ml/train/component.yaml'"),
        (
            {"path": "../x/ml/train/component.yaml"},
            "path of ml/train is '../x/ml/train/component.yaml', which leads out of",
        ),
    ],
)
def test_an_entry_that_is_none(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"not a components.lock: {message}")) as caught:
        write(tmp_path, changes)
    assert str(caught.value.where) == str(tmp_path / "components.lock")


def test_a_copy_may_lie_beside_the_project_in_its_repository(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / ".git").mkdir()
    lock = write(project, {"path": "../shared/ml/train/component.yaml"})
    assert lock.copy_of(lock.components["ml/train"]) == tmp_path / "shared/ml/train/component.yaml"


def test_a_folder_of_copies_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    for folder in (project, outside):
        folder.mkdir()
    (project / "components").symlink_to(outside)
    with pytest.raises(InputError, match="which leads out of"):
        write(project)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "images is not a table of texts"),
        ({"a": 1}, "images: '1' is not an image by digest"),
        ({"a": "b:1"}, "images: 'b:1' is not an image by digest"),
        ({ENTRY["image"]: "b@sha256:" + "1" * 64}, "it has another digest"),
    ],
)
def test_images_that_are_no_copies(tmp_path: Path, images: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write(tmp_path, images=images)


def test_the_place_of_a_registry_that_is_none(tmp_path: Path) -> None:
    lock = write(tmp_path, {"registry": "ftp://h/x"})
    with pytest.raises(InputError, match="ftp:// is not a component registry"):
        lock.bindings()


def test_the_nearest_lock_up_to_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    deep = tmp_path / "repository" / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    (tmp_path / "components.lock").write_text("{}")
    assert find_lock(Path()) == Path("../..")
    (tmp_path / "repository" / "a" / "pyproject.toml").touch()
    assert find_lock(Path()) == Path("..")
    (tmp_path / "repository" / "components.lock").write_text("{}")
    assert find_lock(Path()) == Path("../..")
    (deep / "components.lock").write_text("{}")
    assert find_lock(Path()) == Path()


def test_names_of_a_lock(tmp_path: Path) -> None:
    lock = write(tmp_path)
    (entry,) = lock.components.values()
    assert lock.chosen(["train"]) == lock.chosen(["ml/train"]) == lock.chosen([]) == [entry]
    with pytest.raises(InputError, match="has no component ml/trian") as caught:
        lock.chosen(["ml/trian"])
    assert caught.value.hint == "did you mean 'ml/train'?"


def test_a_removed_component_takes_its_mirror_along(tmp_path: Path) -> None:
    lock = write(tmp_path, images={ENTRY["image"]: f"mirror@{DIGEST}", "other": f"kept@{DIGEST}"})
    left = lock.without(*lock.components.values())
    assert (dict(left.components), dict(left.images)) == ({}, {"other": f"kept@{DIGEST}"})


def test_the_mirrors_of_the_lock_above(tmp_path: Path) -> None:
    assert mirrors_above(tmp_path) == {}
    write(tmp_path, images={"a": f"b@{DIGEST}"})
    (tmp_path / "deep").mkdir()
    assert mirrors_above(tmp_path / "deep") == {"a": f"b@{DIGEST}"}


def test_a_place_is_written_without_a_login_and_from_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert written_place(parse_place("shared"), Path("..")) == f"{tmp_path.name}/shared"
    assert written_place(parse_place("/srv/shared"), Path("..")) == "/srv/shared"
    assert written_place(parse_place("https://ann:secret@h/x/"), Path()) == "https://h/x"
    assert written_place(parse_place("git+https://ann:secret@h/x#main"), Path()) == "git+https://h/x#main"


def test_the_copy_of_an_image_that_a_mirror_has(tmp_path: Path) -> None:
    lock = write(tmp_path)
    image, copy = ENTRY["image"], f"inner.example/train@{DIGEST}"
    noted = lock.with_image(image, copy)
    write_lock(noted)
    assert read_lock(tmp_path).image(image) == copy
    assert noted.with_image(image, None) == lock
