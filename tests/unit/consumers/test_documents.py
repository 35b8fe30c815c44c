import json
from pathlib import Path

import pytest

from toolkit.consumers.documents import is_document, read_yaml
from toolkit.errors import InputError

PATH = Path("weekly.yaml")
IR = """
pipelineInfo: {name: weekly}
components:
  comp-train-2: {executorLabel: exec-train}
  comp-condition-1:
    dag:
      tasks:
        train-2:
          componentRef: {name: comp-train-2}
          inputs: {artifacts: {table: {componentInputArtifact: table}}}
root:
  dag:
    tasks:
      train:
        componentRef: {name: comp-train-2}
        inputs:
          parameters:
            seed: {runtimeValue: {constant: 3}}
            rate: {componentInputParameter: rate}
      show:
        componentRef: {name: comp-show}
        inputs:
          artifacts:
            model: {taskOutputArtifact: {producerTask: train, outputArtifactKey: model}}
---
platforms: {}
"""
GRAPH = """
name: Weekly
implementation:
  graph:
    tasks:
      train:
        componentRef: {url: 'https://example.com/train/component.yaml', spec: {name: Train}}
        arguments: {The table: {graphInput: {inputName: uri}}, rate: '0.1'}
      show:
        componentRef: {name: show}
        arguments: {model: {taskOutput: {taskId: train, outputName: model}}}
      lost: {}
    outputValues:
      report: {taskOutput: {taskId: train, outputName: report}}
"""


def test_steps_of_a_compiled_pipeline() -> None:
    uses = read_yaml(IR, PATH).uses
    assert [(str(use), use.named.title, use.form) for use in uses] == [
        ("step train of weekly", "train", "compiled"),
        ("step show of weekly", "show", "compiled"),
        ("step train-2 of weekly", "train", "compiled"),
    ]
    assert [(passed.name, passed.value, passed.where.line) for passed in uses[0].passed] == [
        ("seed", 3, 18),
        ("rate", None, 19),
    ]
    assert [(taken.name, taken.where.line) for taken in uses[0].taken] == [("model", 24)]


def test_tasks_of_a_graph() -> None:
    found = read_yaml(GRAPH, PATH)
    train, show = found.uses
    assert (train.named.address, train.named.title) == ("https://example.com/train/component.yaml", "Train")
    assert [(passed.name, passed.value) for passed in train.passed] == [("The table", None), ("rate", "0.1")]
    assert [taken.name for taken in train.taken] == ["model", "report"]
    assert (show.named.address, show.form) == ("show/component.yaml", "graph")
    assert [unknown.message for unknown in found.unknown] == ["the task lost does not say where its component is"]


def test_steps_of_a_workflow_that_kfp_1_compiled() -> None:
    spec = {"name": "Train", "inputs": [{"name": "The table"}, {"name": "rate"}]}
    template = {
        "name": "train",
        "inputs": {"artifacts": [{"name": "load-the-table"}]},
        "metadata": {
            "annotations": {
                "pipelines.kubeflow.org/component_spec": json.dumps(spec),
                "pipelines.kubeflow.org/arguments.parameters": json.dumps({"rate": "{{inputs.parameters.rate}}"}),
            }
        },
    }
    text = json.dumps({"metadata": {"generateName": "weekly-"}, "spec": {"templates": [template, {"name": "dag"}]}})
    (use,) = read_yaml(text, PATH).uses
    assert (str(use), use.named.title) == ("step train of weekly", "Train")
    assert [(passed.name, passed.value) for passed in use.passed] == [("The table", None), ("rate", None)]


@pytest.mark.parametrize(
    "text", ["", "a: b", "componentRef: [", "componentRef: {a: 1}", "[]", "metadata: component_spec"]
)
def test_other_documents_use_nothing(text: str) -> None:
    found = read_yaml(text, PATH)
    assert (found.uses, found.unknown) == ([], [])


@pytest.mark.parametrize(
    "text", ["pipelineInfo: 3\nroot: []", "pipelineInfo: {name: [1]}\nroot: {dag: {tasks: {a: 3}}}"]
)
def test_damaged_pipelines_crash_nothing(text: str) -> None:
    assert all(use.passed == [] for use in read_yaml(text, PATH).uses)


def test_invalid_yaml_is_an_error() -> None:
    with pytest.raises(InputError, match="not valid YAML"):
        read_yaml("pipelineInfo: {", PATH)


def test_a_document_is_known_by_its_words() -> None:
    assert is_document(IR)
    assert is_document(GRAPH)
    assert not is_document("name: Train\nimplementation: {container: {image: a}}")
