"""Where uv is, and which Pythons it finds."""

import sys
import threading

from toolkit.processes import run

_LOCK = threading.Lock()


def uv_program() -> str:
    """Give the path of the uv that was installed with this program. Safe to call from several threads."""
    import uv

    # Until Python 3.12, sysconfig, which uv asks, may answer a second thread while the first is still filling it.
    with _LOCK:
        return uv.find_uv_bin()


def find_python(minor: str) -> str:
    """Find an interpreter of a minor version on this machine; where there is none, our own: enough for pure wheels."""
    command = [uv_program(), "python", "find", "--no-project", "--no-python-downloads", minor]
    found = run(command, seconds=60)
    return found.text.strip() if found.code == 0 else sys.executable
