"""A program without a network, and without a way to gain rights."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.engines import offline

PROGRAM = """\
import pathlib, socket, sys
print(sys.argv[1:], [name for _, name in socket.if_nameindex()])
status = pathlib.Path("/proc/self/status").read_text()
print(next(line for line in status.splitlines() if line.startswith("NoNewPrivs")))
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), timeout=60).close()
try:
    socket.create_connection(("192.0.2.1", 9), timeout=60)
except OSError as error:
    print(error.strerror)
sys.exit(7)
"""


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program by the module, as a program of its own."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(Path(offline.__file__)), *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux makes a namespace without a network"
)
def test_only_the_loopback_interface_is_left() -> None:
    ran = _run(sys.executable, "-c", PROGRAM, "a b", "$HOME")
    names, rights, network = ran.stdout.splitlines()
    assert names == "['a b', '$HOME'] ['lo']"
    assert rights.split() == ["NoNewPrivs:", "1"]
    assert network == "Network is unreachable"
    assert ran.returncode == 7


def test_without_the_right_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        """The system's library, for a user who may not make a namespace."""

        def __init__(self, *_: object, **__: object) -> None: ...

        def unshare(self, flags: int) -> int:
            assert flags == offline.NEW_NETWORK
            return -1

    monkeypatch.setattr(ctypes, "CDLL", Refusing)
    monkeypatch.setattr(ctypes, "get_errno", lambda: 1)
    monkeypatch.setattr(os, "execvp", lambda *_: pytest.fail("the program ran"))
    with pytest.raises(PermissionError):
        offline.main(["true"])
