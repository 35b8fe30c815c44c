"""IR: what KFP 2 would make of a contract, what it would drop kept, what it would merge or break refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolkit.errors import InputError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.spec.ir import ir_document, write_ir
from toolkit.spec.ir_reader import is_ir, parse_ir
from toolkit.spec.model import ComponentSpec, ConcatPlaceholder, Container, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")
CONTRACT = """\
name: Train model
description: "Fit.\\n\\nOn a table."
metadata:
  annotations: {version: '1.2.0'}
  labels: {team: ml}
version: google.com/cloud/pipelines/component/v1
inputs:
- {name: Training data, type: CSV, description: A table, annotations: {rows: 5}}
- {name: c, type: Float, default: '1.0', description: Strength}
- {name: rounds, type: Int, default: '010', optional: true}
- {name: kind, type: String, default: a, annotations: {choices: [a, b]}}
- {name: columns, type: JsonArray, optional: true}
- {name: note}
- {name: seed, type: Dataset, default: '7'}
- {name: vertex, type: google.VertexModel, optional: true}
outputs:
- {name: Model, type: Model, description: Fitted}
- {name: score, type: Float}
implementation:
  container:
    image: a/b:1
    command: [run, {executorInput: null}]
    args:
    - {inputPath: Training data}
    - {concat: [--c=, {inputValue: c}, {if: {cond: {isPresent: columns}, then: {inputValue: columns}, else: none}}]}
    - {if: {cond: {isPresent: columns}, then: [--columns, {inputValue: columns}], else: [--all]}}
    - {inputValue: note}
    - {inputUri: vertex}
    - {outputPath: Model}
    - {outputUri: Model}
    - {outputPath: score}
    env: {MODE: fast}
