"""What comes of kfp's own local runner, with a program in the place of the Python that has kfp."""

import json
import sys
from pathlib import Path

import pytest

from tests.pipelines import constant, dag, executed, pipeline, ports, task, written
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.pipelines.graph import Pipeline
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.kfp_local import run_by_kfp
from toolkit.pipelines.local_run import Finished
from toolkit.pipelines.run_record import read_run
from toolkit.pipelines.scheduling import State
from toolkit.pipelines.values import Artifact, Gathered, Parameter

TEXT = written(
    pipeline(
        dag({"one": task("one", inputs={"x": constant(1)})}, ports(n="int", data="Dataset?", m="float?")),
        {"one": executed("one", ports(x="int"))},
    )
)


def example() -> Pipeline:
    return parse_pipeline(TEXT, Path("p.yaml"))


class Python:
    """A program that notes its request, prints, and answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "python"
        self.heard: list[str] = []

    def run(self, answer: str, **texts: str) -> Finished:
        script = (
            f"#!{sys.executable}\nimport pathlib, sys\n"
            f"pathlib.Path({str(self.folder / 'request')!r}).write_text(pathlib.Path(sys.argv[2]).read_text())\n"
            "print('\\x1b[95mstep\\x1b[0m')\n"
            f"answer = {answer!r}\n"
            "if answer: pathlib.Path(sys.argv[3]).write_text(answer)\n"
            "sys.exit(5)\n"
        )
        self.path.write_text(script)
        self.path.chmod(0o755)
        out = self.folder / "runs"
        return run_by_kfp(example(), TEXT, texts, out, python=self.path, environ={}, hear=self.heard.append)


@pytest.fixture
def python(tmp_path: Path) -> Python:
    return Python(tmp_path)


def test_values_go_in_and_outputs_come_out(python: Python, tmp_path: Path) -> None:
    (tmp_path / "made").write_text("x")
    made = {"path": str(tmp_path / "made"), "type": "system.Model", "metadata": {"a": 1}}
    answer = {"outputs": {"sum": {"value": 3.0}, "model": made, "all": [{"value": 1}, {"value": 2}]}}
    finished = python.run(json.dumps(answer), n="5")
    assert finished.state is State.SUCCEEDED
    assert finished.outputs["sum"] == Parameter(value=3)
    assert finished.outputs["all"] == Gathered(items=(Parameter(value=1), Parameter(value=2)))
    model = finished.outputs["model"]
    assert isinstance(model, Artifact)
    assert (model.path, model.metadata) == (tmp_path / "made", {"a": 1})
    # Defaults are left to kfp.
    assert json.loads((tmp_path / "request").read_text())["inputs"] == {"n": 5}
    assert python.heard == ["step"]
    assert "step" in (finished.folder / "log.txt").read_text()
    record = read_run(finished.folder)
    assert (record.state, record.outputs["sum"]) == ("succeeded", {"value": 3})
    assert parse_pipeline((finished.folder / "pipeline.yaml").read_text(), Path("p.yaml")).name == "example"


def test_a_failure_has_kfps_own_words(python: Python) -> None:
    finished = python.run(json.dumps({"error": "RuntimeError: Inner task failed"}), n="5")
    assert finished.state is State.FAILED
    assert finished.error is not None
    assert finished.error.message == "RuntimeError: Inner task failed"
    assert read_run(finished.folder).state == "failed"


def test_what_is_missing_is_named(python: Python, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="python has no docker") as caught:
        python.run(json.dumps({"missing": "docker"}), n="5")
    assert "kfp[all]" in (caught.value.hint or "")
    with pytest.raises(OutsideError, match="ended with code 5, without a result"):
        python.run("", n="5")
    (tmp_path / "data").write_text("x")
    with pytest.raises(UsageError, match="takes no artifacts as inputs: data"):
        python.run("{}", n="5", data=str(tmp_path / "data"))
    with pytest.raises(UsageError, match="missing inputs: n"):
        python.run("{}")
