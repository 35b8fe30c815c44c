"""What the functions of a stub module make steps of."""

import json
from pathlib import Path

import pytest

from toolkit.consumers.python_source import read_python
from toolkit.consumers.stub_functions import stub_function
from toolkit.interface.module import Module

STUBS = """from toolkit.steps import Outputs, Output, SingleOutputTask, step as _step


class TrainOutputs(Outputs):
    class_: Output[Model]

    _names = {"class_": "class"}


def train(*, the_rate: float) -> SingleOutputTask[TrainOutputs, Model]:
    '''Fit a model.'''
    return _step(
        "ml/train@1.0.0",
        {"The rate": the_rate},
        SingleOutputTask[TrainOutputs, Model],
    )


def other(x):
    return print(x, x, x)
"""


@pytest.fixture
def stubs(tmp_path: Path) -> Module:
    (tmp_path / "stubs.py").write_text(STUBS)
    entry = {"path": "components/ml/train/component.yaml"}
    (tmp_path / "components.lock").write_text(json.dumps({"version": 1, "components": {"ml/train": entry}}))
    return Module.read(tmp_path / "stubs.py", {})


def test_a_function_names_its_component_and_its_ports(stubs: Module, tmp_path: Path) -> None:
    found = stub_function(stubs, "train")
    assert found
    assert found.named.places == (tmp_path / "components" / "ml" / "train" / "component.yaml",)
    assert (found.inputs, found.outputs) == ({"the_rate": "The rate"}, {"class_": "class"})
    assert stub_function(stubs, "other") is stub_function(stubs, "absent") is None


def test_without_the_locked_component_nothing_is_known(stubs: Module, tmp_path: Path) -> None:
    (tmp_path / "components.lock").unlink()
    assert stub_function(stubs, "train") is None


def test_calls_and_outputs_by_attribute_are_uses(stubs: Module, tmp_path: Path) -> None:
    assert stubs.path.parent == tmp_path
    (tmp_path / "weekly.py").write_text(
        "import stubs\n\ndef weekly():\n    task = stubs.train(the_rate=1)\n    use(task.outputs.class_)\n"
    )
    (use,) = read_python(tmp_path / "weekly.py", {}).uses
    assert [each.name for each in use.passed] == ["The rate"]
    assert [each.name for each in use.taken] == ["class"]
