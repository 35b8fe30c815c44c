"""The typed reader: what it makes of a contract, and every problem with its place."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from toolkit.errors import FindingsError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.resources import resource
from toolkit.spec.model import (
    ComponentSpec,
    ConcatPlaceholder,
    Container,
    ExecutorInputPlaceholder,
    Graph,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)
from toolkit.spec.reader import is_parameter_type, parse_component, parse_document, read_component
from toolkit.spec.writer import write_component

PATH = Path("component.yaml")
CONTRACT = """\
name: Train
description: Fit
metadata: {annotations: {version: '1.0'}, labels: {team: ml}}
inputs:
- {name: data, type: Dataset, description: A table}
- {name: c, type: Float, default: 1.10}
- {name: note, optional: true}
- {name: columns, type: {JsonArray: {of: [Integer, null, 1.5, true]}}}
outputs:
- {name: model, type: Model}
- {name: score, type: Float}
implementation:
  container:
    image: a/b:1
    command: [run, {executorInput: null}]
    args:
    - {inputPath: data}
    - {concat: [--c=, {inputValue: c}]}
    - {if: {cond: {isPresent: note}, then: [--note, {inputValue: note}], else: --silent}}
    - {outputPath: model}
    - {outputUri: score}
    - {inputUri: columns}
    env: {MODE: fast}
    fileOutputs: {score: /tmp/score}
