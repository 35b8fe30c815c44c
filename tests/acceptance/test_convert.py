"""`comp convert`: a contract in other forms and back, at the terminal."""

from pathlib import Path

import pytest
import yaml

from tests.commands import comp, ok

SAMPLES = Path(__file__).parents[2] / "sample_components"
CONTRACTS = sorted(SAMPLES.glob("*/component.yaml")) + sorted(SAMPLES.glob("*/components/*.yaml"))


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem + "-" + path.parent.name)
def test_the_samples_come_back_from_ir(path: Path, tmp_path: Path) -> None:
    ir = tmp_path / "ir.yaml"
    assert comp("convert", path, "--to", "ir", "-o", "ir.yaml", folder=tmp_path).err == "wrote ir.yaml\n"
    assert yaml.safe_load(ir.read_text())["pipelineInfo"]["name"]
    back = ok("convert", ir, "--to", "component")
    assert yaml.safe_load(back) == yaml.safe_load(path.read_text())


def test_argo_says_what_it_leaves_out() -> None:
    result = comp("convert", SAMPLES / "train_model" / "component.yaml", "--to", "argo")
    assert result.code == 0
    assert result.err == "warning: Argo cannot leave out an argument: the step runs without class_weight\n"
    assert yaml.safe_load(result.out)["kind"] == "WorkflowTemplate"


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    target = tmp_path / "out.yaml"
    target.write_text("mine")
    command = ("convert", SAMPLES / "train_model" / "component.yaml", "--to", "ir", "-o", target)
    result = comp(*command)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"error: {target} exists\nhint: choose another name, or --force\n"
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
        "hint: use its tasks one by one: a\n"
    )
    assert ok("convert", path, "--to", "component").startswith("name: g\nimplementation:\n  graph:\n")


def test_a_pipeline_is_no_component(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("pipelineInfo: {name: p}\ncomponents: {comp-a: {}, comp-b: {}}\n")
    result = comp("convert", "p.yaml", "--to", "component", folder=tmp_path)
    assert result.code == 1
    assert result.err == (
        "error: p.yaml:2:13: this is a pipeline: components has 2 entries, not one\n"
        "hint: only the IR of a single component can be a contract\n"
    )
