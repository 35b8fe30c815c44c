"""Declarations in compiled pipelines: written where the pipeline does not decide itself, in either form."""

from pathlib import Path
from typing import Any

import yaml

from tests.contracts import TRAIN
from tests.unit.forms.test_kfp_settings import REFERENCES, RESOURCES
from toolkit.declared.model import Declared
from toolkit.forms.ir import write_ir
from toolkit.forms.kfp_settings import ir_resources, kubernetes_config
from toolkit.pipelines.declarations import declared_by, with_declarations, with_limits
from toolkit.pipelines.graph import Resources
from toolkit.spec.declared import declared_of, with_declared
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import write_component

DECLARED = Declared(resources=RESOURCES, references=REFERENCES)


def _pipeline(**container: Any) -> dict[str, Any]:  # noqa: ANN401 (parts of IR)
    executors = {"exec-a": {"container": {"image": "a:1", **container}}, "exec-b": {"container": {"image": "b:1"}}}
    return {"deploymentSpec": {"executors": executors}, "pipelineInfo": {"name": "p"}}


def _text(*documents: Any) -> str:  # noqa: ANN401 (documents of IR)
    return "# PIPELINE DEFINITION\n# Name: p\n" + "---\n".join(map(yaml.dump, documents))


def _platform(executors: dict[str, Any]) -> dict[str, Any]:
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def test_a_pipeline_without_declarations_stays_as_it_is() -> None:
    text = _text(_pipeline())
    assert with_declarations(text, {"exec-a": Declared(constants={"A": "b"})}) is text


def test_resources_and_secrets_are_added() -> None:
    first, second = yaml.safe_load_all(with_declarations(_text(_pipeline()), {"exec-a": DECLARED}))
    executors = first["deploymentSpec"]["executors"]
    assert executors["exec-a"]["container"]["resources"] == ir_resources(RESOURCES)
    assert "resources" not in executors["exec-b"]["container"]
    assert second == _platform({"exec-a": kubernetes_config(REFERENCES)})


def test_comments_stay_and_no_empty_document_comes() -> None:
    written = with_declarations(_text(_pipeline()), {"exec-a": Declared(resources=RESOURCES), "exec-b": Declared()})
    assert written.startswith("# PIPELINE DEFINITION\n# Name: p\ndeploymentSpec:\n")
    assert "---" not in written


def test_what_the_pipeline_sets_itself_stays() -> None:
    own = {"resourceCpuLimit": "{{$.inputs.parameters['cpu']}}"}
    config = {"secretAsEnv": [{"secretName": "mine", "keyToEnv": [{"secretKey": "k", "envVar": "TOKEN"}]}]}
    text = _text(
        _pipeline(resources=own, env=[{"name": "ZONE", "value": "here"}]), _platform({"exec-a": config, "exec-x": {}})
    )
    first, second = yaml.safe_load_all(with_declarations(text, {"exec-a": DECLARED}))
    resources = first["deploymentSpec"]["executors"]["exec-a"]["container"]["resources"]
    assert {field for field in resources if "cpu" in field.lower()} == {"resourceCpuLimit"}
    assert resources["resourceMemoryLimit"] == "4Gi"
    written = second["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-a"]
    variables = [pair["envVar"] for entry in written["secretAsEnv"] for pair in entry["keyToEnv"]]
    assert variables == ["TOKEN", "OTHER", "T2"]
    assert "configMapAsEnv" not in written


def test_a_manifest_holds_both_in_its_spec() -> None:
    manifest = {"apiVersion": "v", "kind": "PipelineVersion", "spec": {"pipelineSpec": _pipeline()}}
    first, second = yaml.safe_load_all(with_declarations(_text({"kind": "Pipeline"}, manifest), {"exec-a": DECLARED}))
    assert first == {"kind": "Pipeline"}
    assert second["spec"]["platformSpec"] == _platform({"exec-a": kubernetes_config(REFERENCES)})


def test_a_contract_in_either_form_declares() -> None:
    spec = with_declared(parse_component(TRAIN, Path("a")), DECLARED)
    for text in (write_component(spec), write_ir(spec)):
        declared = declared_by(text, Path("a"))
        assert (declared.resources, declared.references) == (RESOURCES, REFERENCES)
    assert declared_by("name: [", Path("a")) == Declared()


def test_a_step_keeps_here_the_limits_that_its_pipeline_asks_for() -> None:
    spec = parse_component(TRAIN, Path("a"))
    asked = Resources(
        cpu_limit="{{$.inputs.parameters['cpu']}}",
        memory_limit="2000K",
        cpu_request="1",
        accelerator="nvidia.com/gpu",
        accelerator_count="1",
    )
    limited = with_limits(spec, asked)
    resources = declared_of(limited).resources
    assert [(name, amount.text) for name, amount in resources.limits.items()] == [("memory", "2000k")]
    assert [(name, amount.text) for name, amount in resources.requests.items()] == [("cpu", "1")]
    assert resources.accelerator is not None
    assert limited.container == spec.container
    assert with_limits(spec, Resources()) == spec