version: google.com/cloud/pipelines/component/v1
"""


def test_a_whole_contract() -> None:
    spec = parse_component(CONTRACT, PATH)
    note = IfPlaceholder(
        condition=IsPresent(input="note"),
        then=("--note", PortPlaceholder(kind="inputValue", port="note")),
        otherwise=("--silent",),
    )
    assert spec == ComponentSpec(
        name="Train",
        description="Fit",
        annotations={"version": "1.0"},
        labels={"team": "ml"},
        interface=Interface(
            inputs=(
                Input(name="data", type="Dataset", kind=Kind.ARTIFACT, description="A table"),
                Input(name="c", type="Float", kind=Kind.PARAMETER, default="1.10"),
                Input(name="note", type="", kind=Kind.PARAMETER, optional=True),
                Input(name="columns", type='{"JsonArray":{"of":["Integer",null,1.5,true]}}', kind=Kind.ARTIFACT),
            ),
            outputs=(
                Output(name="model", type="Model", kind=Kind.ARTIFACT),
                Output(name="score", type="Float", kind=Kind.PARAMETER),
            ),
        ),
        implementation=Container(
            image="a/b:1",
            command=("run", ExecutorInputPlaceholder()),
            args=(
                PortPlaceholder(kind="inputPath", port="data"),
                ConcatPlaceholder(items=("--c=", PortPlaceholder(kind="inputValue", port="c"))),
                note,
                PortPlaceholder(kind="outputPath", port="model"),
                PortPlaceholder(kind="outputUri", port="score"),
                PortPlaceholder(kind="inputUri", port="columns"),
            ),
            env={"MODE": "fast"},
            file_outputs={"score": "/tmp/score"},  # noqa: S108 (a path in a container)
        ),
        version="google.com/cloud/pipelines/component/v1",
    )


def test_places() -> None:
    places = parse_document(CONTRACT, PATH).places
    assert str(places[("image",)]) == "component.yaml:14:12"
    assert str(places[("inputs", 1, "default")]) == "component.yaml:6:35"
    assert str(places[("args", 1, 1)]) == "component.yaml:18:23"
    assert str(places[("args", 2, "cond")]) == "component.yaml:19:19"
    assert str(places[("args", 2, "then", 1)]) == "component.yaml:19:53"
    assert str(places[("fileOutputs", "score")]) == "component.yaml:24:26"


@pytest.mark.parametrize(
    ("type_", "placeholder", "kind"),
    [
        ("Integer", "inputValue", Kind.PARAMETER),
        ("bool", "inputValue", Kind.PARAMETER),
        ("Integer", "inputPath", Kind.PARAMETER),
        ("Dataset", "inputPath", Kind.ARTIFACT),
        ("GCSPath", "inputValue", Kind.PARAMETER),
        ("''", "inputValue", Kind.PARAMETER),
        ("''", "inputPath", Kind.ARTIFACT),
        ("''", "inputUri", Kind.ARTIFACT),
    ],
)
def test_the_kind_of_an_input(type_: str, placeholder: str, kind: Kind) -> None:
    text = f"""
        inputs: [{{name: a, type: {type_}}}]
        implementation: {{container: {{image: i, args: [{{{placeholder}: a}}]}}}}
    """
    assert parse_component(text, PATH).interface.inputs[0].kind is kind


def test_an_output_of_the_same_name_does_not_make_an_input_an_artifact() -> None:
    text = (
        "inputs: [{name: a}]\noutputs: [{name: a}]\n"
        "implementation: {container: {image: a, command: [{inputValue: a}, {outputPath: a}]}}"
    )
    assert parse_component(text, Path("c.yaml")).interface.inputs[0].kind is Kind.PARAMETER


def test_an_input_taken_both_ways_is_an_artifact() -> None:
    text = "inputs: [{name: a}]\nimplementation: {container: {image: i, args: [{inputValue: a}, {inputPath: a}]}}"
    assert parse_component(text, PATH).interface.inputs[0].kind is Kind.ARTIFACT


WHOLE = "implementation: {{container: {{image: i, args: [{}]}}}}"
PORTS = "implementation: {{container: {{image: i}}}}\ninputs: [{}]"


@pytest.mark.parametrize(
    ("text", "rule", "place", "message"),
    [
        ("[a]", "C001", "1:1", "a list, not a mapping"),
        ("text", "C001", "1:1", "a text, not a mapping"),
        ("name: a\nname: b\n" + WHOLE.format(""), "C002", "2:1", "'name' is in the component twice"),
        (PORTS.format("{name: a, type: {A: 1, A: 2}}"), "C002", "2:33", "'A' is in this mapping twice"),
        ("nmae: a\n" + WHOLE.format(""), "C003", "1:1", "unknown key 'nmae'"),
        ("implementation: {graph: {}}", "C003", "1:25", "no tasks"),
        ("implementation: {graph: {tasks: {}}, container: {image: i}}", "C003", "1:17", "both"),
        ("implementation: {}", "C003", "1:17", "no container"),
        ("implementation: {container: {command: [a]}}", "C003", "1:29", "no image"),
        ("implementation: {container: {image: ~}}", "C003", "1:37", "no image"),
        ("<<: 5\n" + WHOLE.format(""), "C003", "1:5", "a merge key in the component names a text, not a mapping"),
        ("<<: [{name: a}, 5]\n" + WHOLE.format(""), "C003", "1:17", "not a mapping"),
        ("<<: {nam: a}\n" + WHOLE.format(""), "C003", "1:6", "unknown key 'nam'"),
        ("inputs: {a: {}}\n" + WHOLE.format(""), "C003", "1:9", "inputs is not a list"),
        (PORTS.format("{type: String}"), "C003", "2:10", "no name"),
        (PORTS.format("{name: a, optional: 'true'}"), "C003", "2:30", "neither true nor false"),
        (PORTS.format("{name: yes}"), "C004", "2:17", "a boolean: yes"),
        (PORTS.format("{name: a, default: [1]}"), "C004", "2:29", "a list"),
        (PORTS.format("{name: a, default: 2020-01-01}"), "C004", "2:29", "a date"),
        ("metadata: {annotations: {a: 1.0}}\n" + WHOLE.format(""), "C004", "1:29", "a number: 1.0"),
        ("metadata: {labels: {on: a}}\n" + WHOLE.format(""), "C004", "1:21", "a key of labels"),
        ("version: 1\n" + WHOLE.format(""), "C004", "1:10", "version"),
        ("implementation: {container: {image: i, env: {A: {inputValue: a}}}}", "C041", "1:49", "'A' of env"),
        ("implementation: {container: {image: i, resources: {}}}", "C042", "1:40", "unknown key 'resources'"),
    ],
)
def test_one_problem(text: str, rule: str, place: str, message: str) -> None:
    with pytest.raises(FindingsError) as caught:
        parse_component(text, PATH)
    (finding,) = caught.value.findings
    assert (finding.rule, str(finding.where)) == (rule, f"component.yaml:{place}")
    assert message in finding.message


def test_every_problem_is_found_in_the_order_of_the_file() -> None:
    text = "name: 5\nimplementation: {container: {image: i, args: [1, {x: 1}], command: [true]}}\ninputs: [{}]\n"
    with pytest.raises(FindingsError) as caught:
        parse_component(text, PATH)
    found = [(finding.rule, finding.where.line, finding.where.column) for finding in caught.value.findings]
    assert found == [("C004", 1, 7), ("C004", 2, 47), ("C003", 2, 51), ("C004", 2, 69), ("C003", 3, 10)]
    assert caught.value.message.endswith("(and 4 more)")


def test_a_graph_is_read_as_data() -> None:
    path = Path(__file__).parents[2] / "examples" / "positive" / "graph" / "component.yaml"
    spec = read_component(path)
    assert isinstance(spec.implementation, Graph)
    expected = yaml.safe_load(path.read_text())["implementation"]["graph"]
    assert {"tasks": spec.implementation.tasks, "outputValues": spec.implementation.outputs} == expected


def test_merge_keys_are_what_they_are_to_kfp() -> None:
    text = """\
