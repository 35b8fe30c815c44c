"""The watching of a workflow: states in words, pods that cannot start, the end."""

import io
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes_double import NAMESPACE, Double, Json, State, serving
from toolkit.engines.kubernetes import Access, Cluster
from toolkit.errors import OutsideError
from toolkit.limits import POD_PENDING, SERVER_OUTAGE
from toolkit.runners.argo_watch import Ended, Watch, come_back, is_final, main_container, waiting_problem
from toolkit.runners.on_cluster import OnCluster


def pod(name: str = "w-1", node: str = "n", **status: Any) -> Json:  # noqa: ANN401 (Kubernetes' own)
    """Return a pod in a state."""
    annotations = {"workflows.argoproj.io/node-id": node}
    return {"metadata": {"name": name, "annotations": annotations}, "status": {"phase": "Running", **status}}


def waiting(reason: str, message: str = "") -> Json:
    """Return a pod whose step waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(phase="Pending", containerStatuses=[{"name": "main", "image": "a/b:1", "state": state}])


def ended(phase: str = "Succeeded", *nodes: Json, **more: Any) -> Json:  # noqa: ANN401 (Argo's own)
    """Return the status of a workflow that has ended."""
    return {
        "phase": phase,
        "nodes": {str(number): {"type": "Pod", **node} for number, node in enumerate(nodes)},
        **more,
    }


RUNNING = State(status={"phase": "Running"}, pods=[pod(containerStatuses=[{"name": "main", "state": {"running": {}}}])])
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    double = Double(workflows={"w": {"metadata": {"name": "w"}, "spec": {}}})
    with serving(double, tmp_path):
        yield double


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def watching(double: Double, tmp_path: Path, said: list[str]) -> Callable[..., Watch]:
    """Watch the workflow of the double; the clock goes on by some seconds each time that it is read."""
    assert double.port

    def watch(seconds: int = 1, pause: Callable[[float], object] = lambda _: None) -> Watch:
        cluster = Cluster.connect(Access(kubeconfig=tmp_path / "kubeconfig"), {})
        on = OnCluster(say=said.append, pause=pause, clock=count(0, seconds).__next__)
        return Watch(cluster=cluster, name="w", on=on, log=io.BytesIO())

    return watch


def test_states_are_reported_once_and_the_log_has_the_step_s_lines(
    double: Double, watching: Callable[..., Watch], said: list[str]
) -> None:
    double.log = b'time="2026" level=info msg="x" argo=true\nhello\ntime=5 of the step\n'
    started = State(status={"phase": "Pending", "message": "waits for a lock"})
    double.script = [State(status={}), started, RUNNING, RUNNING, State(status=ended(), pods=RUNNING.pods)]
    watch = watching()
    assert watch.to_the_end().phase == "Succeeded"
    assert said == ["the workflow: Pending, waits for a lock", "the pod w-1: Running"]
    assert isinstance(watch.log, io.BytesIO)
    assert watch.log.getvalue() == b"hello\ntime=5 of the step\n"


def test_a_state_is_waited_for_but_not_beyond_the_end(double: Double, watching: Callable[..., Watch]) -> None:
    double.script = [State(status={}), RUNNING, State(status=ended("Failed"))]
    found = watching().until(lambda workflow: workflow["status"].get("phase") == "Running")
    assert found["status"]["phase"] == "Running"
    assert watching().until(lambda _: False)["status"]["phase"] == "Failed"


@pytest.mark.parametrize(
    ("first", "message", "hint"),
    [
        (waiting("InvalidImageName", "bad"), "InvalidImageName: bad", "is it pushed"),
        (waiting("ImagePullBackOff", "manifest: not found"), "not found", "is it pushed"),
        (waiting("CreateContainerConfigError", "image will run as root"), "as root", "set run-as-user"),
    ],
)
def test_a_pod_that_never_starts_ends_the_watch_at_once(
    double: Double, watching: Callable[..., Watch], first: Json, message: str, hint: str
) -> None:
    double.script = [State(status={}), State(status={"phase": "Running"}, pods=[first])]
    double.events = [{"reason": "Failed", "message": f"event {number}"} for number in range(5)]
    pauses: list[float] = []
    with pytest.raises(OutsideError, match=message) as caught:
        watching(pause=pauses.append).to_the_end()
    assert caught.value.message.splitlines()[1:] == [f"  event: Failed: event {number}" for number in (2, 3, 4)]
    assert hint in (caught.value.hint or "")
    assert pauses == []


def test_a_pod_that_may_start_yet_is_waited_for(double: Double, watching: Callable[..., Watch]) -> None:
    pending = State(status={"phase": "Running"}, pods=[pod(phase="Pending", conditions=[UNSCHEDULABLE])])
    double.script = [State(status={}), pending, pending, State(status=ended())]
    assert watching().to_the_end().phase == "Succeeded"
    # A try that has started begins the time anew.
    double.script = [State(status={}), pending, RUNNING, pending, State(status=ended())]
    assert watching(seconds=POD_PENDING.value * 2 // 3).to_the_end().phase == "Succeeded"
    double.script = [State(status={}), pending]
    with pytest.raises(OutsideError, match="the step does not start: Unschedulable: no node") as caught:
        watching(seconds=POD_PENDING.value // 3).to_the_end()
    assert "tool.comp.resources" in (caught.value.hint or "")


def test_a_workflow_that_no_controller_takes_is_given_up(
    double: Double, watching: Callable[..., Watch], said: list[str]
) -> None:
    double.script = [State(status={})]
    for wait in (Watch.to_the_end, lambda watch: watch.until(lambda _: False)):
        with pytest.raises(OutsideError, match="the workflow waits for Argo's controller") as caught:
            wait(watching(seconds=POD_PENDING.value // 3))
        assert "does it watch this namespace" in (caught.value.hint or "")
    assert set(said) == {"the workflow waits for Argo's controller"}


def test_a_cluster_that_comes_back_is_waited_for(
    double: Double, watching: Callable[..., Watch], said: list[str]
) -> None:
    double.script = [State(status=ended())]
    double.refusals = {"/apis": (503, "away")}
    assert watching(pause=lambda _: double.refusals.clear()).to_the_end().phase == "Succeeded"
    assert [line.partition(": ")[0] for line in said] == ["waiting for the cluster"]


@pytest.mark.parametrize(
    ("status", "seconds", "message"),
    [
        (503, SERVER_OUTAGE.value, "answers 503: no"),
        (429, SERVER_OUTAGE.value, "answers 429: no"),
        (401, 0, "answers 401: no"),
        (404, 0, "the workflow w was deleted while it ran"),
    ],
)
def test_a_cluster_that_stays_away_and_one_that_refuses(
    double: Double, watching: Callable[..., Watch], status: int, seconds: int, message: str
) -> None:
    double.refusals = {"/apis": (status, "no")}
    pauses: list[float] = []
    with pytest.raises(OutsideError, match=message):
        watching(seconds=seconds, pause=pauses.append).to_the_end()
    assert bool(pauses) is bool(seconds)


def test_pods_that_may_not_be_seen_do_not_end_the_watch(double: Double, watching: Callable[..., Watch]) -> None:
    double.refusals = {f"/api/v1/namespaces/{NAMESPACE}/pods": (403, "no")}
    double.script = [RUNNING, State(status=ended())]
    watch = watching()
    assert watch.to_the_end().pods == []
    assert come_back(watch.cluster, "w") == f"kubectl -n {NAMESPACE} get workflow w"


def test_the_last_try_counts() -> None:
    first = {"id": "n", "startedAt": "2026-01-01T00:00:01Z", "message": "first"}
    second = {"id": "m", "startedAt": "2026-01-01T00:00:02Z", "message": "second"}
    workflow = {"status": ended("Failed", second, first, message="all")}
    evicted, fine = pod(node="n", reason="Evicted", message="low on memory"), pod(name="w-2", node="m")
    end = Ended(workflow=workflow, pods=[evicted, fine])
    assert (end.step["id"], end.message, end.killed) == ("m", "second", "")
    assert Ended(workflow=workflow, pods=[evicted]).killed == "Evicted: low on memory"
    bare = Ended(workflow={"status": {"phase": "Error", "message": "forbidden"}}, pods=[])
    assert (bare.step, bare.message, bare.killed) == ({}, "forbidden", "")


def test_a_step_that_takes_too_much_memory_names_its_limit() -> None:
    state = {"terminated": {"reason": "OOMKilled"}}
    killed = pod(containerStatuses=[{"name": "wait"}, {"name": "main", "state": state}])
    assert main_container(killed)["state"] == state
    end = Ended(workflow={"status": ended("Failed", {"id": "n"})}, pods=[killed])
    assert end.killed == "OOMKilled: the step used more memory than it may"
    killed["spec"] = {"containers": [{"name": "main", "resources": {"limits": {"memory": "64Mi"}}}]}
    assert end.killed == "OOMKilled: the step used more memory than it may (64Mi)"


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({"status": {}}, ""),
        (pod(containerStatuses=[{"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}]), ""),
        (waiting("ErrImagePull", "no"), "ErrImagePull: no"),
        (waiting("ErrImagePull"), "ErrImagePull: a/b:1"),
        (
            pod(initContainerStatuses=[{"state": {"waiting": {"reason": "CreateContainerError", "message": "m"}}}]),
            "CreateContainerError: m",
        ),
        (pod(conditions=[UNSCHEDULABLE]), "Unschedulable: no node"),
        (pod(conditions=[UNSCHEDULABLE | {"status": "True"}]), ""),
    ],
)
def test_why_a_pod_does_not_start(found: Json, problem: str) -> None:
    assert waiting_problem(found) == problem


def test_a_first_try_that_fails_is_not_the_last() -> None:
    assert not is_final("ErrImagePull: a/b:1: not found")
    assert not is_final("ImagePullBackOff: i/o timeout")
    assert is_final("ImagePullBackOff: a/b:1: not found")
    assert is_final("ErrImageNeverPull: a/b:1")
