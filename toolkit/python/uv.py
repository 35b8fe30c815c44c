"""Where uv is."""

import threading

_LOCK = threading.Lock()


def uv_program() -> str:
    """Give the path of the uv that was installed with this program. Safe to call from several threads."""
    import uv

    # Until Python 3.12, sysconfig, which uv asks, may answer a second thread while the first is still filling it.
    with _LOCK:
        return uv.find_uv_bin()
