"""A component of a registry, straight to a run."""

import json
import os
from pathlib import Path

import pytest

from tests.releases import IMAGE, contract_of, publish, release
from toolkit.errors import InputError
from toolkit.registry.consuming.vendored import add_component
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Deprecation, Yank
from toolkit.registry.names import Name
from toolkit.registry.place import parse_place
from toolkit.registry.semver import parse_version
from toolkit.runners.released import Released, contract_file, find_release, is_release

AT = "2026-02-01T12:00:00Z"
MIRROR = "mirror.example/train@sha256:" + "0" * 64


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Directory:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text('[tool.comp.registries]\nshared = "shared"\n')
    directory = Directory.create(Path("shared"))
    put(directory, "1.0.0")
    put(directory, "1.1.0")
    return directory


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"COMP_REGISTRIES_FILE": os.devnull, "COMP_CACHE_DIR": str(tmp_path / "cache")}


def put(registry: Directory, version: str) -> None:
    content = contract_of(version)
    publish(registry, release(version, content=content), content=content)


def locked(version: str) -> None:
    content = contract_of(version)
    new = release(version, content=content)
    add_component(new, content, requested="^1", registry=parse_place("shared"), folder=Path())


def found(text: str, environ: dict[str, str], registry: str | None = None) -> Released:
    return find_release(text, folder=Path(), environ=environ, registry=registry)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ml/train", True),
        ("ml/train@^1", True),
        ("train@1.0.0", True),
        ("shared:train", True),
        ("train", False),
        ("shared", False),
        ("./ml/train", False),
        ("ml/train/component.yaml", False),
        ("ml/train.yaml", False),
        ("Ml/Train", False),
        ("a/b/c", False),
    ],
)
def test_what_is_a_release(text: str, environ: dict[str, str], expected: bool) -> None:  # noqa: FBT001 (a parameter)
    assert is_release(text, folder=Path(), environ=environ, registry=None) is expected


def test_a_path_comes_first(environ: dict[str, str]) -> None:
    Path("ml/train").mkdir(parents=True)
    assert not is_release("ml/train", folder=Path(), environ=environ, registry=None)


def test_without_a_registry_a_name_is_a_path(environ: dict[str, str]) -> None:
    Path("pyproject.toml").unlink()
    assert not is_release("ml/train", folder=Path(), environ=environ, registry=None)
    assert is_release("ml/train", folder=Path(), environ=environ, registry="shared")
    locked("1.0.0")
    assert is_release("ml/train", folder=Path(), environ=environ, registry=None)


def test_the_newest_one_without_a_lock(environ: dict[str, str]) -> None:
    assert found("ml/train", environ).origin == "ml/train@1.1.0 of shared (shared)"
    assert found("train@1.0.0", environ).contract == contract_of("1.0.0").decode()
    assert found("shared:train@^1", environ).origin == "ml/train@1.1.0 of shared (shared)"


def test_the_locked_one_if_it_is_asked_for(environ: dict[str, str]) -> None:
    locked("1.0.0")
    for text in ("ml/train", "ml/train@^1", "train@1.0.0"):
        assert found(text, environ).origin == "ml/train@1.0.0 of components.lock"
    assert found("ml/train@^1.1", environ).origin == "ml/train@1.1.0 of shared (shared)"
    Directory.create(Path("evil"))
    with pytest.raises(InputError, match="ml/train was added from shared, and --registry is evil"):
        found("ml/train", environ, registry="evil")


def test_an_edited_copy_is_not_run_as_the_release(environ: dict[str, str]) -> None:
    locked("1.0.0")
    Path("components/ml/train/component.yaml").write_bytes(contract_of("1.0.0", mine="String"))
    with pytest.raises(InputError, match=r"this copy of ml/train 1\.0\.0 was edited"):
        found("ml/train", environ)


def test_a_mirrors_image_is_run(environ: dict[str, str]) -> None:
    locked("1.0.0")
    path = Path("components.lock")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"images": {IMAGE: MIRROR}}))
    for text in ("ml/train", "ml/train@1.1.0"):
        assert f"image: {MIRROR}\n" in found(text, environ).contract


def test_the_copy_of_a_mirror_is_run(registry: Directory, environ: dict[str, str]) -> None:
    registry.change_marks(Name("ml", "train"), lambda marks: marks.with_images({IMAGE: MIRROR}))
    assert f"image: {MIRROR}\n" in found("ml/train", environ).contract


def test_marks_are_said(registry: Directory, environ: dict[str, str]) -> None:
    name = Name("ml", "train")
    registry.change_marks(name, lambda marks: marks.with_yank(parse_version("1.1.0"), Yank(reason="it leaks", at=AT)))
    registry.change_marks(name, lambda marks: marks.with_deprecation(Deprecation(reason="old", at=AT)))
    said: list[str] = []
    find_release("train@1.1.0", folder=Path(), environ=environ, registry=None, remark=said.append)
    assert said == ["ml/train@1.1.0 is yanked: it leaks", "ml/train is deprecated: old"]
    assert found("train", environ).origin == "ml/train@1.0.0 of shared (shared)"


def test_the_contract_is_a_file_for_a_while(environ: dict[str, str]) -> None:
    with contract_file(found("train", environ)) as path:
        assert path.parts[-2:] == ("train", "component.yaml")
        assert path.read_bytes() == contract_of("1.1.0")
    assert not path.exists()


def test_a_name_that_is_a_path_is_refused(registry: Directory, environ: dict[str, str]) -> None:
    content = contract_of("2.0.0") + b"    fileOutputs: {../x: /a}\noutputs: [{name: ../x}]\n"
    publish(registry, release("2.0.0", content=content), content=content)
    with pytest.raises(InputError, match="which cannot name a file"):
        found("train", environ)
