"""Bring the cluster up and take it down again, without a remainder."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.errors import OutsideError, UsageError
from tools.cluster import machine
from tools.cluster.certificates import make_certificates
from tools.cluster.configuration import write_configuration
from tools.cluster.parts import STORE_PROGRAM
from tools.cluster.places import State
from tools.cluster.programs import MODULES, build
from tools.cluster.reporting import Steps, last_lines
from tools.cluster.supervisor import READY

_CHECKOUT = Path(__file__).parent.parent.parent
_NEEDED = ("containerd", "ctr", "runc", "docker-registry", "ip", "iptables", "openssl", "unshare", "mount")
_PLUGINS = ("/usr/lib/cni/bridge", "/usr/lib/cni/host-local", "/usr/lib/cni/loopback")
_INSTALL = "scripts/bootstrap --cluster"
_END_SECONDS = 90
_PAUSE = 0.1


def up(state: State, environ: Mapping[str, str], steps: Steps) -> bool:
    """Bring the cluster up, and return False if it was up before. Raises UsageError or OutsideError."""
    _check_machine(environ)
    with _locked(state):
        if is_up(state):
            _check_pins(state)
            steps.say(f"up already, in {state.folder}")
            return False
        build(environ, steps)
        # What a run before left behind that was interrupted.
        _take_down(state)
        began = time.monotonic()
        try:
            _prepare(state)
            _start(state, environ, steps)
        except BaseException:
            _take_down(state)
            raise
        state.ready.write_text(json.dumps(_pins()))
        steps.say(f"up after {time.monotonic() - began:.0f} s: export KUBECONFIG={state.kubeconfig}")
    return True


def down(state: State, steps: Steps) -> None:
    """Take the cluster down, if it is up. Raises OutsideError listing all that is left of it."""
    if not state.marker.exists():
        steps.say("down already")
        return
    with _locked(state), steps.timed("took everything down"):
        _take_down(state)
        if left := machine.remains(state):
            raise OutsideError("the cluster is down, but this is left:\n" + "\n".join(f"  {one}" for one in left))


def is_up(state: State) -> bool:
    """Return whether the cluster is up and ready."""
    return state.ready.exists() and _process(state) is not None


def run(state: State, environ: Mapping[str, str], steps: Steps, command: Sequence[str]) -> int:
    """Run a command while the cluster is up, and return its exit code; take the cluster down if it was down before."""
    mine = up(state, environ, steps)
    try:
        return subprocess.run(command, env={**environ, "KUBECONFIG": str(state.kubeconfig)}, check=False).returncode
    finally:
        if mine:
            down(state, steps)


def _check_machine(environ: Mapping[str, str]) -> None:
    """Raise UsageError or OutsideError unless this machine has what the cluster needs, programs of its own aside."""
    if os.geteuid() != 0:
        raise UsageError("the cluster needs root: it makes namespaces, mounts and a network bridge")
    needed = (*_NEEDED, *_PLUGINS, str(STORE_PROGRAM))
    missing = [name for name in needed if not shutil.which(name, path=environ.get("PATH"))]
    if missing:
        raise OutsideError(f"missing: {', '.join(missing)}", hint=f"{_INSTALL} installs all of it on Debian")


@contextmanager
def _locked(state: State) -> Iterator[None]:
    """Keep other processes from starting or stopping this cluster. Raises UsageError if the folder is not for it."""
    state.folder.mkdir(parents=True, exist_ok=True)
    if not state.marker.exists():
        if other := next(state.folder.iterdir(), None):
            raise UsageError(
                f"{state.folder} holds other files than a cluster's, such as {other.name}",
                hint="set COMP_CLUSTER to an empty folder",
            )
        state.marker.touch()
    descriptor = os.open(state.folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _pins() -> dict[str, str]:
    return {module.name: module.key for module in MODULES}


def _check_pins(state: State) -> None:
    """Raise OutsideError if the cluster that is up was made from other pins."""
    if json.loads(state.ready.read_text()) != _pins():
        raise OutsideError(
            f"the cluster in {state.folder} was made from other pins than {_CHECKOUT}/tools/cluster/pins has",
            hint="make cluster-down, then try again",
        )


def _prepare(state: State) -> None:
    """Write all files of a new cluster, and change the machine as it needs it."""
    if state.logs.exists():
        shutil.rmtree(state.earlier_logs, ignore_errors=True)
        state.logs.rename(state.earlier_logs)
    state.logs.mkdir()
    make_certificates(state.certificates)
    write_configuration(state)
    machine.prepare(state)


def _start(state: State, environ: Mapping[str, str], steps: Steps) -> None:
    """Start the supervisor in namespaces of its own and follow its reports until the cluster is ready."""
    reading, writing = os.pipe()
    command: Sequence[str | Path] = (
        *("unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--propagation=private"),
        *(sys.executable, "-m", "tools.cluster.supervisor", state.folder, f"--report={writing}"),
    )
    log = state.logs / "supervisor.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            command,
            cwd=_CHECKOUT,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            pass_fds=[writing],
            # It outlives the terminal.
            start_new_session=True,
        )
    os.close(writing)
    state.supervisor.write_text(json.dumps({"process": process.pid, "started": _started(process.pid)}))
    error = []
    with os.fdopen(reading) as report:
        # Until the supervisor ends or is ready: `unshare` keeps the other end of the pipe open.
        for line in report:
            if line.startswith(steps.PREFIX):
                steps.write(line.rstrip("\n"))
            elif line.rstrip("\n") == READY:
                return
            else:
                error.append(line)
    reason = "".join(error).strip() or f"the end of {log}:\n{last_lines(log.read_text(errors='replace'))}"
    raise OutsideError(f"the cluster did not come up: {reason}")


def _take_down(state: State) -> None:
    """End the processes, undo what was changed on the machine, and remove all files but the logs."""
    if (process := _process(state)) is not None:
        _end(process)
    machine.restore(state)
    for path in set(state.folder.iterdir()) - set(state.kept):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _end(process: int) -> None:
    """End the supervisor and, with it, everything in its namespaces. Raises OutsideError."""
    # `unshare` ignores the signal; its child is the supervisor.
    for number, seconds in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, _END_SECONDS)):
        for child in _children(process) or [process]:
            with suppress(ProcessLookupError):
                os.kill(child, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if _started(process) is None:
                return
            time.sleep(_PAUSE)
    raise OutsideError(f"process {process}, the cluster's supervisor, does not end")


def _children(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def _process(state: State) -> int | None:
    """Return the process that holds the cluster's supervisor; None if it has ended."""
    try:
        record = json.loads(state.supervisor.read_text())
    except FileNotFoundError:
        return None
    process: int = record["process"]
    return process if _started(process) == record["started"] else None


def _started(process: int) -> str | None:
    """Return when a process started, which tells it from a later one of the same number; None if it has ended."""
    # Its parent may not have asked for its exit code yet.
    with suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)
    try:
        # The name before it may hold spaces and brackets (proc(5), /proc/pid/stat).
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