inputs:
- &one {name: a, type: String, description: d}
- {<<: *one, name: b}
- {name: c, <<: [{type: Integer}, *one]}
- {"<<": *one, <<: *one}
implementation:
  container: {image: i, args: [{inputValue: a}]}
"""
    with pytest.raises(FindingsError, match="unknown key '<<'"):
        parse_component(text, PATH)
    spec = parse_component(text.replace('"<<": *one, <<: *one', "<<: {<<: *one, name: d}"), PATH)
    expected = yaml.safe_load(text.replace('- {"<<": *one, <<: *one}', "- {<<: {<<: *one, name: d}}"))["inputs"]
    assert [
        {"name": port.name, "type": port.type, "description": port.description} for port in spec.interface.inputs
    ] == [{"type": "", **port} for port in expected]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("String", True),
        ("text", True),
        ("typing.List[str]", True),
        ("Dict[str, str]", True),
        ("Dataset", False),
        # As kfp 2.17 loads them: words after the first make another type.
        ("Text lines", False),
        ("List of x", False),
        ("String value", False),
    ],
)
def test_the_types_that_are_passed_by_value(name: str, *, expected: bool) -> None:
    assert is_parameter_type(name) is expected


EXAMPLES = Path(__file__).parents[2] / "examples"
SAMPLES = Path(__file__).parents[3] / "sample_components"
POSITIVE = sorted((EXAMPLES / "positive").glob("*/component.yaml")) + sorted(SAMPLES.glob("*/component*.yaml"))
NEGATIVE = sorted((EXAMPLES / "negative").glob("*/component.yaml"))


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    document = json.loads(resource("schemas", "component.schema.json").read_text())
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def _folder_name(path: Path) -> str:
    return path.parent.name


@pytest.mark.parametrize("path", POSITIVE, ids=_folder_name)
def test_reader_and_schema_take_it(schema: Draft202012Validator, path: Path) -> None:
    schema.validate(yaml.safe_load(path.read_text()))
    spec = read_component(path)
    assert parse_component(write_component(spec), path) == spec


@pytest.mark.parametrize("path", NEGATIVE, ids=_folder_name)
def test_reader_and_schema_refuse_it(schema: Draft202012Validator, path: Path) -> None:
    assert not schema.is_valid(yaml.safe_load(path.read_text()))
    with pytest.raises(FindingsError) as caught:
        read_component(path)
    assert all(finding.where.path == path for finding in caught.value.findings)
