"""Signatures and documentation, with doubles of the components of both KFP lines."""

import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from tests.loadable import contract
from toolkit.pipelines.described import describe, keywords


class Two:
    """A component as KFP 2 has it: its inputs by their keywords."""

    def __init__(self, *names: str) -> None:
        self.component_spec = SimpleNamespace(inputs=dict.fromkeys(names) or None)

    def __call__(self) -> None: ...


def one(*ports: tuple[str, str | None]) -> Any:  # noqa: ANN401 (a function with attributes)
    """A component as KFP 1.8 has it: a function whose optional parameters come last."""

    def component(data: str, epochs: int = 3) -> None: ...

    inputs = [SimpleNamespace(name=name, default=default, optional=False) for name, default in ports]
    component.component_spec = SimpleNamespace(inputs=inputs)  # type: ignore[attr-defined]
    return component


def test_both_lines_have_a_signature_and_words() -> None:
    component = Two("training_data", "epochs", "note")
    describe(component, contract("1.0.0").decode(), title="ml/train@1.0.0")
    assert str(inspect.signature(component)) == "(*, training_data: 'Dataset', epochs: int = 3, note: str = None)"
    assert component.__doc__ == (
        "Train model (ml/train@1.0.0)\n\nFit a model, version 1.0.0.\n\n"
        "Inputs:\n    training_data (Dataset): The rows.\n    epochs (Integer): How often to read them.\n"
        "    note (String)\n\n"
        "Outputs:\n    model (Model): The fit.\n    accuracy (Float)"
    )


def test_keywords_are_those_of_each_line() -> None:
    assert keywords(Two("training_data", "a__b"), ["Training data", "A__B", "absent"]) == {
        "Training data": "training_data",
        "A__B": "a__b",
    }
    assert keywords(one(("Epochs", "3"), ("Data", None)), ["Epochs", "Data"]) == {"Epochs": "epochs", "Data": "data"}


@pytest.mark.parametrize("text", ["", "[]", "inputs: 3", "inputs: [3]\noutputs: {a: 1}", "inputs: [{}]\nname: [x]"])
def test_a_contract_of_another_form_is_no_error(text: str) -> None:
    describe(Two(), text, title="x")


def test_foreign_words_are_plain() -> None:
    component = Two("2nd")
    text = 'description: "a\\e]0;title\\a b\\u202e"\ninputs:\n- {name: 2nd, type: Boolean, default: "True"}'
    describe(component, text, title="x")
    assert component.__doc__ == "x (x)\n\na]0;title b\n\nInputs:\n    2nd (Boolean)"
    assert str(inspect.signature(component)) == "(*, _2nd: bool = True)"
