"""The first process of the cluster's own namespaces: starts all parts and waits.

Processes and mounts live in a PID and a mount namespace, so nothing of the cluster outlives this process: the kernel
kills every process, those of pods included, and unmounts every mount. Nothing is asked to end before, since some parts
ignore that for minutes and no state is kept. Run by `tools.cluster.lifecycle`.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from toolkit.errors import CompError, OutsideError
from tools.cluster import machine, parts, places, resources
from tools.cluster.images import write_images
from tools.cluster.kubectl import Kubectl
from tools.cluster.parts import Part
from tools.cluster.places import State
from tools.cluster.programs import KUBERNETES, Programs, cached
from tools.cluster.reporting import Steps, last_lines

# The last line that is reported, if all went well.
READY = "ready"
_PART_SECONDS = 120
_COMMAND_SECONDS = 300
_PAUSE = 0.1


def main() -> int:
    """Start the cluster, report that it is ready, and keep it up until a signal or until a part ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", type=int, required=True, help="the file descriptor that progress goes to")
    options = parser.parse_args()
    # The first process of a namespace gets only signals that it has a handler for.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    supervisor = Supervisor(State(folder=options.folder), cached(os.environ))
    with os.fdopen(options.report, "w", buffering=1) as report:
        try:
            supervisor.start(Steps(write=lambda text: print(text, file=report)))
        except CompError as error:
            print(error, *([f"\nhint: {error.hint}"] if error.hint else []), sep="\n", file=report)
            return 1
        print(READY, file=report)
    print(f"{supervisor.wait_for_an_end()}: the cluster ends", file=sys.stderr)
    return 1


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(0)


class Supervisor:
    """The parts that run."""

    def __init__(self, state: State, programs: Programs) -> None:
        self._state = state
        self._programs = programs
        self._running: list[tuple[Part, subprocess.Popen[bytes]]] = []
        self._kubectl = Kubectl(program=programs.path(KUBERNETES, "kubectl"), kubeconfig=state.kubeconfig)

    def start(self, steps: Steps) -> None:
        """Start everything in its order. Raises OutsideError with the end of a log."""
        # Below /run are containerd's sockets and the pods' network namespaces; nothing of the machine's is needed.
        for folder in (Path("/run"), *machine.MOUNT_POINTS):
            self._run("mount", "-t", "tmpfs", "-o", "mode=755", "comp-cluster", folder)
        for part in (*parts.servers(self._state), *parts.control_plane(self._state, self._programs)):
            self._start(part, steps)
        self._start(parts.runtime(self._state), steps)
        with steps.timed("imported the images of pause and Argo"):
            for archive in write_images(self._programs, self._state.folder / "images"):
                address = f"--address={self._state.containerd_socket}"
                self._run("ctr", address, "--namespace=k8s.io", "images", "import", "--no-unpack", archive)
                archive.unlink()
        self._start(parts.node(self._state, self._programs), steps)
        with steps.timed(f"the node {places.NODE} is ready"):
            self._wait("create", f"node/{places.NODE}")
            self._wait("condition=Ready", f"node/{places.NODE}")
        with steps.timed("started Argo's controller"):
            self._kubectl("apply", "--server-side", "-f", self._programs.argo_definitions)
            self._kubectl.apply(resources.argo())
            self._wait("condition=Available", "deployment/workflow-controller", namespace=places.ARGO_NAMESPACE)

    def wait_for_an_end(self) -> str:
        """Reap orphans, among them those of containers, until a part ends; return how it did."""
        while True:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            if found is None:
                continue
            for part, process in self._running:
                if process.pid == found.si_pid:
                    return f"{part.name} ended with code {process.wait()}, see {self._log(part)}"
            os.waitpid(found.si_pid, 0)

    def _start(self, part: Part, steps: Steps) -> None:
        """Start a part and wait until it is ready."""
        with steps.timed(f"started {part.name}"):
            for endpoint in part.listens:
                if not parts.is_free(endpoint):
                    raise OutsideError(
                        f"cannot start {part.name}: another process listens on {endpoint}",
                        hint="`ss -ltnp` lists it; end it, and try again",
                    )
            with self._log(part).open("wb") as log:
                process = subprocess.Popen(part.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self._running.append((part, process))
            deadline = time.monotonic() + _PART_SECONDS
            while not part.ready():
                if process.poll() is not None:
                    raise self._failed(part, f"ended with code {process.returncode}")
                if time.monotonic() > deadline:
                    raise self._failed(part, f"is not ready after {_PART_SECONDS} seconds")
                time.sleep(_PAUSE)

    def _failed(self, part: Part, how: str) -> OutsideError:
        end = last_lines(self._log(part).read_text(errors="replace"))
        return OutsideError(f"{part.name} {how}; the end of {self._log(part)}:\n{end}")

    def _log(self, part: Part) -> Path:
        return self._state.logs / f"{part.name}.log"

    def _wait(self, condition: str, resource: str, namespace: str = "default") -> None:
        """Wait for a resource, or say what is known about it. Raises OutsideError."""
        try:
            self._kubectl(
                *("wait", f"--for={condition}", resource, f"--namespace={namespace}", f"--timeout={_PART_SECONDS}s")
            )
        except OutsideError as error:
            # Its words are only an addition: the API server may be the part that fails.
            about = ""
            with suppress(OutsideError):
                about = last_lines(self._kubectl("get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"))
            raise OutsideError(
                f"{resource} is not ready; the last events:\n{about}\nThe logs are in {self._state.logs}"
            ) from error

    @staticmethod
    def _run(*command: str | Path) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS)
        if done.returncode:
            raise OutsideError(f"`{' '.join(map(str, command))}` failed:\n{last_lines(done.stderr)}")


if __name__ == "__main__":
    sys.exit(main())
