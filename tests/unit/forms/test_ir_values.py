"""Types and defaults between contracts and IR."""

from typing import Any

import pytest

from toolkit.errors import InputError
from toolkit.forms.ir_values import artifact_type, default_text, default_value, parameter_type, type_name
from toolkit.interface.model import Input, Kind


def _input(type_: str, default: str | None = None, kind: Kind = Kind.PARAMETER) -> Input:
    return Input(name="n", type=type_, kind=kind, default=default)


@pytest.mark.parametrize(
    ("type_", "in_ir", "name"),
    [
        ("Int", "NUMBER_INTEGER", "Integer"),
        ("typing.List[str]", "LIST", "JsonArray"),
        ("Dict", "STRUCT", "JsonObject"),
        ("GCSPath", "STRING", "String"),
    ],
)
def test_types_of_parameters(type_: str, in_ir: str, name: str) -> None:
    assert parameter_type(_input(type_)) == in_ir
    assert type_name(Kind.PARAMETER, {"parameterType": in_ir}) == name


@pytest.mark.parametrize(
    ("type_", "title", "name"),
    [
        ("dataset", "system.Dataset", "Dataset"),
        ("CSV", "system.Artifact", "Artifact"),
        ("google.VertexModel", "google.VertexModel", "google.VertexModel"),
    ],
)
def test_types_of_artifacts(type_: str, title: str, name: str) -> None:
    schema = artifact_type(_input(type_, kind=Kind.ARTIFACT))
    assert schema == {"schemaTitle": title, "schemaVersion": "0.0.1"}
    assert type_name(Kind.ARTIFACT, {"artifactType": schema}) == name


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        (Kind.PARAMETER, {"parameterType": "TASK_OTHER"}),
        (Kind.PARAMETER, {}),
        (Kind.ARTIFACT, {"artifactType": {"schemaTitle": 5}}),
        (Kind.ARTIFACT, {}),
    ],
)
def test_types_that_a_contract_does_not_have(kind: Kind, definition: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        type_name(kind, definition)


@pytest.mark.parametrize(
    ("type_", "text", "value", "again"),
    [
        ("Integer", "010", 10, "10"),
        ("Float", "1.0", 1.0, "1"),
        ("Boolean", "Yes", True, "true"),
        ("JsonArray", "[1, 2.0]", [1, 2.0], "[1, 2]"),
        ("JsonObject", '{"a": "ü"}', {"a": "ü"}, '{"a": "ü"}'),
        ("String", "1.0", "1.0", "1.0"),
    ],
)
def test_defaults(type_: str, text: str, value: object, again: str) -> None:
    assert default_value(_input(type_, text)) == value
    assert default_text(value) == again


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("Integer", "3o"),
        ("Integer", "9007199254740993"),
        ("Float", "nan"),
        ("Boolean", "perhaps"),
        ("JsonObject", "[]"),
        ("JsonArray", "[NaN]"),
    ],
)
def test_a_default_of_another_type(type_: str, text: str) -> None:
    with pytest.raises(InputError, match=f"the default of 'n' is not of type {type_} in KFP 2"):
        default_value(_input(type_, text))
