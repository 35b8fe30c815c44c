"""Which runner is taken, and what it gets to run, on a machine without engines."""

import os
import socket
from pathlib import Path

import pytest

from tests.components import small_base, write_component
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.requirements.lock import Lock, inputs_digest
from toolkit.requirements.lock_file import write_lock
from toolkit.runners.process import ProcessRunner
from toolkit.runners.runnable import Runnable, find_component, open_runnable

CONTRACT = "name: A\nimplementation: {container: {image: 'a:1', command: [run]}}\n"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def context(tmp_path: Path, programs: Path) -> BuildContext:
    """Hide the engines; a program in the folder `programs` is found."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        docker = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    environ = {"PATH": str(programs), "DOCKER_HOST": docker}
    return BuildContext(cache=Cache(tmp_path / "cache"), environ=environ)


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "component.yaml"
    path.write_text(CONTRACT)
    return path


def _open(path: Path, context: BuildContext, *, runner: str | None = None) -> Runnable:
    return open_runnable(find_component(path, context), context, runner=runner)


def test_a_contract_needs_an_engine(contract: Path, context: BuildContext) -> None:
    with pytest.raises(OutsideError, match="neither docker nor buildah works here"):
        _open(contract, context)
    with pytest.raises(UsageError, match="a contract alone cannot run as a process"):
        _open(contract, context, runner="process")
    with pytest.raises(UsageError, match="--base does not go with a contract"):
        find_component(contract, context, base="layout:base")


@pytest.mark.parametrize("runner", [None, "process", "docker"])
def test_a_contract_without_a_container_is_refused_before_a_runner_is_chosen(
    contract: Path, context: BuildContext, runner: str | None
) -> None:
    contract.write_text("name: a\n")
    with pytest.raises(InputError, match="the component 'a' has no implementation"):
        _open(contract, context, runner=runner)


def test_the_first_engine_that_works_is_taken(contract: Path, context: BuildContext, programs: Path) -> None:
    (programs / "buildah").write_text("#!/bin/sh\necho buildah version 1.28.2\n")
    (programs / "buildah").chmod(0o755)
    runnable = _open(contract, context)
    assert (runnable.name, runnable.image, runnable.runner.name) == ("A", "a:1", "buildah")
    assert _open(contract, context, runner="docker").runner.name == "docker"


def test_a_folder_runs_as_a_process_without_an_engine(tmp_path: Path, context: BuildContext) -> None:
    folder = write_component(tmp_path / "component", small_base(tmp_path / "base"))
    runnable = _open(folder, context)
    assert (runnable.name, runnable.image) == ("count-words", "")
    assert isinstance(runnable.runner, ProcessRunner)
    assert [file.path for file in runnable.runner.code] == ["opt/comp/app/count_words.py", "opt/comp/interface.json"]
    # Without requirements nothing is locked, and no base is opened.
    assert runnable.runner.lock.packages == {}
    with pytest.raises(UsageError, match="has no component 'other'") as refused:
        find_component(folder, context, name="other")
    assert refused.value.hint == "it has: count-words"


@pytest.mark.parametrize(("runner", "problem"), [("docker", "docker"), ("buildah", "buildah is not installed")])
def test_an_engine_that_does_not_work_is_reported_before_the_build(
    tmp_path: Path, context: BuildContext, runner: str, problem: str
) -> None:
    folder = write_component(tmp_path / "component", f"layout:{tmp_path / 'absent'}")
    with pytest.raises(OutsideError, match=problem):
        _open(folder, context, runner=runner)


@pytest.mark.parametrize("whole", [True, False])
def test_a_restricted_run_needs_a_container(
    tmp_path: Path, contract: Path, context: BuildContext, *, whole: bool
) -> None:
    path = write_component(tmp_path / "component", small_base(tmp_path / "base")) if whole else contract
    component = find_component(path, context)
    with pytest.raises(UsageError, match="--restricted needs a container") as refused:
        open_runnable(component, context, runner="process", restricted=True)
    assert refused.value.hint == "use --runner docker or --runner buildah"
    with pytest.raises(OutsideError, match="--restricted needs a container, and neither docker nor buildah works here"):
        open_runnable(component, context, restricted=True)


def test_buildah_without_root_is_refused_before_the_build(
    tmp_path: Path, context: BuildContext, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (programs / "buildah").write_text("#!/bin/sh\necho buildah version 1.28.2\n")
    (programs / "buildah").chmod(0o755)
    component = find_component(write_component(tmp_path / "component", f"layout:{tmp_path / 'absent'}"), context)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(OutsideError, match="buildah restricts containers only for root on Linux") as refused:
        open_runnable(component, context, restricted=True)
    assert refused.value.hint == "use --runner docker"


def test_a_failing_restricted_component_comes_with_its_surroundings(
    contract: Path, context: BuildContext, programs: Path
) -> None:
    (programs / "buildah").write_text("#!/bin/sh\necho buildah version 1.28.2\n")
    (programs / "buildah").chmod(0o755)
    component = find_component(contract, context)
    assert open_runnable(component, context).hint is None
    hint = open_runnable(component, context, restricted=True).hint
    assert hint is not None
    assert "read-only file system" in hint


def test_a_contract_that_is_not_fresh_is_refused(tmp_path: Path, context: BuildContext) -> None:
    folder = write_component(tmp_path / "component", small_base(tmp_path / "base"))
    (folder / "component.yaml").unlink()
    with pytest.raises(InputError, match="the contract is missing"):
        _open(folder, context)


def _component_without_its_base(folder: Path, *, dependencies: str) -> Path:
    with socket.create_server(("127.0.0.1", 0)) as server:
        base = f"127.0.0.1:{server.getsockname()[1]}/base:1"
    write_component(folder, base)
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("[tool.comp]", f"dependencies = {dependencies}\n[tool.comp]"))
    return folder


def test_without_its_base_a_fresh_lock_is_taken_as_it_is(
    tmp_path: Path, context: BuildContext, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _component_without_its_base(tmp_path / "component", dependencies='["six"]')
    project = read_project(folder, environ={})
    lock = Lock(inputs=inputs_digest(project, "3.11"), python="3.11", pins={Platform("linux", "amd64"): ()})
    write_lock(project.lock, lock)
    runnable = _open(folder, context)
    assert isinstance(runnable.runner, ProcessRunner)
    assert runnable.runner.lock == lock
    assert "requirements.lock is not compared with the requirements: cannot look for the base" in caplog.text


@pytest.mark.parametrize("inputs", ["sha256:stale", None])
def test_without_its_base_and_a_fresh_lock_nothing_runs(
    tmp_path: Path, context: BuildContext, inputs: str | None
) -> None:
    folder = _component_without_its_base(tmp_path / "component", dependencies='["six"]')
    if inputs is not None:
        lock = Lock(inputs=inputs, python="3.11", pins={Platform("linux", "amd64"): ()})
        write_lock(folder / "requirements.lock", lock)
    with pytest.raises(OutsideError, match="cannot look for the base"):
        _open(folder, context)
