"""The call that makes a step, with doubles of the tasks of both KFP lines."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from toolkit import ComponentError, steps
from toolkit.steps import Output, Outputs, SingleOutputTask, Task, default, step


class TrainOutputs(Outputs):
    model: Output[steps.Model]
    items_: Output[int]
    _2nd: Output[int]

    _names: ClassVar = {"items_": "items", "_2nd": "2nd"}


class Two:
    """A task as KFP 2 has it: outputs are a property."""

    def __init__(self, **inputs: object) -> None:
        self.inputs = inputs
        self._outputs = {"model": "m", "items": 1, "2nd": 2}

    @property
    def outputs(self) -> dict[str, Any]:
        return self._outputs


class One:
    """A task as KFP 1.8 has it."""

    def __init__(self, **inputs: object) -> None:
        self.inputs = inputs
        self.outputs = {"Model": "m", "model": "m", "items": 1, "n2nd": 2}


@pytest.fixture(autouse=True)
def _nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_LOADED", {})


def loads(monkeypatch: pytest.MonkeyPatch, task: type) -> list[str]:
    """Let `load` return a component whose tasks are of this type; return what is loaded."""
    loaded = []

    class Component:
        component_spec = SimpleNamespace(inputs={"training_data": 0, "epochs": 0})

        def __call__(self, **inputs: object) -> Any:  # noqa: ANN401 (a task)
            return task(**inputs)

    def load(request: str) -> Component:
        loaded.append(request)
        return Component()

    monkeypatch.setattr(steps, "load", load)
    return loaded


@pytest.mark.parametrize("kind", [One, Two])
def test_a_task_is_kfps_own_with_attributes_for_outputs(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    loaded = loads(monkeypatch, kind)
    task = step("ml/train@1.0.0", {"Training data": "x", "epochs": default(3)}, Task[TrainOutputs])
    assert isinstance(task, kind)
    assert type(task).__name__ == kind.__name__
    assert task.inputs == {"training_data": "x"}
    found: list[Any] = [task.outputs.model, task.outputs["model"], task.outputs.items_, task.outputs._2nd]
    assert found == ["m", "m", 1, 2]
    assert "m" in task.outputs.values()
    with pytest.raises(AttributeError, match=r"the step has no output 'modle'; it has: .*model"):
        task.outputs.modle  # type: ignore[attr-defined] # noqa: B018 (reading it is the test)
    again = step("ml/train@1.0.0", {"epochs": 5}, SingleOutputTask[TrainOutputs, steps.Model])
    assert again.inputs == {"epochs": 5}
    assert loaded == ["ml/train@1.0.0"], "it is loaded once"


def test_a_default_shows_what_it_stands_for() -> None:
    assert [repr(default(3)), repr(default("a")), repr(default())] == ["3", "'a'", "..."]


def test_a_release_that_is_not_the_locks_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(request: str) -> object:
        raise ComponentError(f"{request} is not it", exit_code=1, hint="comp add x")

    monkeypatch.setattr(steps, "load", load)
    with pytest.raises(ComponentError) as caught:
        step("ml/train@1.0.0", {}, Task[TrainOutputs])
    assert caught.value.hint == "comp add x; or write this module anew: comp stubs --output FILE"


def test_a_path_is_relative_to_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    paths: list[str] = []

    def load_component_from_file(path: str) -> Any:  # noqa: ANN401 (kfp's component)
        paths.append(path)
        made = SimpleNamespace(inputs=None)
        return type("Component", (), {"component_spec": made, "__call__": lambda _, **inputs: Two(**inputs)})()

    module: Any = ModuleType("kfp")
    module.components = SimpleNamespace(load_component_from_file=load_component_from_file)
    monkeypatch.setitem(sys.modules, "kfp", module)
    step("../train/component.yaml", {}, Task[TrainOutputs])
    assert paths == [str(Path(__file__).parent / "../train/component.yaml")]
