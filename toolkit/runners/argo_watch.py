"""Follow a workflow of Argo to its end: its state, the log of its step, and what keeps its pod from running."""

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from msgspec import Struct, field

from toolkit.engines.kubernetes import NOT_FOUND, Cluster, Kind
from toolkit.errors import OutsideError, RemoteError
from toolkit.limits import POD_PENDING, SERVER_OUTAGE
from toolkit.runners.on_cluster import OnCluster

log = logging.getLogger(__name__)

WORKFLOWS = Kind(group="argoproj.io", version="v1alpha1", plural="workflows")
_EXECUTOR_LINE = re.compile(rb"time=\S+ level=\w+ msg=.*\bargo=true\b")
_PODS_OF = "workflows.argoproj.io/workflow"
_ENDS = ("Succeeded", "Failed", "Error")
_POLL = 1.0
# Seconds for the rest of a log after the step has ended.
_LAST_LINES = 10
# Reasons for which a container waits, and will wait for ever.
_WAITING = (
    *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"),
    *("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "RegistryUnavailable"),
)
# Each workflow begins so; without a controller it stays.
_NOT_TAKEN = "the workflow waits for Argo's controller"
# Kubernetes tries again and again, also to pull an image that the server says it does not have.
_FINAL_REASONS = ("InvalidImageName", "ErrImageNeverPull")
_FINAL_WORDS = ("not found", "denied", "unauthorized", "forbidden", "no match for platform", "will run as root")


class Ended(Struct, frozen=True, kw_only=True):
    """The end of a workflow: its object, and its pods, as far as the cluster still has them."""

    workflow: Mapping[str, Any]
    pods: Sequence[Mapping[str, Any]]

    @property
    def phase(self) -> str:
        """`Succeeded`, `Failed` or `Error`."""
        return str(self.workflow["status"]["phase"])

    @property
    def step(self) -> Mapping[str, Any]:
        """The node of the step, of its last try; empty if the step never had one."""
        nodes = self.workflow["status"].get("nodes") or {}
        steps = [node for node in nodes.values() if node.get("type") == "Pod"]
        return max(steps, key=lambda node: str(node.get("startedAt")), default={})

    @property
    def killed(self) -> str:
        """Why Kubernetes ended the pod of the last try; empty if it did not, or no longer has the pod."""
        own = [pod for pod in self.pods if _node_of(pod) == self.step.get("id")]
        return next(filter(None, map(_killed, own or self.pods)), "")

    @property
    def message(self) -> str:
        """Argo's own words for the end."""
        return str(self.step.get("message") or self.workflow["status"].get("message") or "")


def come_back(cluster: Cluster, name: str) -> str:
    """Return how to look at a workflow again."""
    return f"kubectl -n {cluster.namespace} get workflow {name}"


class Watch(Struct, kw_only=True):
    """The watching of one workflow. The step's log goes to `log`."""

    cluster: Cluster
    name: str
    on: OnCluster
    log: IO[bytes]
    _said: str = ""
    _logs: dict[str, threading.Thread] = field(default_factory=dict)
    _pending_since: float | None = None
    _silent_since: float | None = None

    def until(self, reached: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """Return the workflow as soon as `reached` holds for it, or it has ended.

        Raises OutsideError if Argo does not take it, or the cluster or the workflow is gone.
        """
        while True:
            workflow = self._workflow()
            if workflow and (reached(workflow) or self._phase(workflow) in _ENDS):
                return workflow
            if workflow:
                self._report(workflow, ())
            self.on.pause(_POLL)

    def to_the_end(self) -> Ended:
        """Return the end. Raises OutsideError if the pod cannot run, or the cluster or the workflow is gone."""
        while True:
            workflow = self._workflow()
            pods = self._pods() if workflow else []
            for pod in pods:
                self._follow_log(pod)
            if workflow and self._phase(workflow) in _ENDS:
                for thread in self._logs.values():
                    thread.join(_LAST_LINES)
                return Ended(workflow=workflow, pods=pods)
            if workflow:
                self._report(workflow, pods)
            self.on.pause(_POLL)

    @staticmethod
    def _phase(workflow: Mapping[str, Any]) -> str:
        return str((workflow.get("status") or {}).get("phase") or "Pending")

    def _workflow(self) -> Mapping[str, Any]:
        """Return the workflow; empty if the cluster does not answer, which may pass."""
        try:
            found = self.cluster.get(WORKFLOWS, self.name)
        except RemoteError as error:
            if error.status == NOT_FOUND:
                raise OutsideError(f"the workflow {self.name} was deleted while it ran") from error
            self._wait_for_the_cluster(error)
            return {}
        self._silent_since = None
        return found

    def _wait_for_the_cluster(self, error: RemoteError) -> None:
        """Raise the error unless the cluster may still come back."""
        if self._silent_since is None:
            self._silent_since = self.on.clock()
            self.on.say(f"waiting for the cluster: {error.message}")
        refused = 400 <= error.status < 500 and error.status != 429  # noqa: PLR2004 (classes of HTTP, RFC 9110)
        if refused or self.on.clock() - self._silent_since > SERVER_OUTAGE.value:
            raise OutsideError(
                error.message, hint=f"the workflow may go on; look at it with `{come_back(self.cluster, self.name)}`"
            ) from error

    def _pods(self) -> list[dict[str, Any]]:
        """Return the workflow's pods; none if the cluster does not say."""
        try:
            return self.cluster.pods(f"{_PODS_OF}={self.name}")
        except RemoteError as error:
            log.debug("no pods: %s", error.message)
            return []

    def _report(self, workflow: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> None:
        """Say the state if it has changed. Raises OutsideError if Argo or a pod has waited for too long."""
        problem = next(filter(None, map(waiting_problem, pods)), "")
        if not (workflow.get("status") or {}).get("phase"):
            problem = _NOT_TAKEN
        self._tell(problem or self._state(workflow, pods))
        if not problem:
            self._pending_since = None
            return
        if self._pending_since is None:
            self._pending_since = self.on.clock()
        if is_final(problem) or self.on.clock() - self._pending_since > POD_PENDING.value:
            warnings = [words for pod in pods for words in self.cluster.warnings(pod["metadata"]["name"])]
            said = "".join(f"\n  event: {words}" for words in warnings[-3:] if words not in problem)
            raise OutsideError(f"the step does not start: {problem}{said}", hint=_advice(problem))

    def _state(self, workflow: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> str:
        """Return the state in words."""
        if pods:
            return f"the pod {pods[-1]['metadata']['name']}: {pods[-1].get('status', {}).get('phase', 'Pending')}"
        message = (workflow.get("status") or {}).get("message")
        return f"the workflow: {self._phase(workflow)}" + (f", {message}" if message else "")

    def _tell(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self.on.say(text)

    def _follow_log(self, pod: Mapping[str, Any]) -> None:
        """Copy the log of a pod's step as soon as the step runs, in a thread."""
        name = str(pod["metadata"]["name"])
        state = main_container(pod).get("state") or {}
        if name in self._logs or not ({"running", "terminated"} & state.keys()):
            return
        # A daemon, so that a log that never ends does not keep the process.
        self._logs[name] = threading.Thread(target=self._copy_log, args=(name,), daemon=True)
        self._logs[name].start()

    def _copy_log(self, pod: str) -> None:
        try:
            for line in self.cluster.log_lines(pod, "main"):
                # Argo's executor writes lines of its own into the step's log, as its own command line knows.
                if not _EXECUTOR_LINE.match(line):
                    self.log.write(line)
                    self.log.flush()
        except RemoteError as error:
            self.on.say(f"the log cannot be read: {error.message}")
        except ValueError:
            log.debug("the rest of the log of %s came after the end of the run", pod)


def _node_of(pod: Mapping[str, Any]) -> str | None:
    """Return the id of the node whose pod this is."""
    node: str | None = (pod["metadata"].get("annotations") or {}).get("workflows.argoproj.io/node-id")
    return node


def main_container(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state of the container that runs the step; empty before it has one."""
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return next((status for status in statuses if status.get("name") == "main"), {})


def waiting_problem(pod: Mapping[str, Any]) -> str:
    """Return why a pod does not start, in Kubernetes' own words; empty if nothing is wrong."""
    status = pod.get("status", {})
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _WAITING:
            return f"{waiting['reason']}: {waiting.get('message') or container.get('image')}"
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{condition.get('reason')}: {condition.get('message')}"
    return ""


def is_final(problem: str) -> bool:
    """Whether waiting does not help."""
    reason, _, message = problem.partition(": ")
    backing_off = reason in {"ImagePullBackOff", "CreateContainerConfigError"}
    return reason in _FINAL_REASONS or (backing_off and any(words in message for words in _FINAL_WORDS))


def _advice(problem: str) -> str:
    """Return what to do about a pod that does not start."""
    if problem == _NOT_TAKEN:
        return "does Argo's controller run, and does it watch this namespace? `comp doctor --cluster` asks"
    if "will run as root" in problem or "runAsNonRoot" in problem:
        return "the image names no user, or a name without a number: set run-as-user in [tool.comp.argo]"
    if "Image" in problem.partition(":")[0]:
        return (
            "nodes pull the image by themselves: is it pushed, can they reach the server, "
            "and do image-pull-secrets of [tool.comp.argo] name its credentials?"
        )
    if problem.startswith("Unschedulable"):
        return "ask for less in [tool.comp.resources], or see node-selector and tolerations in [tool.comp.argo]"
    return "`kubectl describe pod` shows more; --keep leaves the workflow for it"


def _killed(pod: Mapping[str, Any]) -> str:
    """Return why Kubernetes ended a pod, in its own words: evicted, out of memory, past its deadline. Empty if not."""
    status = pod.get("status", {})
    if status.get("reason"):
        return f"{status['reason']}: {status.get('message') or ''}".rstrip(": ")
    ended = (main_container(pod).get("state") or {}).get("terminated") or {}
    if ended.get("reason") == "OOMKilled":
        limit = _memory(pod)
        return "OOMKilled: the step used more memory than it may" + (f" ({limit})" if limit else "")
    return ""


def _memory(pod: Mapping[str, Any]) -> str:
    """Return the limit of the step's memory; empty without one."""
    containers = pod.get("spec", {}).get("containers") or []
    main: Mapping[str, Any] = next((container for container in containers if container.get("name") == "main"), {})
    return str(((main.get("resources") or {}).get("limits") or {}).get("memory") or "")
