"""Both lines of KFP load and compile what we write."""

from pathlib import Path

import pytest

from tests.conftest import Sample
from tests.kfp_environments import run_kfp

# One pipeline of one step; inputs without a default come from the pipeline or from another step's artifact.
KFP_1 = """
import json, sys
import kfp
from kfp import components, dsl
from kfp.compiler import Compiler

path, given = sys.argv[1], json.loads(sys.argv[2])
make = components.load_component_from_file(path)
source = components.load_component_from_text(
    "name: source\\noutputs: [{name: o}]\\nimplementation: {container: {image: i, command: [c, {outputPath: o}]}}"
)

@dsl.pipeline(name="p")
def pipeline():
    artifact = source().output
    make(**{name: artifact if value == "ARTIFACT" else value for name, value in given.items()})

workflow = Compiler()._create_workflow(pipeline)
template = [t for t in workflow["spec"]["templates"] if "container" in t and t["container"]["image"] != "i"][0]
print(json.dumps(template["container"]["command"] + template["container"].get("args", [])))
"""

KFP_2 = """
import json, sys, tempfile
from google.protobuf.json_format import MessageToDict
from kfp import components, compiler, dsl

path, given = sys.argv[1], json.loads(sys.argv[2])
make = components.load_component_from_file(path)

@dsl.pipeline(name="p")
def pipeline():
    values = {}
    for name, value in given.items():
        if value == "ARTIFACT":
            kind = make.component_spec.inputs[name].type.partition(".")[2].partition("@")[0]
            value = dsl.importer(artifact_uri="gs://a/b", artifact_class=getattr(dsl, kind)).output
        values[name] = value
    make(**values)

compiler.Compiler().compile(pipeline, tempfile.mkdtemp() + "/p.yaml")
executors = MessageToDict(pipeline.pipeline_spec)["deploymentSpec"]["executors"]
container = [e["container"] for e in executors.values() if "container" in e][0]
print(json.dumps(container["command"] + container["args"]))
"""

CASES = {
    "load_table/component.yaml": '{"table": "digits"}',
    "load_table/components/split-table.yaml": '{"data": "ARTIFACT", "fraction": 0.5}',
    "train_model/component.yaml": '{"training_data": "ARTIFACT", "c": 0.5}',
    "evaluate_model/component.yaml": '{"model": "ARTIFACT", "data": "ARTIFACT"}',
    "summarise_text/component.yaml": '{"text": "ARTIFACT", "most": 3}',
}


@pytest.mark.parametrize("contract", CASES)
def test_kfp_1_8_compiles_a_contract_to_argo(kfp1: Path, contract: str) -> None:
    root = Path(__file__).parents[2] / "sample_components"
    command = run_kfp(kfp1, KFP_1, str(root / contract), CASES[contract])
    assert '"/opt/comp/launch.py"' in command
    assert '"--executor-input", "{{$}}"' in command


@pytest.mark.parametrize("contract", CASES)
def test_kfp_2_compiles_a_contract(kfp2: Path, contract: str) -> None:
    root = Path(__file__).parents[2] / "sample_components"
    command = run_kfp(kfp2, KFP_2, str(root / contract), CASES[contract])
    assert '"/opt/comp/launch.py"' in command
    assert '"--executor-input", "{{$}}"' in command


def test_an_absent_optional_input_leaves_no_argument_in_kfp_1_8(kfp1: Path, sample: Sample) -> None:
    contract = str(sample("summarise_text") / "component.yaml")
    without = run_kfp(kfp1, KFP_1, contract, '{"text": "ARTIFACT"}')
    given = run_kfp(kfp1, KFP_1, contract, '{"text": "ARTIFACT", "ignore": ["a"]}')
    assert "--ignore" not in without
    assert '"--ignore", "[\\"a\\"]"' in given
