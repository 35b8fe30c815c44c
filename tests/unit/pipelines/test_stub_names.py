from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.interface.model import Input, Kind, Output
from toolkit.pipelines.stub_names import attribute_names, class_names, function_names, parameter_names, renamed
from toolkit.registry.names import Name

PATH = Path("component.yaml")


def inputs(*names: str) -> list[Input]:
    return [Input(name=name, type="String", kind=Kind.PARAMETER) for name in names]


def outputs(*names: str) -> list[Output]:
    return [Output(name=name, type="String", kind=Kind.PARAMETER) for name in names]


@pytest.mark.parametrize(
    ("name", "function"),
    [("train-model", "train_model"), ("a.b_c", "a_b_c"), ("class", "class_"), ("list", "list_"), ("2nd", "_2nd")],
)
def test_a_function_has_the_name_of_its_component(name: str, function: str) -> None:
    assert function_names([Name("ml", name)]) == {Name("ml", name): function}


def test_equal_functions_get_their_namespaces_in_any_order() -> None:
    names = [Name("ml", "train"), Name("nlp", "train"), Name("ml", "other")]
    expected = {names[0]: "ml_train", names[1]: "nlp_train", names[2]: "other"}
    assert function_names(names) == function_names(reversed(names)) == expected
    twins = [Name("ml", "a-b"), Name("ml", "a.b"), Name("ml", "a_b"), Name("x", "ml-a-b")]
    found = function_names(twins)
    assert len(set(found.values())) == 4
    assert found == function_names(reversed(twins))


def test_classes_differ() -> None:
    assert class_names(["train_model", "_2nd"]) == {"train_model": "TrainModelOutputs", "_2nd": "C2ndOutputs"}
    assert len(set(class_names(["a_1", "a1", "a__1"]).values())) == 3


def test_ports_are_those_of_kfp() -> None:
    names = parameter_names(inputs("Training data", "class", "2nd", "a__b"), PATH)
    assert list(names.values()) == ["training_data", "class_", "_2nd", "a__b"]
    attributes = attribute_names(outputs("Model", "items", "class", "2nd"), PATH)
    assert list(attributes.values()) == ["model", "items_", "class_", "_2nd"]
    assert renamed(attributes) == {"items_": "items", "class_": "class", "_2nd": "2nd"}


def test_two_ports_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="inputs has 'A b' and 'a_b', which KFP 2 both calls 'a_b'"):
        parameter_names(inputs("A b", "a_b"), PATH)
    with pytest.raises(InputError, match="outputs has '…', which KFP 2 has no name for"):
        attribute_names(outputs("…"), PATH)
