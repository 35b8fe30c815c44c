"""Writing IR: nothing is lost, and contracts that KFP 2 would change are refused."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.contracts import TRAIN
from toolkit.errors import InputError
from toolkit.forms.ir import ir_document, write_ir
from toolkit.forms.ir_reader import is_ir, parse_ir
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.spec.model import ComponentSpec, Container, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")
ONE = "name: n\ninputs: [{}]\noutputs: [{}]\nimplementation: {{container: {{image: i, args: [{}]}}}}"


def _one(inputs: str = "", args: str = "", outputs: str = "") -> ComponentSpec:
    return parse_component(ONE.format(inputs, outputs, args), PATH)


def test_nothing_is_lost_on_the_way_there_and_back() -> None:
    spec = parse_component(TRAIN, PATH)
    text = write_ir(spec)
    assert is_ir(text)
    assert not is_ir(TRAIN)
    assert parse_ir(text, PATH) == spec
    assert write_ir(parse_ir(text, PATH)) == text


def test_the_document() -> None:
    document = ir_document(parse_component(TRAIN, PATH))
    assert document["pipelineInfo"] == {
        "name": "train-model",
        "displayName": "Train model",
        "description": "Fit.\n\nOn a table.",
    }
    component = document["components"]["comp-train-model"]
    assert component["inputDefinitions"]["parameters"] == {
        "c": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 1.0, "isOptional": True, "description": "Strength"},
        "rounds": {"parameterType": "NUMBER_INTEGER", "defaultValue": 10, "isOptional": True},
        "kind": {"parameterType": "STRING", "defaultValue": "a", "isOptional": True, "literals": ["a", "b"]},
        "columns": {"parameterType": "LIST", "isOptional": True},
        "note": {"parameterType": "STRING"},
    }
    any_artifact = {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}
    assert component["inputDefinitions"]["artifacts"]["training_data"] == {
        "artifactType": any_artifact,
        "description": "A table",
    }
    assert component["outputDefinitions"]["artifacts"]["model"]["artifactType"]["schemaTitle"] == "system.Model"
    container = document["deploymentSpec"]["executors"]["exec-train-model"]["container"]
    assert container["command"] == ["run", "{{$}}"]
    assert container["env"] == [{"name": "MODE", "value": "fast"}]
    columns = "{{$.inputs.parameters['columns']}}"
    assert container["args"][0] == "{{$.inputs.artifacts['training_data'].path}}"
    assert json.loads(container["args"][1]) == {
        "Concat": [
            "--c=",
            "{{$.inputs.parameters['c']}}",
            {"IfPresent": {"InputName": "columns", "Then": columns, "Else": "none"}},
        ]
    }
    assert json.loads(container["args"][2]) == {
        "IfPresent": {"InputName": "columns", "Then": ["--columns", columns], "Else": ["--all"]}
    }
    assert container["args"][3:] == [
        "{{$.inputs.parameters['note']}}",
        "{{$.inputs.artifacts['vertex'].uri}}",
        "{{$.outputs.artifacts['model'].path}}",
        "{{$.outputs.artifacts['model'].uri}}",
        "{{$.outputs.parameters['score'].output_file}}",
    ]
    assert document["root"]["inputDefinitions"] == component["inputDefinitions"]
    task = document["root"]["dag"]["tasks"]["train-model"]
    assert task["inputs"]["parameters"]["c"] == {"componentInputParameter": "c"}
    assert document["root"]["dag"]["outputs"]["artifacts"]["model"] == {
        "artifactSelectors": [{"outputArtifactKey": "model", "producerSubtask": "train-model"}]
    }


def test_a_list_of_artifacts_is_passed_by_the_executor_input_alone() -> None:
    many = Input(name="tables", type="Dataset", kind=Kind.ARTIFACT, many=True, optional=True)
    made = Output(name="models", type="Model", kind=Kind.ARTIFACT, many=True)
    tables = PortPlaceholder(kind="inputPath", port="tables")
    container = Container(
        image="i",
        args=(
            "--tables",
            tables,
            IfPlaceholder(condition=IsPresent(input="tables"), then=("--tables", tables)),
            "--outputs",
            "--models",
            PortPlaceholder(kind="outputPath", port="models"),
            "--end",
        ),
    )
    spec = ComponentSpec(
        name="n", description="", interface=Interface(inputs=(many,), outputs=(made,)), implementation=container
    )
    document = ir_document(spec)
    assert document["deploymentSpec"]["executors"]["exec-n"]["container"]["args"] == ["--outputs", "--end"]
    assert document["components"]["comp-n"]["inputDefinitions"]["artifacts"]["tables"]["isArtifactList"] is True
    read = parse_ir(write_ir(spec), PATH)
    assert read.interface == spec.interface


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (_one("{name: A b}, {name: a_b}"), "the inputs 'A b' and 'a_b' are both 'a_b' for KFP 2"),
        (_one(outputs="{name: 名前}"), "a name of the output '名前'"),
        (replace(_one(), name="!!!"), "a name of '!!!'"),
        (replace(_one(), name="a" * 129), "a name of"),
        (
            parse_component(ONE.format("", "{name: o}", "").replace("i,", "i, fileOutputs: {o: /o},"), PATH),
            "fileOutputs",
        ),
        (_one("{name: n, type: Integer}", "{inputPath: n}"), "cannot pass the parameter 'n' as inputPath"),
        (_one("{name: d, type: Dataset}", "{inputValue: d}, {inputPath: d}"), "artifact 'd' as inputValue"),
        (_one("{name: a, type: String}", "{if: {cond: true, then: [x]}}"), "no condition but isPresent"),
        (_one("{name: a, type: String}", "{concat: [{if: {cond: {isPresent: a}, then: [x, y]}}]}"), "no list"),
        (_one("{name: a}", "{inputMetadata: a}"), "does not know inputMetadata"),
        (_one("", "{outputMetadata: null}"), "does not know outputMetadata"),
        (_one("", "{inputValue: a}"), "the input 'a', which is missing"),
        (_one("", "{if: {cond: {isPresent: a}, then: [x]}}"), "the input 'a', which is missing"),
        (parse_component("name: n", PATH), "no implementation"),
    ],
)
def test_contracts_that_kfp_2_would_change_or_refuse(spec: ComponentSpec, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_ir(spec)
