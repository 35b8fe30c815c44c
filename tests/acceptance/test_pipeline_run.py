"""`comp pipeline run` as users type it, by the process runner: conditions, loops, artifacts and failures."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.commands import COMP, Result, comp, ok
from tests.pipeline_steps import CODE, NAMES, compiled, everything
from tests.pipelines import Json, constant, dag, task


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A component folder `steps`, made once."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "code.py").write_text(CODE)
    ok("new", "steps", "--from-function", f"code.py:{','.join(NAMES)}", folder=folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> Path:
    """A folder with a component folder `steps`, in a place of its own."""
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    shutil.copytree(made, tmp_path / "work")
    return tmp_path / "work"


def run(folder: Path, *arguments: str) -> Result:
    words = [word for name in ("steps", "write", "join", "fail", "last") for word in ("--component", f"{name}=steps")]
    named = words if "--component" not in arguments else []
    return comp("pipeline", "run", *arguments, "--runner", "process", *named, folder=folder)


def record(folder: Path) -> Any:  # noqa: ANN401 (JSON)
    """The record of the only run."""
    (one,) = (folder / "runs").glob("*/run.json")
    return json.loads(one.read_text())


def test_a_whole_pipeline(folder: Path) -> None:
    root, parts = everything()
    compiled(folder, root, **parts)
    done = run(folder, "p.yaml", "-i", "x=5", "-j", "2")
    assert done.code == 0, done.err
    assert sorted(done.out.splitlines()) == ["end=SUCCEEDED", "joined=p1,q1", "sum=106"]
    assert done.err.startswith("running example by process\n")
    assert "ok      loop/1/write (" in done.err
    assert "skipped either/small: its condition is false: !(int(" in done.err
    kept = record(folder)
    assert kept["state"] == "succeeded"
    steps = {step["path"]: step for step in kept["steps"]}
    assert steps["one"]["outputs"] == {"output": {"value": 6}}
    written_ = steps["loop/0/write"]["outputs"]["data"]
    assert written_["metadata"] == {"length": 1}
    (place,) = (folder / "runs").iterdir()
    assert (place / written_["path"]).read_text() == "p"
    assert (place / steps["one"]["log"]).read_text() == "adding 5 1\n"


def test_what_others_do_not_need_goes_on_after_a_failure_and_the_run_is_resumed(folder: Path) -> None:
    root, parts = everything()
    compiled(folder, root, **parts)
    done = run(folder, "p.yaml", "-i", "x=5", "-i", "code=3")
    assert (done.code, done.out) == (1, "")
    (place,) = (folder / "runs").iterdir()
    relative = place.relative_to(folder)
    assert """FAILED  fail: exit code 3
""" in done.err.replace(" (", "\n(")
    tail = f"""
fail failed: exit code 3
  | about to leave
  its log: {relative}/steps/fail/log.txt

