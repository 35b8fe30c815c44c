"""The supervisor is known by its number and its start; a cluster is up only while its supervisor runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.errors import UsageError
from tools.cluster import lifecycle
from tools.cluster.places import State
from tools.cluster.reporting import Steps

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cluster runs on Linux, which has /proc")


def test_a_process_has_a_start_until_it_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert lifecycle._started(process.pid) not in (None, lifecycle._started(os.getpid()))
    process.communicate(b"\n")
    assert lifecycle._started(process.pid) is None


def test_a_later_process_of_the_same_number_is_not_the_supervisor(tmp_path: Path) -> None:
    state = State(folder=tmp_path)
    state.ready.write_text("{}")
    state.supervisor.write_text(json.dumps({"process": os.getpid(), "started": lifecycle._started(os.getpid())}))
    assert lifecycle.is_up(state)
    state.supervisor.write_text(json.dumps({"process": os.getpid(), "started": "1"}))
    assert not lifecycle.is_up(state)


def test_a_cluster_that_never_started_is_not_up(tmp_path: Path) -> None:
    assert not lifecycle.is_up(State(folder=tmp_path))
    assert not lifecycle.is_up(State(folder=tmp_path / "missing"))


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    state = State(folder=tmp_path)
    with (
        pytest.raises(UsageError, match=r"holds other files than a cluster's, such as thesis\.tex"),
        lifecycle._locked(state),
    ):
        pass
    lines: list[str] = []
    lifecycle.down(state, Steps(write=lines.append))
    assert lines == ["cluster: down already"]
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_taking_down_what_is_down_leaves_the_folder_as_one_of_a_cluster(tmp_path: Path) -> None:
    state = State(folder=tmp_path)
    with lifecycle._locked(state):
        state.logs.mkdir()
        state.certificates.mkdir()
        state.kubeconfig.touch()
        lifecycle._take_down(state)
    assert {path.name for path in tmp_path.iterdir()} == {".comp-cluster", "logs"}
    with lifecycle._locked(state):
        pass


def test_a_supervisor_that_ignores_signals_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_END_SECONDS", 0.2)
    # As unshare does, the shell outlives its child; the child ignores SIGTERM.
    deaf = "trap '' TERM; echo deaf; exec sleep 1000"
    process = subprocess.Popen(["sh", "-c", f'sh -c "{deaf}"; exit 0'], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"deaf\n"
    lifecycle._end(process.pid)
    assert lifecycle._started(process.pid) is None
    process.wait()
    process.stdout.close()
