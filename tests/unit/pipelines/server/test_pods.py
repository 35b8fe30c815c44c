"""Why a pod waits or failed, from documents as Kubernetes 1.36 writes them."""

from typing import Any

import pytest

from toolkit.pipelines.server.pods import Pod, read_pod, reasons

NODE = "workflows.argoproj.io/node-name"


def pod(status: dict[str, Any], node: str = "pipe-x7.root.train.executor") -> dict[str, Any]:
    return {"metadata": {"name": "pipe-x7-1", "annotations": {NODE: node}}, "status": status}


def container(name: str = "main", **states: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, **states}


def event(reason: str, message: str, name: str = "pipe-x7-1") -> dict[str, Any]:
    return {"reason": reason, "message": message, "involvedObject": {"name": name}}


CASES: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str]] = {
    "evicted": (
        {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."},
        [],
        "the node evicted the pod: Evicted: The node was low on resource: memory.",
    ),
    "killed for memory": (
        {
            "phase": "Failed",
            "containerStatuses": [
                container("wait", state={"terminated": {"exitCode": 1, "reason": "Error"}}),
                container(state={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
            ],
        },
        [],
        "the container was killed for memory: OOMKilled: exit code 137",
    ),
    "killed for memory and started again": (
        {
            "containerStatuses": [
                container(state={"running": {}}, lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
            ]
        },
        [],
        "the container was killed for memory: OOMKilled: exit code 137",
    ),
    "image": (
        {
            "phase": "Pending",
            "containerStatuses": [container(state={"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}})],
        },
        [
            event("Failed", 'Failed to pull image "a": not\n found'),
            event("Failed", "Error: ImagePullBackOff"),
            event("Failed", "x", "other"),
        ],
        'the image cannot be pulled: Failed to pull image "a": not found',
    ),
    "never schedules": (
        {
            "phase": "Pending",
            "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes: no GPU."}
            ],
        },
        [event("FailedScheduling", "0/1 nodes: no GPU.")],
        "no node can take the pod: Unschedulable: 0/1 nodes: no GPU.",
    ),
    "secret": (
        {
            "phase": "Pending",
            "containerStatuses": [
                container(
                    state={"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}}
                )
            ],
        },
        [],
        'the container cannot be made: CreateContainerConfigError: secret "s" not found',
    ),
    "volume": (
        {"phase": "Pending", "containerStatuses": [container(state={"waiting": {"reason": "ContainerCreating"}})]},
        [event("FailedMount", 'configmap "c" not found')],
        'FailedMount: configmap "c" not found',
    ),
    "exit code": (
        {"phase": "Failed", "containerStatuses": [container(state={"terminated": {"exitCode": 3, "reason": "Error"}})]},
        [],
        "exit code 3",
    ),
    "running": (
        {"phase": "Running", "containerStatuses": [container(state={"running": {}})]},
        [event("Slow", "x")],
        "",
    ),
    "starting": (
        {"phase": "Pending", "containerStatuses": [container(state={"waiting": {"reason": "PodInitializing"}})]},
        [],
        "",
    ),
    "warning": ({"phase": "Pending"}, [event("MissingClusterDNS", "Falling back to Default")], ""),
    "empty": ({}, [], ""),
}


@pytest.mark.parametrize("case", CASES)
def test_reason(case: str) -> None:
    status, events, why = CASES[case]
    assert read_pod(pod(status), events).why == why


@pytest.mark.parametrize(
    ("node", "step", "is_container"),
    [
        ("pipe-x7.root.train.executor", "train", True),
        ("pipe-x7.root.train.executor(1)", "train", True),
        ("pipe-x7.root.train-driver", "train", False),
        ("pipe-x7.root.for-loop-1.for-loop-1-iterations(0:0).train.executor", "train", True),
    ],
)
def test_step_of_a_pod(node: str, step: str, is_container: bool) -> None:  # noqa: FBT001 (a parameter of pytest)
    read = read_pod(pod({}, node))
    assert (read.step, read.is_container) == (step, is_container)


def test_reason_of_the_container_comes_first() -> None:
    pods = [
        Pod(name="a", step="train", is_container=True, why="exit code 3"),
        Pod(name="b", step="train", is_container=False, why="driver"),
        Pod(name="c", step="load", is_container=True),
    ]
    assert reasons(pods) == {"train": "exit code 3"}


def test_pod_without_anything() -> None:
    assert read_pod({}) == Pod(name="", step="", is_container=True)
