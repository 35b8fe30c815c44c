"""A contract and the interface that its image has."""

import json
from pathlib import Path
from typing import Any

import pytest

from toolkit.spec.image_interface import image_differences
from toolkit.spec.model import ComponentSpec
from toolkit.spec.protocol import interface_document
from toolkit.spec.reader import parse_component

CONTRACT = """\
name: Train
inputs:
- {name: data, type: Dataset}
- {name: rounds, type: Integer, default: '3'}
- {name: note, type: String, optional: true}
outputs:
- {name: model, type: Model}
implementation:
  container:
    image: a/b:1
    command: [/opt/comp/venv/bin/python, /opt/comp/launch.py, train]
    args: [--data, {inputPath: data}, --rounds, {inputValue: rounds}, --outputs, --model, {outputPath: model}]
"""

DEFAULT = "the default of the input 'rounds'"
RUNS = "the contract runs the component"


def spec(old: str = "", new: str = "") -> ComponentSpec:
    assert old in CONTRACT
    return parse_component(CONTRACT.replace(old, new), Path("component.yaml"))


def image(contract: ComponentSpec, name: str = "train") -> dict[str, Any]:
    """Return the components of an image that was built from a contract."""
    components = json.loads(interface_document([(name, contract.interface)]))["components"]
    assert isinstance(components, dict)
    return components


def test_an_image_has_the_interface_of_its_contract() -> None:
    assert list(image_differences(spec(), image(spec()))) == []


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ("- {name: data, type: Dataset}\n", "", ["the image needs the input 'data', which the contract lacks"]),
        # The launcher knows what to do without these.
        ("- {name: rounds, type: Integer, default: '3'}\n", "", []),
        ("- {name: note, type: String, optional: true}\n", "", []),
        (
            "outputs:\n- {name: model, type: Model}\n",
            "outputs:\n- {name: best, type: Model}\n",
            [
                "the image has no output 'best', which the contract passes",
                "the image needs the output 'model', which the contract lacks",
            ],
        ),
        ("note, type", "remark, type", ["the image has no input 'remark', which the contract passes"]),
        (
            "rounds, type: Integer",
            "rounds, type: Float",
            ["the type of the input 'rounds' is 'Float' in the contract, 'Integer' in the image"],
        ),
        ("default: '3'", "default: '4'", [f"{DEFAULT} is '4' in the contract, '3' in the image"]),
        (", default: '3'", "", [f"{DEFAULT} is missing in the contract, '3' in the image"]),
        ("launch.py, train]", "launch.py, other]", [f"{RUNS} 'other', and the image has train"]),
        ("[/opt/comp/venv/bin/python, /opt/comp/launch.py, train]", "[other]", []),
        ("/opt/comp/launch.py, train]", "/opt/comp/launch.py]", [f"{RUNS} '--data', and the image has train"]),
    ],
)  # fmt: skip
def test_each_difference_is_named(old: str, new: str, problems: list[str]) -> None:
    assert list(image_differences(spec(old, new), image(spec()))) == problems


def test_another_kind_is_a_difference() -> None:
    changed = image(spec("data, type: Dataset", "data, type: String"))
    assert list(image_differences(spec(), changed)) == [
        "the type of the input 'data' is 'Dataset' in the contract, 'String' in the image",
        "the kind of the input 'data' is 'artifact' in the contract, 'parameter' in the image",
    ]


@pytest.mark.parametrize("stored", [{}, {"inputs": 3, "outputs": [1]}])
def test_what_an_image_has_may_be_anything(stored: dict[str, Any]) -> None:
    assert len(list(image_differences(spec(), {"train": stored}))) == 4
