"""KFP's own executor understands what a step gets, and comp understands what the executor reports."""

import json
import subprocess
from pathlib import Path

import pytest

from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.pipelines.step_work import report_outputs
from toolkit.pipelines.values import Artifact, Parameter
from toolkit.runners.executor import executor_input, make_report_folder, read_report
from toolkit.runners.protocol import ArtifactItem, Call, Outcome, Run
from toolkit.spec.model import ComponentSpec, Container

MODULE = """
from typing import List, NamedTuple
from kfp.dsl import Dataset, Input, Metrics, Output, OutputPath, PipelineTaskFinalStatus

def everything(
    n: int, ratio: float, items: list, one: Input[Dataset], many: Input[List[Dataset]], model: Output[Dataset],
    metrics: Output[Metrics], path: OutputPath(str), status: PipelineTaskFinalStatus, absent: str = "default",
) -> NamedTuple("Outputs", [("sum", int), ("words", list)]):
    with open(model.path, "w") as stream:
        stream.write(",".join(open(each.path).read() for each in (one, *many)))
    model.metadata["rows"] = one.metadata["rows"]
    metrics.log_metric("accuracy", 0.5)
    with open(path, "w") as stream:
        stream.write(absent)
    words = [status.state, status.error_message, status.pipeline_task_name]
    return NamedTuple("Outputs", [("sum", int), ("words", list)])(n + len(items), words)
"""


@pytest.fixture
def spec() -> ComponentSpec:
    artifacts = [Output(name=name, type=type_, kind=Kind.ARTIFACT) for name, type_ in OUTPUTS.items()]
    parameters = [
        Output(name=name, type=type_, kind=Kind.PARAMETER)
        for name, type_ in (("path", "String"), ("sum", "Integer"), ("words", "JsonArray"))
    ]
    inputs = (Input(name="n", type="Integer", kind=Kind.PARAMETER),)
    interface = Interface(inputs=inputs, outputs=(*artifacts, *parameters))
    return ComponentSpec(name="e", description="", interface=interface, implementation=Container(image=""))


OUTPUTS = {"model": "Dataset", "metrics": "Metrics"}


def test_kfps_executor_takes_the_call_and_its_report_is_read(kfp2: Path, tmp_path: Path, spec: ComponentSpec) -> None:
    (tmp_path / "module.py").write_text(MODULE)
    for name in "abc":
        (tmp_path / name).write_text(name)
    make_report_folder(tmp_path)
    status = {"state": "FAILED", "error": {"code": 9, "message": "why"}, "pipelineTaskName": "body"}
    status |= {"pipelineJobResourceName": "run-1"}
    call = Call(
        parameters={"n": 3, "ratio": 2, "items": [1, "a"], "status": status},
        artifacts={
            "one": (ArtifactItem(name="one", schema="system.Dataset", metadata={"rows": 7}),),
            "many": tuple(ArtifactItem(name=f"many/{n}", schema="system.Dataset") for n in range(2)),
        },
        outputs={name: f"system.{type_}" for name, type_ in OUTPUTS.items()},
    )
    places = {port.name: tmp_path / "out" / port.name for port in spec.interface.outputs}
    given = executor_input(
        call,
        str(tmp_path),
        {"one": str(tmp_path / "a"), "many/0": str(tmp_path / "b"), "many/1": str(tmp_path / "c")},
        {name: str(place) for name, place in places.items()},
    )
    command = [str(kfp2), "-W", "ignore", "-m", "kfp.dsl.executor_main"]
    command += ["--component_module_path", str(tmp_path / "module.py"), "--function_to_execute", "everything"]
    command += ["--executor_input", given]
    subprocess.run(command, check=True, timeout=120, cwd=tmp_path)
    run = Run(spec=spec, image="", values={}, artifacts={}, outputs=places, call=call)
    written = {name: place for name, place in places.items() if place.exists()}
    outcome = Outcome(exit_code=0, paths=written, reported=read_report(tmp_path, run))
    outputs = dict(report_outputs(spec, outcome, places))
    assert outputs["sum"] == Parameter(value=5)
    assert outputs["words"] == Parameter(value=["FAILED", "why", "body"])
    assert outputs["path"] == Parameter(value="default")
    model, metrics = outputs["model"], outputs["metrics"]
    assert isinstance(model, Artifact)
    assert isinstance(metrics, Artifact)
    assert (model.path.read_text(), dict(model.metadata)) == ("a,b,c", {"rows": 7})
    assert dict(metrics.metadata) == {"accuracy": 0.5}
    assert json.loads(given)["outputs"]["outputFile"].startswith(str(tmp_path))
