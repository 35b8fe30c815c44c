"""WorkflowTemplates: a step as KFP 1.8 compiles it."""

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from toolkit.config.argo import ArgoSettings
from toolkit.errors import InputError
from toolkit.forms.argo_template import never_given, write_workflow_template
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


def template_in(text: str) -> dict[str, Any]:
    """Return the one template of a document."""
    (template,) = yaml.safe_load(text)["spec"]["templates"]
    return cast("dict[str, Any]", template)


def test_the_template() -> None:
    spec = parse_component(CONTRACT, PATH)
    assert never_given(spec) == []
    text = write_workflow_template(spec)
    document = yaml.safe_load(text)
    assert document["kind"] == "WorkflowTemplate"
    assert document["metadata"]["name"] == document["spec"]["entrypoint"] == "train-model"
    parameters = [
        {"name": "c", "value": "1.0", "description": "Strength"},
        {"name": "kind", "enum": ["a", "true"]},
        {
            "name": "note",
            "value": "comp:default",
            "description": "(comp:default stands for the component's own default)",
        },
    ]
    assert document["spec"]["arguments"] == {"parameters": parameters}
    template = template_in(text)
    patch = template.pop("podSpecPatch")
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
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "container": {
            "image": "a/b:1",
            "command": ["run"],
            "env": [{"name": "MODE", "value": "fast"}],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 (likewise)
        },
    }
    assert patch == (
        """{"initContainers": [{"name": "init", OWN}],
"containers": [{"name": "wait", OWN},
  {"name": "main", "args": {{=
let words = filter([
  "/tmp/inputs/Training_data/data",
  "--c=" + inputs.parameters["c"],
  "/tmp/inputs/seed/data",
  inputs.parameters["note"] != "comp:default" ? "--note" : nil,
  inputs.parameters["note"] != "comp:default" ? inputs.parameters["note"] : nil,
  not (inputs.parameters["note"] != "comp:default") ? "--silent" : nil,
  "--kind",
  inputs.parameters["kind"],
  inputs.parameters["note"] != "comp:default" ? inputs.parameters["note"] : nil,
  "/tmp/outputs/model/data",
  "/tmp/outputs/score/data",
  "\\u007b\\u007b$\\u007d\\u007d"
], # != nil);
replace(toJson(len(toJson(words)) > 131072 ? words : map(words, replace(#, "$", "$$"))), "{", "\\\\u007b")
}}}]}"""
    ).replace("OWN", '"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}')
    # A reader sees the expression line by line.
    assert "    podSpecPatch: |-\n" in text


def contract(inputs: str, args: str, command: str = "[run]") -> str:
    """Return a contract with these parts."""
    container = f"{{image: i, command: {command}, args: {args}}}"
    return f"name: n\ninputs: {inputs}\nimplementation: {{container: {container}}}\n"


def test_a_command_line_without_parameters_stands_as_it_is() -> None:
    text = contract("[{name: a, type: CSV}]", "[--a, {inputPath: a}, $HOME, {executorInput: null}]")
    template = template_in(write_workflow_template(parse_component(text, PATH), ArgoSettings(restricted=False)))
    # Kubernetes makes one dollar of two, and Argo knows nothing of `{{$}}`.
    assert template["container"]["args"] == ["--a", "/tmp/inputs/a/data", "$$HOME", "{{$$}}"]  # noqa: S108 (in a container)
    assert "podSpecPatch" not in template


def test_a_default_that_argo_would_replace_stands_in_the_expression() -> None:
    text = contract("[{name: a, type: String, default: '{{workflow.name}}'}]", "[{inputValue: a}]")
    template = template_in(write_workflow_template(parse_component(text, PATH)))
    assert template["inputs"]["parameters"][0]["value"] == "comp:default"
    assert r'"\u007b\u007bworkflow.name\u007d\u007d"' in template["podSpecPatch"]
    assert "{{workflow.name" not in template["podSpecPatch"]


def test_choices_allow_the_value_that_stands_for_none() -> None:
    text = contract(
        "[{name: a, type: String, optional: true, annotations: {choices: [x, y]}}]",
        "[{if: {cond: {isPresent: a}, then: [{inputValue: a}]}}]",
    )
    template = template_in(write_workflow_template(parse_component(text, PATH)))
    assert template["inputs"]["parameters"][0]["enum"] == ["x", "y", "comp:default"]


def test_a_value_by_path_becomes_a_file() -> None:
    text = contract("[{name: a, type: Integer}]", "[{inputPath: a}]")
    template = template_in(write_workflow_template(parse_component(text, PATH)))
    assert template["inputs"]["artifacts"] == [
        {"name": "a", "path": "/tmp/inputs/a/data", "raw": {"data": "{{inputs.parameters.a}}"}}  # noqa: S108 (likewise)
    ]
    assert template["container"]["args"] == ["/tmp/inputs/a/data"]  # noqa: S108 (likewise)


def test_the_launcher_sees_which_optional_artifacts_are_given_and_a_program_cannot() -> None:
    condition = "{if: {cond: {isPresent: a}, then: [--a, {inputPath: a}]}}"
    inputs = "[{name: a, type: CSV, optional: true}]"
    ours = parse_component(contract(inputs, f"[{condition}]", "[python, /opt/comp/launch.py, n]"), PATH)
    assert never_given(ours) == []
    template = template_in(write_workflow_template(ours))
    assert template["inputs"]["artifacts"][0]["optional"] is True
    assert template["container"]["args"] == ["--a", "/tmp/inputs/a/data"]  # noqa: S108 (in a container)
    for theirs in (
        contract(inputs, f"[{condition}]"),
        contract(inputs, f"[--, {condition}]", "[python, /opt/comp/launch.py, n]"),
    ):
        spec = parse_component(theirs, PATH)
        assert never_given(spec) == ["a"]
        template = template_in(write_workflow_template(spec))
        assert "inputs" not in template
        assert "--a" not in template["container"].get("args", [])


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        ("inputs: [{name: a b}, {name: a-b}]\nname: n\nimplementation: {container: {image: i}}", "same name in Argo"),
        ("inputs: [{name: '!'}]\nname: n\nimplementation: {container: {image: i}}", "'!' of the inputs leaves nothing"),
        (
            "inputs: [{name: a}]\nname: n\nimplementation: {container: {image: i, args: [{inputUri: a}]}}",
            "has no form of",
        ),
        (
            "name: n\nimplementation: {container: {image: i, args: [{outputMetadata: null}]}}",
            "{outputMetadata: …} has no value",
        ),
        (
            "name: n\nimplementation: {container: {image: i, args: [{if: {cond: 'yes', then: [x]}}]}}",
            "no conditions on values",
        ),
        (
            "name: n\nimplementation: {container: {image: i, args: [{if: {cond: {isPresent: a}, then: [x]}}]}}",
            "which is missing",
        ),
        ("name: n\nimplementation: {graph: {tasks: {}}}", "is a graph"),
        (f"name: {'n' * 64}\nimplementation: {{container: {{image: i}}}}", "at most 63 characters"),
    ],
)
def test_contracts_that_argo_cannot_express(contract: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_workflow_template(parse_component(contract, PATH))
