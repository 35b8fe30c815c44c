"""The process runner: the launcher and the component's code, in an environment of this machine."""

import logging
import os
import platform
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.interface.function import read_function
from toolkit.oci.descriptor import Platform
from toolkit.oci.file import File
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.lock import Lock
from toolkit.runners.process import ProcessRunner
from toolkit.runners.protocol import Call, Run
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.protocol import function_command, interface_document
from toolkit.system.threads import at_once

CODE = """
import os

from toolkit.types import OutputPath


def f(number: int, copy: OutputPath("TSV")) -> int:
    if number < 0:
        os.kill(os.getpid(), -number)
    with open(copy, "w") as out:
        out.write(os.environ["GREETING"] + os.environ["PYTHONUNBUFFERED"])
    return number + 1
"""
MINOR = ".".join(platform.python_version_tuple()[:2])
Runs = Callable[[int], tuple[int, dict[str, str]]]


@pytest.fixture
def runner(tmp_path: Path, quiet_uv: None) -> ProcessRunner:
    del quiet_uv
    (tmp_path / "code.py").write_text(CODE)
    function = replace(read_function(tmp_path / "code.py", "f", {}), module="code")
    files = (
        File(path="opt/comp/app/code.py", content=CODE.encode()),
        File(path="opt/comp/interface.json", content=interface_document([("f", function)])),
    )
    lock = Lock(inputs="", python=MINOR, pins={Platform("linux", "amd64"): ()})
    environ = {**os.environ, "GREETING": "hello", "PYTHONDONTWRITEBYTECODE": "1"}
    return ProcessRunner(files, lock, Cache(tmp_path / "cache"), Indexes(environ=environ), environ)


@pytest.fixture
def run(tmp_path: Path, runner: ProcessRunner) -> Run:
    del runner
    function = replace(read_function(tmp_path / "code.py", "f", {}), module="code")
    command, args = function_command("f", function, python="/opt/comp/venv/bin/python", safe_path=False)
    container = Container(image="", command=command, args=args)
    return Run(
        spec=ComponentSpec(name="f", description="", interface=function.interface, implementation=container),
        image="",
        values={"number": "1"},
        artifacts={},
        outputs={name: tmp_path / "out" / name for name in ("copy", "Output")},
    )


def test_it_runs_the_code_and_collects_the_outputs(runner: ProcessRunner, run: Run) -> None:
    outcome = runner.run(run)
    assert (outcome.exit_code, outcome.paths) == (0, run.outputs)
    assert {name: path.read_text() for name, path in outcome.paths.items()} == {"copy": "hello1", "Output": "2"}


def test_a_run_as_under_kfp_reports_its_artifacts(runner: ProcessRunner, run: Run, tmp_path: Path) -> None:
    call = Call(parameters={"number": 4}, artifacts={}, outputs={"copy": "system.Artifact"})
    with (tmp_path / "log").open("wb") as log:
        outcome = runner.run(replace(run, call=call, log=log))
    assert (outcome.exit_code, (tmp_path / "log").read_text()) == (0, "")
    # The ExecutorInput decides the value, not the command line.
    assert outcome.paths["Output"].read_text() == "5"
    (artifact,) = outcome.reported["artifacts"]["copy"]["artifacts"]
    assert artifact["name"] == "copy"


def test_what_it_prints_goes_to_its_log_and_its_variables_come_from_the_contract(
    runner: ProcessRunner, run: Run, tmp_path: Path
) -> None:
    container = replace(run.spec.container, env={"GREETING": "good day"})
    with (tmp_path / "log").open("wb") as log:
        changed = replace(run, spec=replace(run.spec, implementation=container), log=log, values={"number": "x"})
        assert runner.run(changed).exit_code == 1
        outcome = runner.run(replace(changed, values={"number": "1"}))
    assert "expected Integer" in (tmp_path / "log").read_text()
    assert outcome.paths["copy"].read_text() == "good day1"


def test_a_signal_is_reported_as_by_an_engine(runner: ProcessRunner, run: Run) -> None:
    outcome = runner.run(replace(run, values={"number": str(-signal.SIGTERM)}))
    assert (outcome.exit_code, outcome.paths) == (128 + signal.SIGTERM, {})


@pytest.mark.parametrize("command", [(), ("python", "run.py"), ("/opt/comp/venv/bin/python", "run.py")])
def test_a_component_that_does_not_run_by_the_launcher_is_refused(
    runner: ProcessRunner, run: Run, command: tuple[str, ...]
) -> None:
    spec = replace(run.spec, implementation=Container(image="", command=command))
    with pytest.raises(InputError, match="is not the launcher of comp") as refused:
        runner.run(replace(run, spec=spec))
    assert refused.value.hint == "use --runner docker or --runner buildah"


def test_runs_that_begin_together_make_one_environment(
    runner: ProcessRunner, run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    runs = [replace(run, outputs={name: tmp_path / str(number) / name for name in run.outputs}) for number in range(4)]
    assert [outcome.exit_code for outcome in at_once(runner.run, runs)] == [0] * 4
    assert caplog.messages.count("making an environment") == 1
