"""`comp convert`: a contract in other forms and back, at the terminal."""

import json
from pathlib import Path

import pytest
import yaml

from tests.commands import comp, ok
from tests.pipelines import constant, dag, executed, pipeline, ports, task

SAMPLES = Path(__file__).parents[2] / "sample_components"
CONTRACTS = sorted(SAMPLES.glob("*/component.yaml")) + sorted(SAMPLES.glob("*/components/*.yaml"))


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem + "-" + path.parent.name)
def test_the_samples_come_back_from_ir(path: Path, tmp_path: Path) -> None:
    ir = tmp_path / "ir.yaml"
    assert comp("convert", path, "--to", "ir", "-o", "ir.yaml", folder=tmp_path).err == "wrote ir.yaml\n"
    assert yaml.safe_load(ir.read_text())["pipelineInfo"]["name"]
    back = ok("convert", ir, "--to", "component")
    assert yaml.safe_load(back) == yaml.safe_load(path.read_text())


def test_argo_takes_optional_inputs_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    result = comp("convert", SAMPLES / "train_model" / "component.yaml", "--to", "argo")
    assert (result.code, result.err) == (0, "")
    document = yaml.safe_load(result.out)
    assert document["kind"] == "WorkflowTemplate"
    assert [port["name"] for port in document["spec"]["arguments"]["parameters"] if port.get("value") == "comp:default"]
    (tmp_path / "c.yaml").write_text(
        "name: n\ninputs: [{name: data, type: CSV, optional: true}]\nimplementation: {container: {image: i, command:"
        " [run], args: [{if: {cond: {isPresent: data}, then: [{inputPath: data}]}}]}}\n"
    )
    result = comp("convert", "c.yaml", "--to", "argo", folder=tmp_path)
    assert result.err == "warning: Argo cannot see which artifacts are given: the step runs without data\n"


def test_a_workflow_has_the_values_that_are_given(tmp_path: Path) -> None:
    contract = SAMPLES / "train_model" / "component.yaml"
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    words = ("convert", contract, "--to", "argo-workflow")
    missing = comp(*words)
    assert missing.code == 2
    assert missing.err.startswith("error: missing inputs: training_data (Dataset)\n")
    misspelt = comp(*words, "-i", "training_dat=s3://b/k")
    assert misspelt.code == 2
    assert "did you mean 'training_data'?" in misspelt.err
    document = yaml.safe_load(ok(*words, "-i", "training_data=data.csv", "-i", "c=2.5", folder=tmp_path))
    assert (document["kind"], document["metadata"]["generateName"]) == ("Workflow", "train-model-")
    (step,) = document["spec"]["templates"]
    assert step["inputs"]["artifacts"][0]["raw"] == {"data": "a,b\n1,2\n"}
    assert step["container"]["args"][2:4] == ["--c", "2.5"]
    assert comp("convert", contract, "--to", "ir", "-i", "c=1").err == (
        "error: -i does not go with --to ir\n\nhint: write --to argo-workflow\n"
    )


def test_a_pipeline_of_one_step_is_a_pipeline(tmp_path: Path) -> None:
    root, parts = dag({"only": task("one", inputs={"x": constant(5)})}), {"one": executed("one", ports(x="int"))}
    (tmp_path / "p.yaml").write_text(yaml.dump(pipeline(root, parts)))
    document = yaml.safe_load(ok("convert", "p.yaml", "--to", "argo", folder=tmp_path))
    assert [template["name"] for template in document["spec"]["templates"]] == ["example", "example-only"]


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    target = tmp_path / "out.yaml"
    target.write_text("mine")
    command = ("convert", SAMPLES / "train_model" / "component.yaml", "--to", "ir", "-o", target)
    result = comp(*command)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"error: {target} exists\n\nhint: choose another name, or overwrite it with --force\n"
    assert target.read_text() == "mine"
    assert comp(*command, "--force").code == 0
    assert target.read_text().startswith("# PIPELINE DEFINITION")