{relative}: failed; to go on: comp pipeline run --resume {relative}
"""
    assert done.err.endswith(tail)
    states = {step["path"]: step["state"] for step in record(folder)["steps"]}
    assert (states["join"], states["last"], states["fail"]) == ("succeeded", "succeeded", "failed")
    (folder / "elsewhere").mkdir()
    # As it is printed, and from another folder: the runner, the folders of the code and the inputs are known.
    bare = comp("pipeline", "run", "--resume", f"../{relative}", folder=folder / "elsewhere")
    assert bare.code == 1, bare.err
    assert bare.err.startswith("running example by process\n")
    assert "cached  join, as it ended before\n" in bare.err
    again = run(folder, "--resume", str(relative), "-i", "code=0")
    assert again.code == 0, again.err
    assert sorted(again.out.splitlines()) == ["end=SUCCEEDED", "joined=p1,q1", "sum=106"]
    assert "cached  join, as it ended before\n" in again.err
    assert "ok      fail (" in again.err
    (folder / "p.yaml").rename(folder / "moved.yaml")
    kept = comp("pipeline", "run", "--resume", str(relative), "-i", "code=0", folder=folder)
    assert kept.code == 0, kept.err
    (folder / "moved.yaml").rename(folder / "p.yaml")
    (folder / "other.yaml").write_text((folder / "p.yaml").read_text().replace("name: example", "name: another"))
    other = run(folder, "other.yaml", "--resume", str(relative))
    assert (other.code, other.out) == (2, "")
    assert "is a run of example, not of another" in other.err
    # The exit handler learnt another end, so it ran again.
    assert "ok      last (" in again.err


def test_steps_are_taken_from_the_cache_where_the_pipeline_allows_it(folder: Path) -> None:
    root, parts = everything()
    compiled(folder, root, **parts)
    values = ("-i", "x=5", "-i", "words=[]", "--cache")
    assert run(folder, "p.yaml", *values).code == 0
    again = run(folder, "p.yaml", *values)
    assert again.code == 0
    assert "cached  one, from the cache\n" in again.err
    assert "ok      join (" in again.err
    # The code changed, to what no earlier run of this test has left in the cache.
    (path,) = (folder / "steps" / "src").glob("*.py")
    path.write_text(path.read_text() + f"\nCHANGED = {os.urandom(8).hex()!r}\n")
    assert "ok      one (" in run(folder, "p.yaml", *values).err


def test_inputs_come_from_files_too(folder: Path) -> None:
    root, parts = everything()
    compiled(folder, root, **parts)
    (folder / "in.yaml").write_text("x: 1\nwords: [ä, b]\ncode: null\n")
    (folder / "words").write_text('["z"]')
    done = run(folder, "p.yaml", "--inputs", "in.yaml", "--format", "json")
    assert json.loads(done.out) == {"sum": 102, "joined": "ä1,b1", "end": "SUCCEEDED"}
    done = run(folder, "p.yaml", "--inputs", "in.yaml", "--input-file", "words=words", "-i", "x=2")
    assert "joined=z1\n" in done.out
    assert "sum=103\n" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("p.yaml",), 2, "missing inputs: x (Integer)"),
        (("p.yaml", "-i", "x=many"), 2, "the input 'x' is 'many', expected Integer"),
        (("p.yaml", "-i", "y=1"), 2, "the pipeline has no input 'y'"),
        (("q.yaml", "-i", "x=1"), 1, "q.yaml: the file is missing"),
        ((), 2, "no pipeline is named"),
        (("--resume", "nowhere"), 1, "nowhere is not the folder of a run"),
        (("p.yaml", "-i", "x=1", "--function", "f"), 2, "p.yaml is compiled already"),
        (("p.yaml", "-i", "x=1", "--component", "ad=steps"), 2, "the pipeline has no component 'ad'"),
        (("p.yaml", "-i", "x=1", "--component", "add=steps"), 2, "is not known here, and a process needs it"),
        (("p.yaml", "-i", "x=1", "-o", "p.yaml"), 2, "is a file"),
    ],
)
def test_mistakes_are_found_before_anything_runs(
    folder: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    root, parts = everything()
    compiled(folder, root, **parts)
    done = run(folder, *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "hint: " in done.err
    assert not (folder / "runs").exists()


def test_a_signal_ends_the_steps_and_says_how_to_go_on(folder: Path) -> None:
    path = compiled(folder, dag({"add": task("add", inputs={"a": constant(1)}), "wait": waiting(folder)}))
    secret = {"secretName": "s", "keyToEnv": [{"secretKey": "k", "envVar": "TOKEN"}]}
    settings = {"kubernetes": {"deploymentSpec": {"executors": {"exec-wait": {"secretAsEnv": [secret]}}}}}
    path.write_text(f"{path.read_text()}---\n{json.dumps({'platforms': settings})}\n")
    words = ["--component", "steps=steps", "--component", "wait=steps", "--runner", "process"]
    process = subprocess.Popen(
        [COMP, "pipeline", "run", "p.yaml", *words],
        cwd=folder,
        env={**os.environ, "TOKEN": "hunter-2-marker"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child = int((folder / "pid").read_text())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    (place,) = (folder / "runs").iterdir()
    assert (process.returncode, out) == (130, b"")
    assert f"interrupted; to go on: comp pipeline run --resume {place.relative_to(folder)}\n" in err.decode()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert record(folder)["state"] == "interrupted"
    assert (place / "steps" / "wait" / "log.txt").read_text() == "token ***\n"
    assert [path.name for path in (place / "steps" / "wait").iterdir()] == ["log.txt"]


def waiting(folder: Path) -> Json:
    return task("wait", "add", inputs={"place": constant(str(folder / "pid"))})


class TestCases:
    """A pipeline has cases in the same form as a component's."""

    @pytest.fixture
    def cases(self, folder: Path) -> Path:
        root, parts = everything()
        compiled(folder, root, **parts)
        return folder / "tests" / "cases"

    def add(self, cases: Path, name: str, text: str) -> None:
        (cases / name).mkdir(parents=True)
        (cases / name / "case.yaml").write_text(text)

    def outcome(self, folder: Path, *arguments: str) -> Result:
        named = [f"{name}=steps" for name in ("steps", "write", "join", "fail", "last")]
        words = [word for each in named for word in ("--component", each)]
        return comp("pipeline", "test", "p.yaml", "--runner", "process", *words, *arguments, folder=folder)

    def test_outputs_are_compared(self, folder: Path, cases: Path) -> None:
        self.add(cases, "good", "inputs: {x: 5}\noutputs: {sum: {equals: 106}, joined: {contains: p1}}\n")
        self.add(cases, "fails", 'inputs: {x: 5, code: 3}\nfails: {exit: 3, message: "about to leave"}\n')
        self.add(cases, "wrong", "inputs: {x: 5}\noutputs: {sum: {equals: 7}}\n")
        self.add(cases, "breaks", "component: example\ninputs: {x: 5, code: 4}\n")
        self.add(cases, "other", "component: another\ninputs: {}\n")
        done = self.outcome(folder, "--repeat", "1", "--junit", "out.xml")
        assert done.code == 1
        assert done.out.splitlines() == [
            "FAIL breaks (process)",
            "     it failed with fail: exit code 4",
            "ok   fails (process)",
            "ok   good (process)",
            "FAIL wrong (process)",
            "     sum: is 106, expected 7",
        ]
        assert done.err.endswith("2 passed, 2 failed\n")
        assert "<testsuites" in (folder / "out.xml").read_text()
        assert self.outcome(folder, "-k", "good", "--repeat", "2").code == 0

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("inputs: {y: 5}\n", "the pipeline has no input 'y'"),
            ("inputs: {x: 5}\noutputs: {nothing: {exists: true}}\n", "the pipeline has no output 'nothing'"),
            ("inputs: {}\n", "missing inputs: x (Integer)"),
            ("inputs: {x: 5}\nenv: {A: b}\n", "env does not apply to a pipeline"),
        ],
    )
    def test_mistakes_are_named_with_their_file(self, folder: Path, cases: Path, text: str, message: str) -> None:
        self.add(cases, "case", text)
        done = self.outcome(folder)
        assert (done.code, done.out) == (1, "")
        assert message in done.err
        assert "case/case.yaml" in done.err

    def test_a_pipeline_without_cases_says_where_they_go(self, folder: Path, cases: Path) -> None:
        assert not cases.exists()
        done = self.outcome(folder)
        assert done.code == 1
        assert "no cases of example in " in done.err
