"""Declarations reach KFP as kfp and kfp-kubernetes compile them, and both loaders take contracts that have them."""

import json
from pathlib import Path

import yaml

from tests.contracts import TRAIN
from tests.kfp_environments import run_kfp
from tests.unit.forms.test_kfp_settings import REFERENCES, RESOURCES
from toolkit.declared.model import Declared
from toolkit.forms.ir import write_ir
from toolkit.forms.kfp_settings import ir_resources, kubernetes_config
from toolkit.spec.declared import with_declared
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import write_component

COMPILED = """
import sys
from kfp import compiler, dsl, kubernetes

@dsl.container_component
def c():
    return dsl.ContainerSpec(image="a:1", command=["x"])

@dsl.pipeline
def p():
    task = c().set_cpu_limit("500m").set_memory_limit("4Gi").set_cpu_request("250m").set_memory_request("1500000")
    task.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(2)
    kubernetes.use_secret_as_env(task, "api", {"token": "TOKEN", "other": "OTHER"})
    kubernetes.use_secret_as_env(task, "api", {"token": "T2"}, optional=True)
    kubernetes.use_config_map_as_env(task, "cluster", {"zone": "ZONE"})

compiler.Compiler().compile(p, sys.argv[1])
"""
LOADED = """
import sys
from kfp import components
print(components.load_component_from_file(sys.argv[1]).component_spec.name)
"""


def test_the_forms_are_those_of_kfp(kfp2: Path, tmp_path: Path) -> None:
    run_kfp(kfp2, COMPILED, str(tmp_path / "p.yaml"))
    first, second = yaml.safe_load_all((tmp_path / "p.yaml").read_text())
    assert first["deploymentSpec"]["executors"]["exec-c"]["container"]["resources"] == ir_resources(RESOURCES)
    config = second["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-c"]
    assert config == kubernetes_config(REFERENCES)


def test_both_loaders_take_a_contract_with_declarations(kfp1: Path, kfp2: Path, tmp_path: Path) -> None:
    spec = with_declared(parse_component(TRAIN, tmp_path), Declared(resources=RESOURCES, references=REFERENCES))
    (tmp_path / "component.yaml").write_text(write_component(spec))
    assert "comp.resources" in (tmp_path / "component.yaml").read_text()
    assert run_kfp(kfp2, LOADED, str(tmp_path / "component.yaml")).strip() == "train-model"
    first = LOADED.replace("components.load_component_from_file(sys.argv[1])", "make").replace(
        "print(", "make = components.load_component_from_file(sys.argv[1])\nprint("
    )
    assert run_kfp(kfp1, first, str(tmp_path / "component.yaml")).strip() == "Train model"


def test_kfp_takes_the_ir_with_its_second_document(kfp2: Path, tmp_path: Path) -> None:
    spec = with_declared(parse_component(TRAIN, tmp_path), Declared(resources=RESOURCES, references=REFERENCES))
    (tmp_path / "ir.yaml").write_text(write_ir(spec))
    program = """
import json, sys
from kfp import components
loaded = components.load_component_from_file(sys.argv[1])
from google.protobuf import json_format
print(json.dumps(json_format.MessageToDict(loaded.platform_spec)))
"""
    loaded = json.loads(run_kfp(kfp2, program, str(tmp_path / "ir.yaml")))
    executors = loaded["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert executors == {"exec-train-model": kubernetes_config(REFERENCES)}
