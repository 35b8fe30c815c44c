"""Watching a run until its end: each change of a step, its log, and outages of the server as they come.

Watching only reads: the run goes on whatever happens here.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator

from msgspec import Struct, field

from toolkit.errors import OutsideError, RemoteError
from toolkit.limits import SERVER_OUTAGE
from toolkit.pipelines.server.client import Server
from toolkit.pipelines.server.pods import Pod, Pods, reasons
from toolkit.pipelines.server.states import Run, State, Step

INTERVAL = 2.0
_LONGEST = 30.0
_UNAUTHORIZED, _FORBIDDEN = 401, 403
# Requests of a kind that the same server will always refuse.
_FINAL = {400, 403, 404}


class StepChanged(Struct, frozen=True, kw_only=True):
    """A step is in another state, or its reason is a new one."""

    step: Step


class LogLines(Struct, frozen=True, kw_only=True):
    """New lines of a step's log."""

    step: str
    lines: tuple[str, ...]


class Outage(Struct, frozen=True, kw_only=True):
    """The server does not answer; it is asked again after `seconds`."""

    error: RemoteError
    seconds: float


class Ended(Struct, frozen=True, kw_only=True):
    """The run has ended."""

    run: Run


Event = StepChanged | LogLines | Outage | Ended


class Watch(Struct, kw_only=True):
    """One watch of a run: how often it looks, how long it waits, and what it has shown.

    `pods` is None if no cluster is reached. `timeout` is in seconds; None waits for ever.
    """

    server: Server
    run_id: str
    pods: Pods | None = None
    with_logs: bool = True
    timeout: float | None = None
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _shown: dict[str, tuple[State, str]] = field(default_factory=dict)
    # Of each pod of a step: another try has a log of its own.
    _printed: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lost_since: float | None = None
    _asked: bool = False

    def events(self) -> Iterator[Event]:
        """Yield what happens, the end last. Raises OutsideError if the server is gone for long, or refuses."""
        start, wait = self.clock(), INTERVAL
        while True:
            try:
                run = self.server.run(self.run_id)
            except RemoteError as error:
                wait = self._next_wait(error, wait)
                yield Outage(error=error, seconds=wait)
            else:
                self._asked, self._lost_since, wait = True, None, INTERVAL
                yield from self._changes(run)
                if run.state.is_final:
                    return
            if self.timeout is not None and self.clock() - start + wait > self.timeout:
                raise OutsideError(
                    f"the run {self.run_id} has not ended within {self.timeout:g} s; it goes on", hint=self.come_back()
                )
            self.pause(wait)

    def come_back(self) -> str:
        """Return how to watch the same run again."""
        return f"come back with: comp pipeline watch {self.run_id} {self.server.endpoint.options()}"

    def _next_wait(self, error: RemoteError, wait: float) -> float:
        """Return how long to wait after a failure. Raises OutsideError if another try does not help."""
        if not self._asked:
            # An address that never answered is wrong more often than it is down.
            raise error
        if error.status == _UNAUTHORIZED:
            raise OutsideError(
                f"the token is no longer accepted: {error.message}; the run goes on",
                hint=f"get a new token, then {self.come_back()}",
            ) from None
        if error.status in _FINAL:
            raise OutsideError(f"{error.message}; the run goes on", hint=self.come_back()) from None
        now = self.clock()
        self._lost_since = now if self._lost_since is None else self._lost_since
        if now - self._lost_since >= SERVER_OUTAGE.value:
            raise OutsideError(
                f"no usable answer for {SERVER_OUTAGE.written(SERVER_OUTAGE.value)}: {error.message}; the run goes on "
                "unless its cluster is gone",
                hint=self.come_back(),
            ) from None
        return wait if self._lost_since == now else min(wait * 2, _LONGEST)

    def _changes(self, run: Run) -> Iterator[Event]:
        """Yield what is new in a run."""
        pods = self._look_at_pods()
        explained = run.explained(reasons(pods))
        for step in explained.steps:
            before = self._shown.get(step.name)
            if self.with_logs and step.state is not State.PENDING:
                yield from self._new_lines(step, pods, at_end=run.state.is_final)
            if before != (step.state, step.why):
                self._shown[step.name] = (step.state, step.why)
                yield StepChanged(step=step)
        if run.state.is_final:
            yield Ended(run=explained)

    def _look_at_pods(self) -> tuple[Pod, ...]:
        """Return the run's pods; none from the first time on that the cluster does not answer."""
        if self.pods is None:
            return ()
        try:
            return self.pods.of_run(self.run_id)
        except OutsideError:
            self.pods = None
            return ()

    def _new_lines(self, step: Step, pods: tuple[Pod, ...], *, at_end: bool) -> Iterator[Event]:
        """Yield the whole lines that a step's log has got since the last time, and the rest of it at its end."""
        ended = step.state.is_final
        if ended and self._shown.get(step.name, (None,))[0] == step.state and not at_end:
            return
        pod, text = self._log(step, pods)
        new = text[self._printed[step.name, pod] :]
        whole = new if ended else new[: new.rfind("\n") + 1]
        if whole:
            self._printed[step.name, pod] += len(whole)
            yield LogLines(step=step.name, lines=tuple(whole.splitlines()))

    def _log(self, step: Step, pods: tuple[Pod, ...]) -> tuple[str, str]:
        """Return the last of a step's pods that has a log, and the log so far; empty texts without one."""
        names = tuple(dict.fromkeys(name for pod in step.pods for name in _pod_names(pod)))
        containers = [pod for pod in pods if pod.is_container]
        # The pods of all iterations of a loop have the step's name.
        own = [pod.name for pod in containers if pod.name in names]
        own = own or [pod.name for pod in containers if pod.step == step.name]
        if own and self.pods is not None:
            return own[-1], self.pods.log(own[-1]) or ""
        logs = ((name, self.server.log(self.run_id, name)) for name in names)
        return next(((name, text) for name, text in logs if text), ("", ""))


def _pod_names(node: str) -> tuple[str, ...]:
    """Return the names that the pod of a node may have: Argo puts the template's name before the number at the end."""
    workflow, _, number = node.rpartition("-")
    return (f"{workflow}-system-container-impl-{number}", node)
