import os
from pathlib import Path

import pytest

import toolkit
from tests.loadable import publish_contract
from toolkit.errors import InputError, UsageError

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


def test_components_are_found_and_added(tmp_path: Path) -> None:
    publish_contract(tmp_path / "shared", "1.0.0")
    place = str(tmp_path / "shared")
    found = toolkit.search("train", produces=["Model"], registry=place, environ=ENVIRON)
    assert [(hit.entry.name, hit.entry.version) for hit in found.hits] == [("ml/train", "1.0.0")]
    assert toolkit.search("absent", registry=place, environ=ENVIRON).hits == ()
    (tmp_path / "project").mkdir()
    said: list[str] = []
    (added,) = toolkit.add(
        "ml/train@^1",
        registry=place,
        folder=tmp_path / "project",
        environ=ENVIRON,
        announce=lambda each: said.append(str(each.release)),
    )
    assert (added.changed, said) == (True, ["ml/train@1.0.0"])
    assert added.path.resolve() == tmp_path / "project" / "components" / "ml" / "train" / "component.yaml"
    with pytest.raises(UsageError, match="no component registry is named"):
        toolkit.search("train", folder=tmp_path, environ=ENVIRON)


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
