"""A whole pipeline by each runner gives the same outputs, logs and records, from code and from a registry's image."""

import json
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.pipeline_steps import CODE, NAMES, compiled, everything
from tests.pipelines import constant, dag, given, outer, ports, result, task
from tests.servers import Server

FOLDERS = [word for name in ("steps", "write", "join", "fail", "last") for word in ("--component", f"{name}=steps")]


# Conditions, loops in loops, gathered outputs and an exit handler, as kfp's own compiler writes them.
PIPELINE = """
from pathlib import Path
from typing import List

from kfp import components, dsl

HERE = Path(__file__).parent / "steps"


def load(name):
    return components.load_component_from_file(str(HERE / name))


add, write = load("component.yaml"), load("components/write.yaml")
fail, last = load("components/fail.yaml"), load("components/last.yaml")


@dsl.pipeline(name="from-python")
def from_python(x: int = 3, words: List[str] = ["p", "q"], code: int = 0) -> int:
    one = add(a=x)
    with dsl.If(one.outputs["output"] > 10, name="many"):
        big = add(a=one.outputs["output"], b=100)
    with dsl.Else():
        small = add(a=one.outputs["output"], b=-100)
    with dsl.ParallelFor(words, parallelism=1) as word:
        write(text=f"{word}-{one.outputs['output']}")
        with dsl.ParallelFor([1, 2]) as number:
            add(a=number)
    with dsl.ExitHandler(add(a=1000)):
        fail(code=code)
    return add(a=dsl.OneOf(big.outputs["output"], small.outputs["output"])).outputs["output"]
"""


@pytest.fixture
def folder(tmp_path: Path, cache_folder: Path, debian_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the component folder `steps` and a pipeline of its components."""
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    monkeypatch.setenv("COMP_BASE", f"layout:{debian_base}")
    (tmp_path / "code.py").write_text(CODE)
    ok("new", "steps", "--from-function", f"code.py:{','.join(NAMES)}", folder=tmp_path)
    root, parts = everything()
    compiled(tmp_path, root, **parts)
    return tmp_path


@pytest.mark.parametrize("runner", ["docker", "buildah"])
def test_a_pipeline_of_built_code(folder: Path, docker_host: str, runner: str) -> None:
    assert docker_host
    by = ("--runner", runner, *FOLDERS)
    done = comp("pipeline", "run", "p.yaml", "-i", "x=5", *by, "--cache", folder=folder)
    assert done.code == 0, done.err
    assert sorted(done.out.splitlines()) == ["end=SUCCEEDED", "joined=p1,q1", "sum=106"]
    (record,) = (folder / "runs").glob("*/run.json")
    steps = {step["path"]: step for step in json.loads(record.read_text())["steps"]}
    assert (record.parent / steps["one"]["log"]).read_text() == "adding 5 1\n"
    assert steps["loop/0/write"]["outputs"]["data"]["metadata"] == {"length": 1}
    again = comp("pipeline", "run", "p.yaml", "-i", "x=5", *by, "--cache", folder=folder)
    assert "cached  one, from the cache\n" in again.err
    failed = comp("pipeline", "run", "p.yaml", "-i", "x=5", "-i", "code=3", *by, folder=folder)
    assert failed.code == 1
    assert "fail failed: exit code 3\n  | about to leave\n" in failed.err


@pytest.mark.parametrize("runner", ["docker", "buildah"])
def test_a_pipeline_of_an_image_in_a_registry(folder: Path, remote: Server, docker_host: str, runner: str) -> None:
    assert docker_host
    ok("build", "steps", "--push", "--image", f"{remote.host}/{runner}/steps", folder=folder)
    root, parts = everything()
    path = compiled(folder, root, **parts)
    assert f"{remote.host}/{runner}/steps@sha256:" in path.read_text()
    done = comp("pipeline", "run", "p.yaml", "-i", "x=1", "--runner", runner, folder=folder)
    assert done.code == 0, done.err
    assert "sum=102\n" in done.out


def test_a_pipeline_by_kfps_own_runner(
    folder: Path, remote: Server, docker_host: str, kfp2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert docker_host
    monkeypatch.setenv("COMP_KFP_PYTHON", str(kfp2))
    ok("build", "steps", "--push", "--image", f"{remote.host}/kfp/steps", folder=folder)
    tasks = {
        "one": task("add", inputs={"a": outer("x")}),
        "two": task("add", "one", inputs={"a": result("one", "output"), "b": constant(10.0)}),
        "write": task("write", "two", inputs={"text": constant("hello")}),
    }
    root = dag(tasks, ports(x="int"), ports(sum="int"), {"sum": given("two", "output")})
    compiled(folder, root)
    done = comp("pipeline", "run", "p.yaml", "-i", "x=5", "--runner", "kfp", folder=folder)
    assert done.code == 0, done.err
    assert done.out == "sum=16\n"
    assert "adding 5 1\n" in done.err
    (record,) = (folder / "runs").glob("*/run.json")
    assert json.loads(record.read_text())["outputs"] == {"sum": {"value": 16}}
    assert "adding 6 10" in (record.parent / "log.txt").read_text()
    compiled(folder, dag({"fail": task("fail", inputs={"code": constant(3)})}))
    failed = comp("pipeline", "run", "p.yaml", "--runner", "kfp", folder=folder)
    assert failed.code == 1, failed.out + failed.err
    assert "Inner task failed: " in failed.err
    refused = comp("pipeline", "run", "p.yaml", "--runner", "kfp", "--cache", folder=folder)
    assert (refused.code, refused.out) == (2, "")
    assert "--cache does not go with --runner kfp" in refused.err


def test_a_pipeline_in_python_runs_as_processes(folder: Path, kfp2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_KFP_PYTHON", str(kfp2))
    (folder / "from_python.py").write_text(PIPELINE)
    by = ("--runner", "process", "--format", "json")
    done = comp("pipeline", "run", "from_python.py", *by, folder=folder)
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"Output": -95}
    (record,) = (folder / "runs").glob("*/run.json")
    steps = {step["path"]: step for step in json.loads(record.read_text())["steps"]}
    wrote = [step for step in steps.values() if (step["title"], step["kind"]) == ("write", "component")]
    texts = [(record.parent / step["outputs"]["data"]["path"]).read_text() for step in wrote]
    assert texts == ["p-4", "q-4"]
    assert sum(step["kind"] == "component" and path.startswith("for-loop-") for path, step in steps.items()) == 6
    other = comp("pipeline", "run", "from_python.py", "-i", "x=20", "-i", "words=[]", *by, folder=folder)
    assert json.loads(other.out) == {"Output": 122}
    failed = comp("pipeline", "run", "from_python.py", "-i", "code=3", *by, folder=folder)
    assert (failed.code, failed.out) == (1, "")
    # The exit handler ran, and what does not need the failed step too.
    assert failed.err.count("ok      ") == 10
    assert "fail failed: exit code 3\n" in failed.err
