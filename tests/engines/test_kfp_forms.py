"""Our IR and WorkflowTemplates equal those of KFP's own compilers for the same contracts."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kfp_environments import run_kfp
from toolkit.config.argo import ArgoSettings
from toolkit.forms.argo_workflow import workflow
from toolkit.forms.ir import write_ir
from toolkit.interface.model import Kind
from toolkit.spec.reader import read_component

ROOT = Path(__file__).parents[2]
CONTRACTS = sorted((ROOT / "sample_components").glob("**/component*.yaml"))
CONTRACTS += sorted((ROOT / "sample_components").glob("*/components/*.yaml"))

COMPILED_BY_KFP_2 = """
import sys
from kfp import components, compiler
compiler.Compiler().compile(components.load_component_from_file(sys.argv[1]), sys.argv[2])
"""

USED_BY_KFP_2 = """
import sys
from kfp import components, compiler, dsl
make = components.load_component_from_text(open(sys.argv[1]).read())

@dsl.pipeline(name="p")
def pipeline():
    given = {"STRING": "a", "NUMBER_INTEGER": 1, "NUMBER_DOUBLE": 0.5, "BOOLEAN": True, "LIST": [], "STRUCT": {}}
    given |= {"String": "a", "Integer": 1, "Float": 0.5, "Boolean": True, "List": [], "Dict": {}}
    values = {}
    for name, port in make.component_spec.inputs.items():
        if not port.optional:
            kind = port.type.partition(".")[2].partition("@")[0]
            importer = kind and dsl.importer(artifact_uri="gs://a/b", artifact_class=getattr(dsl, kind)).output
            values[name] = importer or given[port.type]
    make(**values)

compiler.Compiler().compile(pipeline, sys.argv[2])
"""

COMPILED_BY_KFP_1 = """
import json, sys
from kfp import components, dsl
from kfp.compiler import Compiler
make = components.load_component_from_file(sys.argv[1])

@dsl.pipeline(name="p")
def pipeline():
    make(**{name: "given" for name in json.loads(sys.argv[2])})

workflow = Compiler()._create_workflow(pipeline)
print(json.dumps([template for template in workflow["spec"]["templates"] if "container" in template]))
"""


def _meaning(document: Any) -> Any:  # noqa: ANN401 (any YAML value)
    """Leave out what ours keeps beyond KFP's, and who wrote it."""
    if isinstance(document, dict):
        ours = {"sdkVersion", "description", "displayName", "literals"}
        return {key: _meaning(value) for key, value in document.items() if key not in ours}
    return [_meaning(item) for item in document] if isinstance(document, list) else document


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.parent.name + "-" + path.stem)
def test_ir_is_what_kfp_2_compiles(kfp2: Path, tmp_path: Path, path: Path) -> None:
    theirs, ours = tmp_path / "theirs.yaml", tmp_path / "ours.yaml"
    run_kfp(kfp2, COMPILED_BY_KFP_2, str(path), str(theirs))
    ours.write_text(write_ir(read_component(path)))
    assert _meaning(yaml.safe_load(ours.read_text())) == _meaning(yaml.safe_load(theirs.read_text()))
    run_kfp(kfp2, USED_BY_KFP_2, str(ours), str(tmp_path / "pipeline.yaml"))
    (executor,) = (
        executor["container"]
        for executor in yaml.safe_load((tmp_path / "pipeline.yaml").read_text())["deploymentSpec"]["executors"].values()
        if "container" in executor
    )
    ((_, written),) = yaml.safe_load(ours.read_text())["deploymentSpec"]["executors"].items()
    assert executor == written["container"]


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.parent.name + "-" + path.stem)
def test_a_template_is_what_kfp_1_8_compiles(kfp1: Path, path: Path) -> None:
    spec = read_component(path)
    needed = [port.name for port in spec.interface.inputs if not port.optional and port.default is None]
    (theirs,) = json.loads(run_kfp(kfp1, COMPILED_BY_KFP_1, str(path), json.dumps(needed)))
    values = {
        port.name: "given" if port.default is None else port.default
        for port in spec.interface.inputs
        if port.kind is Kind.PARAMETER and (port.name in needed or port.default is not None)
    }
    places = {name: {"raw": {"data": ""}} for name in needed if name not in values}
    document = workflow(spec, values=values, artifacts=places, settings=ArgoSettings(restricted=False))
    (ours,) = document["spec"]["templates"]
    del ours["container"]["volumeMounts"]
    # Kubernetes makes one dollar of two.
    container = json.loads(json.dumps(ours["container"]).replace("$$", "$"))
    words = [[*each["command"], *each["args"]] for each in (container, theirs["container"])]
    assert words[0] == words[1]
    assert container["image"] == theirs["container"]["image"]
    for side in ("inputs", "outputs"):
        paths = [sorted(port["path"] for port in each.get(side, {}).get("artifacts", [])) for each in (ours, theirs)]
        assert paths[0] == paths[1]
    notes = theirs["metadata"].get("annotations", {})
    assert ours.get("metadata", {}).get("annotations", {}).items() <= notes.items()
