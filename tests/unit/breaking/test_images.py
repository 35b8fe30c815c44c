import json
from pathlib import Path
from typing import Any

import pytest

from tests.versions_of_contracts import contract, document
from toolkit.breaking.change import Category
from toolkit.breaking.images import InImage
from toolkit.breaking.survey import survey
from toolkit.errors import InputError
from toolkit.spec.protocol import interface_document

OLD = contract(
    "{name: table, type: Dataset, description: Rows}, {name: rate, type: Float, default: '0.1'}",
    "{name: model, type: Model}",
    version="1.2.0",
)


def _image(*texts: str, **more: Any) -> InImage:  # noqa: ANN401 (fields of several types)
    """Return an image as `comp build` makes it from contracts."""
    entries = [(f"c{number}", document(text).spec.interface) for number, text in enumerate(texts)]
    return InImage(image="h.io/train:1", components=json.loads(interface_document(entries))["components"], **more)


def _rules(folder: Path, image: InImage, new: str) -> list[str]:
    path = folder / "component.yaml"
    path.write_text(new)
    found = survey([path], image, category=Category.PIPELINE)
    return [finding.rule for finding in found.all_findings()]


def test_the_same_interface_has_no_change(tmp_path: Path) -> None:
    assert _rules(tmp_path, _image(OLD), OLD) == []
    # The image says nothing about words.
    assert _rules(tmp_path, _image(OLD), OLD.replace("Rows", "Lines").replace("Train", "Fit")) == []


def test_changes_of_the_interface_are_found_with_the_versions(tmp_path: Path) -> None:
    image = _image(OLD, version="1.2.0")
    assert _rules(tmp_path, image, OLD.replace("name: table", "name: data")) == ["B102", "V601"]
    assert _rules(tmp_path, image, OLD.replace("0.1", "0.2").replace("1.2.0", "1.3.0")) == ["B106"]
    assert _rules(tmp_path, image, OLD.replace("type: Model", "type: Dataset").replace("1.2.0", "1.2.1")) == [
        "B203",
        "V602",
    ]


def test_the_launchers_word_names_the_component(tmp_path: Path) -> None:
    image = _image(OLD, contract("{name: other}"))
    assert _rules(tmp_path, image, OLD.replace("[c]", "[python, launch.py, c0]")) == []
    assert _rules(tmp_path, image, OLD.replace("[c]", "[python, launch.py, c1]")) != []
    with pytest.raises(InputError, match=r"does not have this component, only c0, c1"):
        _rules(tmp_path, image, OLD)


def test_an_image_of_others_has_no_contract(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no contract in it: comp did not build it"):
        _rules(tmp_path, InImage(image="python:3.11", components={}), OLD)


@pytest.mark.parametrize("damaged", [{}, {"inputs": 3, "outputs": []}, {"inputs": [{"name": "a"}], "outputs": []}])
def test_a_damaged_image_is_an_error(tmp_path: Path, damaged: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="is damaged"):
        _rules(tmp_path, InImage(image="h.io/train:1", components={"c0": damaged}), OLD)


def test_a_platform_that_is_gone_breaks(tmp_path: Path) -> None:
    settings = '[project]\nname = "c0"\nversion = "1.2.0"\n[tool.comp]\ncommand = ["c"]\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    assert _rules(tmp_path, _image(OLD, available=("linux/amd64", "linux/arm64")), OLD) == ["B302", "V601"]
    assert _rules(tmp_path, _image(OLD, available=("linux/amd64",)), OLD) == []
