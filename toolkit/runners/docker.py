"""Run a component by docker."""

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from toolkit.declared.model import Resources
from toolkit.declared.quantity import Quantity
from toolkit.engines import docker as engine
from toolkit.engines.docker_limits import limit_options
from toolkit.python.users import is_root
from toolkit.runners.executor import read_report
from toolkit.runners.protocol import Outcome, Run
from toolkit.runners.staging import OUTPUTS, collect_outputs, command_line, mounted, writable_paths
from toolkit.runners.surroundings import has_foreign, may_read_all, user_to_run_as
from toolkit.spec.declared import declared_of
from toolkit.system import temporary

if TYPE_CHECKING:
    from docker import DockerClient

# 128 and the number of SIGKILL.
_KILLED = 137


class DockerRunner:
    """Runs on the docker daemon. The image is an image id, or a reference, which is pulled if it is missing.

    With `restricted`, the container has the rights of a pod under the `restricted` Pod Security Standard.
    """

    name = "docker"

    def __init__(self, environ: Mapping[str, str], *, restricted: bool = False) -> None:
        self.environ = environ
        self.restricted = restricted
        self._lock = threading.Lock()
        self._known: tuple[Resources, dict[str, Any]] | None = None

    def available(self) -> bool:
        """Return whether a daemon answers."""
        return engine.version(self.environ) is not None

    def check(self) -> None:
        """Raise OutsideError if no daemon answers."""
        engine.connect(self.environ)

    def identity(self, image: str) -> str:
        """Return the image's id; a missing image is pulled."""
        return engine.image_id(engine.connect(self.environ), image)

    def run(self, run: Run) -> Outcome:
        """Run to the end in a container that is removed."""
        client = engine.connect(self.environ)
        resources = declared_of(run.spec).resources
        caller = engine.caller(client)
        user = user_to_run_as(engine.image_user(client, run.image), caller, restricted=self.restricted)
        with temporary.folder("run") as folder:
            paths = writable_paths(folder, run)
            inputs, outputs, mounts = mounted(folder, run, reads_all=may_read_all(user, caller))
            command = command_line(folder / "outputs", OUTPUTS, run, input_paths=inputs, output_paths=outputs)
            # A contract without a command leaves the image's own entry point, which gets the arguments.
            own = bool(run.spec.container.command)
            ended = engine.run_container(
                client,
                run.image,
                entrypoint=command[:1] if own else (),
                command=command[1:] if own else command,
                mounts=mounts,
                user=user or None,
                # What the caller may read through one of its groups, the container reads as well.
                groups=os.getgroups() if user == caller and not is_root(user) else (),
                environment=run.environment,
                output=run.log,
                restricted=self.restricted,
                limits=self._limits(client, resources),
            )
            # Only root of the container can hand over what another user has made for itself alone.
            if has_foreign(folder / "outputs"):
                engine.give_to(client, run.image, caller, OUTPUTS, folder / "outputs")
            outcome = collect_outputs(run, paths, ended.code, read_report(folder / "outputs", run))
            return replace(outcome, reason=_reason(ended, resources.limits.memory))

    def _limits(self, client: "DockerClient", resources: Resources) -> dict[str, Any]:
        """Return docker's options for limits; warnings about them come once, not with every case of a test."""
        with self._lock:
            if self._known is None or self._known[0] != resources:
                self._known = resources, limit_options(client, resources)
            return self._known[1]


def _reason(ended: engine.Ended, limit: Quantity | None) -> str | None:
    """Return why a component was ended, if memory is the reason; None if it is not known."""
    if ended.out_of_memory:
        return f"killed, since it needed more memory than {f'its limit of {limit}' if limit else 'this machine has'}"
    # Docker sometimes learns of it after the end.
    if ended.code == _KILLED and limit:
        return f"killed, perhaps because it needed more memory than its limit of {limit}"
    return None