def test_a_graph_has_no_other_form(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text("name: g\nimplementation: {graph: {tasks: {a: {componentRef: {name: n}}}}}")
    result = comp("convert", "graph.yaml", "--to", "ir", folder=tmp_path)
    assert result.code == 1
    assert result.err == (
        "error: graph.yaml: the component 'g' is a graph of other components, it has no container\n"
        "\nhint: use its tasks one by one: a\n"
    )
    assert ok("convert", path, "--to", "component").startswith("name: g\nimplementation:\n  graph:\n")


def test_a_pipeline_is_no_component(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("pipelineInfo: {name: p}\ncomponents: {comp-a: {}, comp-b: {}}\n")
    result = comp("convert", "p.yaml", "--to", "component", folder=tmp_path)
    assert result.code == 1
    assert result.err == (
        "error: p.yaml:2:13: this is a pipeline: components has 2 entries, not one\n"
        "\nhint: only the IR of a single component can be a contract; `comp pipeline` takes whole pipelines\n"
    )


HINT = (
    "\n\nhint: convert reads a component.yaml, KFP v2 IR or a container component FILE.py:FUNCTION; "
    "`comp new --from-function` or `comp new --from-program` makes a component from code\n"
)


@pytest.mark.parametrize("code", ["def f(a: int) -> int:\n    return a\n", "x = 1\n", "x: int\n"])
def test_code_is_not_a_contract(tmp_path: Path, code: str) -> None:
    (tmp_path / "train.py").write_text(code)
    result = comp("convert", "train.py", "--to", "ir", folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err == "error: train.py: this is code, expected a contract [C001]" + HINT


def test_a_file_that_is_not_yaml_gets_a_hint(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("#!/usr/bin/env python\ndef f(a: int) -> int:\n    return a\n")
    result = comp("convert", "train", "--to", "ir", folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: train:2:21: not valid YAML: ")
    assert result.err.endswith("[C001]" + HINT)


CONTAINER = """\
from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output

@dsl.container_component
def train(data: Input[Dataset], model: Output[Model], rate: float = 0.5):
    \"\"\"Train it.\"\"\"
    return dsl.ContainerSpec(image="r/t:1", command=["train"], args=["--rate", rate, data.path, model.path])

@dsl.pipeline
def whole(n: int = 1):
    train(rate=1.0)

@dsl.component
def step(n: int): ...

loaded = dsl.importer(artifact_uri="gs://a", artifact_class=Dataset)
"""


def test_a_container_component_becomes_a_contract(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(CONTAINER)
    result = comp("convert", "train.py:train", "--to", "component", folder=tmp_path)
    assert (result.code, result.out) == (
        0,
        """\
name: Train
description: Train it.
inputs:
- {name: data, type: Dataset}
- {name: rate, type: Float, default: '0.5'}
outputs:
- {name: model, type: Model}
implementation:
  container:
    image: r/t:1
    command: [train]
    args: [--rate, {if: {cond: {isPresent: rate}, then: [{inputValue: rate}], else: ['0.5']}},
           {inputPath: data}, {outputPath: model}]
""",
    )
    assert result.err == (
        "note: values with a default stand inside isPresent: KFP 2's server fails at one that is left out\n"
    )
    (tmp_path / "component.yaml").write_text(result.out)
    again = comp("convert", "component.yaml", "--to", "component", folder=tmp_path)
    assert (again.out, again.err) == (result.out, "")
    assert "C029" not in comp("lint", "component.yaml", folder=tmp_path).out


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("whole", "train.py:9:2: 'whole' is a pipeline, not a component [F012]", "`comp pipeline compile train.py`"),
        ("loaded", "train.py:16:10: 'loaded' is an importer, which runs no container", "call dsl.importer in"),
        ("step", "train.py:14:1: 'step' has no image of its own", "comp new step --from-function train.py:step"),
        ("missing", "train.py:1:1: there is no function 'missing'", "it has: train, whole, step"),
    ],
)
def test_code_without_a_container_is_refused(tmp_path: Path, name: str, message: str, hint: str) -> None:
    (tmp_path / "train.py").write_text(CONTAINER)
    result = comp("convert", f"train.py:{name}", "--to", "ir", folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    assert message in result.err
    assert hint in result.err


def test_inspect_shows_a_container_components_command_line(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(CONTAINER)
    result = comp("inspect-function", "train.py:train", folder=tmp_path)
    assert result.code == 0
    assert result.out.startswith("train (train.py:5), with an image of its own\n  Train it.\n  inputs:\n")
    assert result.out.endswith(
        "  image: r/t:1\n  command: train\n  args: --rate, {inputValue: rate}, {inputPath: data}, {outputPath: model}\n"
    )
    (record,) = json.loads(ok("inspect-function", "train.py:train", "--format", "json", folder=tmp_path))
    assert (record["image"], record["args"][1]) == ("r/t:1", {"inputValue": "rate"})


def test_a_concat_is_reported(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(CONTAINER.replace('"--rate", rate', 'f"--rate={rate}"'))
    result = comp("convert", "train.py:train", "--to", "component", folder=tmp_path)
    assert "{concat: [--rate=, {inputValue: rate}]}" in result.out
    assert result.err == (
        "warning: KFP 2's server passes the JSON of `concat` to the program; `--to ir` writes it as one text\n"
    )
    written = ok("convert", "train.py:train", "--to", "ir", folder=tmp_path)
    assert '"Then": ["--rate={{$.inputs.parameters[\'\'rate\'\']}}"], "Else": ["--rate=0.5"]' in written
