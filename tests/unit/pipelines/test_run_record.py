"""`run.json` is read back as it was written, and other forms are refused."""

import json
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.pipelines.run_record import Origin, RunFile, described, read_run, value_of
from toolkit.pipelines.values import Artifact, Gathered, Parameter

FACTS = {"pipeline": "train", "runner": "docker", "inputs": {"n": "5"}}
STEP = {"title": "Train", "component": "comp-train", "kind": "component"}


def test_a_record_is_read_back(tmp_path: Path) -> None:
    origin = Origin(file=tmp_path / "p.py", function="train", components={"train": tmp_path / "train"}, folder=tmp_path)
    file = RunFile(tmp_path, {**FACTS, **origin.facts()})
    file.step(("loop", "0", "train"), state="running", started=10.0, **STEP)
    file.step(("loop", "0", "train"), state="failed", ended=12.5, exit_code=3, why="exit code 3")
    file.end("failed", {"sum": Parameter(value=3)})
    run = read_run(tmp_path)
    assert (run.pipeline, run.runner, run.state, run.inputs) == ("train", "docker", "failed", {"n": "5"})
    assert run.outputs == {"sum": {"value": 3}}
    assert run.origin == origin
    step = run.steps["loop/0/train"]
    assert (step.title, step.state, step.started, step.ended, step.exit_code) == ("Train", "failed", 10.0, 12.5, 3)
    assert run.ended is not None
    assert run.started <= run.ended


def test_a_run_that_goes_on_has_no_end(tmp_path: Path) -> None:
    file = RunFile(tmp_path, FACTS)
    file.write()
    run = read_run(tmp_path)
    assert (run.state, run.ended, run.origin) == ("running", None, Origin())


def test_only_a_run_that_has_not_ended_is_interrupted(tmp_path: Path) -> None:
    file = RunFile(tmp_path, FACTS)
    assert file.interrupt()
    assert read_run(tmp_path).state == "interrupted"
    other = RunFile(tmp_path, FACTS)
    other.end("succeeded", {})
    assert not other.interrupt()
    assert read_run(tmp_path).state == "succeeded"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_secret_is_hidden(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 10
    file = RunFile(tmp_path, {**FACTS, "inputs": {"key": token}})
    file.end("failed", {"out": Parameter(value=token)})
    assert token not in (tmp_path / "run.json").read_text()


def test_an_output_is_a_value_again(tmp_path: Path) -> None:
    inside = Artifact(path=tmp_path / "a" / "b", schema="system.Model", digest="sha256:1", metadata={"m": 1})
    outside = Artifact(path=Path("/data/x"), schema="system.Dataset", digest="sha256:2")
    assert described(inside, tmp_path)["path"] == "a/b"
    for value in (Parameter(value={"a": [None, 1]}), inside, outside):
        assert value_of(described(value, tmp_path), tmp_path) == value
    assert described(Gathered(items=(Parameter(value=1),)), tmp_path) == {"items": [{"value": 1}]}
    others: list[dict[str, object]] = [{}, {"path": 3}, {"path": "a", "type": "t", "digest": None, "metadata": {}}]
    for other in others:
        assert value_of(other, tmp_path) is None


def test_a_record_that_is_not_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is not the folder of a run"):
        read_run(tmp_path)
    for text in ("{", "[]", "{}", json.dumps({"version": 2}), json.dumps({"version": 1, "steps": 3})):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(InputError, match=r"not the record of a run|its version is 2"):
            read_run(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"outputs": ["a"]}, {"outputs": 3}, {"started": 3}, {"ended": "x"}, {"state": '"><a>'}],
)
def test_a_step_of_another_form_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    file = RunFile(tmp_path, FACTS)
    file.step(("train",), state="succeeded", **STEP)
    file.write()
    document = json.loads((tmp_path / "run.json").read_text())
    document["steps"][0] |= change
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="not the record of a run"):
        read_run(tmp_path)
