"""Servers that tests and the quickstart start on loopback and stop again: a docker daemon, a distribution server."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from tests.daemons import daemon, require, scratch
from tests.fake_remote import FakeRemote, serving
from tests.registries import serving_registry

_LISTENING = re.compile("API listen on")


class Server(Struct, frozen=True):
    """A running distribution server: `host` is its address, `program` what it is."""

    host: str
    program: str


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
    # The daemon leaves the network namespaces mounted.
    with scratch("dockerd") as folder:
        address = f"unix://{folder}/docker.sock"
        command = [program, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--host", address]
        command += ["--pidfile", f"{folder}/pid", "--storage-driver", "overlay2"]
        with daemon(command, log=folder / "log", ready=_LISTENING):
            yield address
