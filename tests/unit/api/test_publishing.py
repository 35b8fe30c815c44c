import os
from pathlib import Path

import pytest

import toolkit
from toolkit.api.publishing import Publisher
from toolkit.errors import InputError
from toolkit.registry.publishing.foreign_contract import Chosen

PROJECT = '[project]\nname = "train-model"\nversion = "%s"\n\n[tool.comp]\ncommand = ["train"]\nnamespace = "ml"\n'
CONTRACT = """\
name: Train model
description: Fit a classifier.
inputs:
- {name: c, type: Float, default: '1.0', description: Strength.}
implementation:
  container:
    image: registry.example.com/ml/train@sha256:%s
    command: [train, {inputValue: c}]
""" % ("0" * 64)
ENVIRON = {"COMP_REGISTRIES_FILE": os.devnull, "SOURCE_DATE_EPOCH": "0"}


def test_components_are_published_once(tmp_path: Path) -> None:
    folder = tmp_path / "train_model"
    folder.mkdir()
    (folder / "component.yaml").write_text(CONTRACT)
    (folder / "pyproject.toml").write_text(PROJECT % "1.0.0")

    def publish(*, dry_run: bool = False) -> tuple[str, bool]:
        place = str(tmp_path / "shared")
        (done,) = toolkit.publish(folder, registry=place, image_check=False, dry_run=dry_run, environ=ENVIRON)
        return str(done.release), done.new

    assert publish(dry_run=True) == ("ml/train-model@1.0.0", True)
    assert publish() == ("ml/train-model@1.0.0", True)
    assert publish() == ("ml/train-model@1.0.0", False)
    (folder / "component.yaml").write_text(CONTRACT.replace("Strength", "Power"))
    with pytest.raises(InputError, match="is published already with other content"):
        publish()


def _component(tmp_path: Path, contract: str) -> Path:
    folder = tmp_path / "train_model"
    folder.mkdir()
    (folder / "component.yaml").write_text(contract)
    (folder / "pyproject.toml").write_text(PROJECT % "1.0.0")
    return folder


def _publisher(tmp_path: Path, *, namespace: str | None = None, dry_run: bool = False) -> Publisher:
    return Publisher.of(
        ENVIRON,
        registry=str(tmp_path / "shared"),
        namespace=namespace,
        by=None,
        branch=None,
        accept_breaking=False,
        image_check=False,
        dry_run=dry_run,
    )


def test_a_build_pins_before_the_release_is_made(tmp_path: Path) -> None:
    folder = _component(tmp_path, CONTRACT.partition("@")[0] + ":1\n    command: [train, {inputValue: c}]\n")
    built: list[str] = []
    (planned,) = _publisher(tmp_path, dry_run=True).publish_folder(folder, lambda project: built.append(project.name))
    assert (planned.new, built, (tmp_path / "shared").exists()) == (True, ["train-model"], False)

    def build(_: object) -> None:
        (folder / "component.yaml").write_text(CONTRACT)

    (done,) = _publisher(tmp_path).publish_folder(folder, build)
    assert (done.new, done.release.image) == (True, f"registry.example.com/ml/train@sha256:{'0' * 64}")


def test_what_fails_without_a_build_fails_before_it(tmp_path: Path) -> None:
    folder = _component(tmp_path, CONTRACT.replace("Float", "Flaot{"))

    def build(_: object) -> None:
        pytest.fail("it was built")

    with pytest.raises(InputError):
        _publisher(tmp_path).publish_folder(folder, build)


def test_a_contract_alone(tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text(CONTRACT)
    publisher = _publisher(tmp_path, namespace="ml")
    chosen = Chosen(namespace="ml", published=publisher.published, name="train", version="1.0.0")
    done = publisher.publish_contract(str(tmp_path / "train.yaml"), chosen)
    assert (str(done.release), done.new, done.registry) == ("ml/train@1.0.0", True, str(tmp_path / "shared"))
