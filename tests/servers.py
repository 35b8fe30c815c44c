"""Servers that tests and the quickstart start on loopback and stop again: a docker daemon, a distribution server."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fake_remote import FakeRemote, serving
from tests.registries import serving_registry

_SECONDS = 60
_PROGRAMS = {
    "dockerd": "docker.io",
    "buildah": "buildah",
    "docker-registry": "docker-registry",
    "mmdebstrap": "mmdebstrap",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running distribution server: `host` is its address, `program` what it is."""

    host: str
    program: str


def require(program: str) -> str:
    """Find a program, or say which Debian package has it: a test that cannot run is a failure."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, f"{program} is not installed: apt-get install {_PROGRAMS.get(program, program)}"
    return found


@contextmanager
def distribution_server(folder: Path) -> Iterator[Server]:
    """Run docker-registry with its content in `folder`; without it, a server in memory."""
    if shutil.which("docker-registry"):
        with serving_registry(folder) as host:
            yield Server(host, "docker-registry")
    else:
        with serving(FakeRemote()) as remote:
            yield Server(remote.host, "a server in memory, since docker-registry is not installed")


@contextmanager
def docker_daemon() -> Iterator[str]:
    """Run a docker daemon with its own data and socket, and yield its address."""
    program = require("dockerd")
    folder = Path(tempfile.mkdtemp(prefix="comp-dockerd-"))
    address = f"unix://{folder}/docker.sock"
    command = [program, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--host", address]
    command += ["--pidfile", f"{folder}/pid", "--storage-driver", "overlay2"]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        )
        try:
            _wait_for(daemon, folder)
            yield address
        finally:
            daemon.terminate()
            daemon.wait(_SECONDS)
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for(daemon: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait until the daemon says that it listens."""
    deadline = time.monotonic() + _SECONDS
    while "API listen on" not in (folder / "log").read_text():
        assert daemon.poll() is None, (folder / "log").read_text()[-2000:]
        assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
        time.sleep(0.05)
