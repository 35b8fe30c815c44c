"""WorkflowTemplates: a step as KFP 1.8 compiles it."""

from pathlib import Path

import pytest
import yaml

from toolkit.errors import InputError
from toolkit.spec.argo import always_absent, write_workflow_template
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")
CONTRACT = """\
name: Train model
description: Fit
metadata: {annotations: {version: '1.2.0'}, labels: {team: ml}}
inputs:
- {name: Training data, type: CSV}
- {name: c, type: Float, default: '1.0', description: Strength}
- {name: kind, type: String, annotations: {choices: [a, true]}}
- {name: seed, default: '7'}
- {name: note, type: String, optional: true}
outputs:
- {name: model, type: Model}
- {name: score, type: Float}
- {name: fixed, type: Integer}
implementation:
  container:
    image: a/b:1
    command: [run]
    args:
    - {inputPath: Training data}
    - {concat: [--c=, {inputValue: c}]}
    - {inputPath: seed}
    - {if: {cond: {isPresent: note}, then: [--note, {inputValue: note}], else: [--silent]}}
    - {if: {cond: {isPresent: kind}, then: [--kind, {inputValue: kind}]}}
    - {inputValue: note}
    - {outputPath: model}
    - {outputPath: score}
    - {executorInput: null}
    env: {MODE: fast}
    fileOutputs: {fixed: /made/fixed}
"""


def test_the_template() -> None:
    spec = parse_component(CONTRACT, PATH)
    assert always_absent(spec) == ["note"]
    document = yaml.safe_load(write_workflow_template(spec))
    assert document["kind"] == "WorkflowTemplate"
    assert document["metadata"]["name"] == document["spec"]["entrypoint"] == "train-model"
    parameters = [
        {"name": "c", "description": "Strength", "value": "1.0"},
        {"name": "kind", "enum": ["a", "true"]},
    ]
    assert document["spec"]["arguments"] == {"parameters": parameters}
    (template,) = document["spec"]["templates"]
    assert template == {
        "name": "train-model",
        "inputs": {
            "parameters": parameters,
            "artifacts": [
                {"name": "Training-data", "path": "/tmp/inputs/Training_data/data"},  # noqa: S108 (in a container)
                {"name": "seed", "path": "/tmp/inputs/seed/data", "raw": {"data": "7"}},  # noqa: S108 (likewise)
            ],
        },
        "outputs": {
            "parameters": [
                {"name": "score", "valueFrom": {"path": "/tmp/outputs/score/data"}},  # noqa: S108 (likewise)
                {"name": "fixed", "valueFrom": {"path": "/made/fixed"}},
            ],
            "artifacts": [
                {"name": "model", "path": "/tmp/outputs/model/data"},  # noqa: S108 (likewise)
                {"name": "score", "path": "/tmp/outputs/score/data"},  # noqa: S108 (likewise)
                {"name": "fixed", "path": "/made/fixed"},
            ],
        },
        "metadata": {"annotations": {"version": "1.2.0"}, "labels": {"team": "ml"}},
        "container": {
            "image": "a/b:1",
            "command": ["run"],
            "args": [
                "/tmp/inputs/Training_data/data",  # noqa: S108 (likewise)
                "--c={{inputs.parameters.c}}",
                "/tmp/inputs/seed/data",  # noqa: S108 (likewise)
                "--silent",
                "--kind",
                "{{inputs.parameters.kind}}",
                "/tmp/outputs/model/data",  # noqa: S108 (likewise)
                "/tmp/outputs/score/data",  # noqa: S108 (likewise)
                "{{$}}",
            ],
            "env": [{"name": "MODE", "value": "fast"}],
        },
    }


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        ("inputs: [{name: a b}, {name: a-b}]\nname: n\nimplementation: {container: {image: i}}", "same name in Argo"),
        ("inputs: [{name: '!'}]\nname: n\nimplementation: {container: {image: i}}", "no name of '!'"),
        ("inputs: [{name: a}]\nname: n\nimplementation: {container: {image: i, args: [{inputUri: a}]}}", "nothing for"),
        (
            "name: n\nimplementation: {container: {image: i, args: [{if: {cond: 'yes', then: [x]}}]}}",
            "a condition on a value",
        ),
        (
            "name: n\nimplementation: {container: {image: i, args: [{if: {cond: {isPresent: a}, then: [x]}}]}}",
            "which is not there",
        ),
        ("name: n\nimplementation: {graph: {tasks: {}}}", "is a graph"),
    ],
)
def test_what_argo_cannot_do(contract: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_workflow_template(parse_component(contract, PATH))
