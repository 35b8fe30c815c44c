"""The pods of a run as the cluster shows them: the step of each, its log, and why it waits or failed.

KFP's API says which step failed, not why; the cluster knows. Everything here is read, nothing is changed.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from msgspec import field

from toolkit.engines.kubernetes import Access, Cluster
from toolkit.errors import CompError, RemoteError
from toolkit.selective import Selective

log = logging.getLogger(__name__)

# The label and the annotation by which KFP and Argo mark the pods that they make.
_RUN_LABEL = "pipeline/runid"
_NODE = "workflows.argoproj.io/node-name"
# The part of a node's name below its step: the container, or the try of it.
_BELOW = re.compile(r"\.executor(\(\d+\))?$|-driver$")
# States that come before every start, and are no reason for anything.
_ORDINARY = {"", "PodInitializing", "ContainerCreating", "Completed"}
_PULL = "the image cannot be pulled"
# What the reasons of Kubernetes mean; their own words follow.
_MEANING = {
    "Evicted": "the node evicted the pod",
    "Preempting": "a pod of higher priority took the place",
    "NodeLost": "the node is gone",
    "DeadlineExceeded": "the pod ran into its time limit",
    "OOMKilled": "the container was killed for memory",
    "Unschedulable": "no node can take the pod",
    "ErrImagePull": _PULL,
    "ImagePullBackOff": _PULL,
    "ErrImageNeverPull": _PULL,
    "InvalidImageName": _PULL,
    "CreateContainerConfigError": "the container cannot be made",
    "CreateContainerError": "the container cannot be made",
    "RunContainerError": "the container cannot be started",
}


class Pod(Selective, frozen=True, kw_only=True):
    """A pod of a run: the step that it works for, whether it is the step's container, and why it waits or failed.

    `document` is all of it, as Kubernetes' API has it.
    """

    HIDDEN = frozenset({"document"})
    IGNORED = frozenset({"document"})

    name: str
    step: str
    is_container: bool
    why: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)


class Pods(Protocol):
    """Where the pods of runs are seen."""

    def of_run(self, run_id: str) -> tuple[Pod, ...]:
        """Return the pods of a run. Raises OutsideError if the cluster does not answer."""

    def log(self, pod: str) -> str | None:
        """Return the log of a pod's container; None if it has no log."""


class ClusterPods:
    """The pods in one namespace of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def of_run(self, run_id: str) -> tuple[Pod, ...]:
        """Return the pods of a run. Raises OutsideError if the cluster does not answer."""
        pods = self._cluster.pods(f"{_RUN_LABEL}={run_id}")
        if not pods:
            return ()
        selected = "fieldSelector=involvedObject.kind%3DPod%2Ctype%3DWarning"
        try:
            path = f"/api/v1/namespaces/{self._cluster.namespace}/events?{selected}"
            events = self._cluster.ask("GET", path).get("items") or []
        except RemoteError:
            # The pods themselves say most of it.
            events = []
        return tuple(read_pod(pod, events) for pod in pods)

    def log(self, pod: str) -> str | None:
        """Return the log of a pod's container; None if it has no log."""
        try:
            return self._cluster.log(pod, "main")
        except RemoteError:
            return None


def cluster_pods(namespace: str | None, environ: Mapping[str, str]) -> ClusterPods | None:
    """Return the pods that the current kubeconfig, or a pod's own account, reaches; None if neither reaches a cluster.

    Without a namespace it is the kubeconfig's, or the one that KFP is installed in by default.
    """
    try:
        cluster = Cluster.connect(Access(namespace=namespace), environ)
    except CompError as error:
        log.debug("no pods are looked at: %s", error.message)
        return None
    if namespace is None and cluster.namespace == "default":
        cluster = Cluster(cluster.client, "kubeflow")
    return ClusterPods(cluster)


def read_pod(pod: Mapping[str, Any], events: Iterable[Mapping[str, Any]] = ()) -> Pod:
    """Read a pod of Kubernetes' API, with the warnings of its namespace."""
    metadata = pod.get("metadata") or {}
    name = str(metadata.get("name", ""))
    node = str((metadata.get("annotations") or {}).get(_NODE, name))
    path = _BELOW.sub("", node)
    mine = [event for event in events if (event.get("involvedObject") or {}).get("name") == name]
    return Pod(
        name=name,
        # `pipeline-x.root.train.executor` is the container of `train`.
        step=path.rpartition(".")[2],
        is_container=not node.endswith("-driver"),
        why=_why(pod.get("status") or {}, mine),
        document=pod,
    )


def reasons(pods: Iterable[Pod]) -> dict[str, str]:
    """Return why steps wait or failed, by their names; the container's reason comes before its driver's."""
    found: dict[str, str] = {}
    for pod in sorted(pods, key=lambda pod: pod.is_container):
        if pod.why:
            found[pod.step] = pod.why
    return found


def _why(status: Mapping[str, Any], events: list[Mapping[str, Any]]) -> str:
    """Return why a pod waits or failed, in the cluster's own words; empty if nothing is wrong."""
    for reason, message in _causes(status):
        if reason in _ORDINARY:
            continue
        meaning = _MEANING.get(reason, "")
        # An image's state goes to and fro between two reasons; the event says what the remote answered.
        answer = _answer(events) if meaning == _PULL else ""
        words = (answer,) if answer else (reason if reason != "Error" else "", message)
        return ": ".join(filter(None, (meaning, *words)))
    # Other warnings are no reason to wait, such as that the cluster has no name server of its own.
    failures = [event for event in events if str(event.get("reason")).startswith("Failed")]
    if failures and status.get("phase") == "Pending":
        return f"{failures[-1]['reason']}: {_words(failures[-1])}"
    return ""


def _answer(events: Iterable[Mapping[str, Any]]) -> str:
    """Return what a remote answered to the last try to pull an image; empty if no event has it."""
    failures = [_words(event) for event in events if event.get("reason") == "Failed"]
    # Other events only repeat the state.
    return next((words for words in reversed(failures) if not words.startswith("Error: ")), "")


def _causes(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield reasons with their messages, the most telling first."""
    yield str(status.get("reason") or ""), _words(status)
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    # Argo's own containers end with an error too, because of the one that did the work.
    containers.sort(key=lambda container: container.get("name") != "main")
    for container in containers:
        for state in (container.get("state") or {}, container.get("lastState") or {}):
            ended, waiting = state.get("terminated") or {}, state.get("waiting") or {}
            if ended.get("exitCode"):
                yield str(ended.get("reason") or "Error"), _ended(ended)
            yield str(waiting.get("reason") or ""), _words(waiting)
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield str(condition.get("reason") or ""), _words(condition)


def _ended(state: Mapping[str, Any]) -> str:
    """Return how a container ended."""
    return ": ".join(filter(None, (f"exit code {state['exitCode']}", _words(state))))


def _words(document: Mapping[str, Any]) -> str:
    """Return the message of a state or an event on one line."""
    return " ".join(str(document.get("message") or "").split())