"""
ONE = "name: n\ninputs: [{}]\noutputs: [{}]\nimplementation: {{container: {{image: i, args: [{}]}}}}"


def _one(inputs: str = "", args: str = "", outputs: str = "") -> ComponentSpec:
    return parse_component(ONE.format(inputs, outputs, args), PATH)


def test_nothing_is_lost_on_the_way_there_and_back() -> None:
    spec = parse_component(CONTRACT, PATH)
    text = write_ir(spec)
    assert is_ir(text)
    assert not is_ir(CONTRACT)
    assert parse_ir(text, PATH) == spec
    assert write_ir(parse_ir(text, PATH)) == text


def test_the_document() -> None:
    document = ir_document(parse_component(CONTRACT, PATH))
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


def test_names_of_ports_that_ir_has_and_contracts_would_not_get_are_kept() -> None:
    spec = parse_component(CONTRACT, PATH)
    document = yaml.safe_load(write_ir(spec).replace("score", "Score"))
    read = parse_ir(yaml.safe_dump(document), PATH)
    score = next(port for port in read.interface.outputs if port.name == "Score")
    assert score.annotations == {"ir_name": "Score"}
    assert ir_document(read)["components"] == document["components"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (_one("{name: A b}, {name: a_b}"), "the inputs 'A b' and 'a_b' are both 'a_b' for KFP 2"),
        (_one(outputs="{name: 名前}"), "no name of the output '名前'"),
        (replace(_one(), name="!!!"), "no name of '!!!'"),
        (replace(_one(), name="a" * 129), "no name of"),
        (
            parse_component(ONE.format("", "{name: o}", "").replace("i,", "i, fileOutputs: {o: /o},"), PATH),
            "fileOutputs",
        ),
        (_one("{name: n, type: Integer}", "{inputPath: n}"), "cannot pass the parameter 'n' as inputPath"),
        (_one("{name: d, type: Dataset}", "{inputValue: d}, {inputPath: d}"), "artifact 'd' as inputValue"),
        (_one("{name: n, type: Integer, default: 3o}"), "default of 'n' is no Integer"),
        (_one("{name: n, type: Integer, default: '9007199254740993'}"), "default of 'n' is no Integer"),
        (_one("{name: n, type: Float, default: nan}"), "default of 'n' is no Float"),
        (_one("{name: n, type: Boolean, default: perhaps}"), "default of 'n' is no Boolean"),
        (_one("{name: n, type: JsonObject, default: '[]'}"), "default of 'n' is no JsonObject"),
        (_one("{name: n, type: JsonArray, default: '[NaN]'}"), "default of 'n' is no JsonArray"),
        (_one("{name: a, type: String}", "{if: {cond: true, then: [x]}}"), "no condition but isPresent"),
        (_one("{name: a, type: String}", "{concat: [{if: {cond: {isPresent: a}, then: [x, y]}}]}"), "no list"),
        (_one("{name: a}", "{inputMetadata: a}"), "does not know inputMetadata"),
        (_one("", "{outputMetadata: null}"), "does not know outputMetadata"),
        (_one("", "{inputValue: a}"), "the input 'a', which is not there"),
        (_one("", "{if: {cond: {isPresent: a}, then: [x]}}"), "the input 'a', which is not there"),
        (parse_component("name: n", PATH), "no implementation"),
    ],
)
def test_what_kfp_2_would_drop_merge_or_refuse(spec: ComponentSpec, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_ir(spec)


def _changed(change: Any) -> str:  # noqa: ANN401 (a function over any document)
    document = json.loads(json.dumps(ir_document(parse_component(CONTRACT, PATH))))
    change(document)
    return yaml.safe_dump(document)


CONTAINER = ("deploymentSpec", "executors", "exec-train-model", "container")


def _set(document: Any, *place: Any) -> None:  # noqa: ANN401 (any document)
    *keys, last, value = place
    for key in keys:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((*CONTAINER, "resources", {"cpuLimit": 1.0}), "cannot say .*container.resources"),
        (("root", "dag", "tasks", "train-model", "retryPolicy", {}), "cannot say .*retryPolicy"),
        (("root", "dag", "tasks", "train-model", "cachingOptions", {}), "enableCache is missing"),
        (("root", "inputDefinitions", "parameters", "c", "defaultValue", 2.0), "defaultValue is '2.0'"),
        (("components", "comp-other", {}), "this is a pipeline: components has 2 entries"),
        (("pipelineInfo", "name", "other"), "this is the pipeline 'other' around 'comp-train-model'"),
        (("pipelineInfo", "displayName", 5), "is not a text"),
        (("components", "comp-train-model", []), "is not a mapping"),
        ((*CONTAINER, "args", "x"), "args is not a list"),
        ((*CONTAINER, "args", [5]), "args.0 is not a text"),
        ((*CONTAINER, "args", ['{"IfPresent": {"InputName": "c"}}']), "no placeholder of KFP 2"),
        ((*CONTAINER, "env", [5]), "env is not a mapping"),
        (("deploymentSpec", "executors", "exec-train-model", {"importer": {}}), "runs no container"),
    ],
)
def test_what_is_more_than_a_component_is_refused(place: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_ir(_changed(lambda document: _set(document, *place)), PATH)
    assert caught.value.where is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# comp: {\npipelineInfo: {}\n", "the comment '# comp:' cannot be read"),
        ('# comp: {"inputs": {"a": {"name": 5}}}\npipelineInfo: {}\n', "the comment '# comp:' cannot be read"),
        ("pipelineInfo: {name: a}\n---\nplatforms: {}\n", "settings of a platform"),
        ("pipelineInfo: [\n", "not valid YAML"),
        ("pipelineInfo: 5\n", "pipelineInfo is not a mapping"),
    ],
)
def test_broken_ir(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_ir(text, PATH)


def test_a_text_with_placeholders_is_a_concat() -> None:
    spec = parse_ir(
        _changed(lambda document: _set(document, *CONTAINER, "args", ["--c={{$.inputs.parameters['c']}}!"])), PATH
    )
    assert spec == parse_ir(write_ir(spec), PATH)
    assert spec.container.args == (
        ConcatPlaceholder(items=("--c=", PortPlaceholder(kind="inputValue", port="c"), "!")),
    )
