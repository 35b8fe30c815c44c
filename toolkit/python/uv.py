"""Where uv is, which Pythons it finds, and where it keeps what it needs again: in our cache, unless the user says."""

import re
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.cache import Cache
from toolkit.errors import OutsideError
from toolkit.home import home, tool_environment
from toolkit.processes import Finished, run
from toolkit.python.uv_settings import read_uv_settings

_LOCK = threading.Lock()
_PYTHONS = Path(".local", "share", "uv", "python")
_NO_CACHE = re.compile(
    r"(?:failed to|could not|cannot|unable to) (?:initialize|open|create|write|read|lock|persist)[^\n]*\bcache\b"
    r"|No space left on device",
    re.IGNORECASE,
)


def uv_program() -> str:
    """Give the path of the uv that was installed with this program. Safe to call from several threads."""
    import uv

    # Until Python 3.12, sysconfig, which uv asks, may answer a second thread while the first is still filling it.
    with _LOCK:
        return uv.find_uv_bin()


def run_uv(words: Sequence[str], *, seconds: float, environ: Mapping[str, str], folder: Path | None = None) -> Finished:
    """Run uv in `folder`, with the user's variables `environ` and its cache in ours.

    Raises as `processes.run` does, and OutsideError when uv cannot use its cache.
    """
    environment = uv_environment(environ, folder or Path.cwd(), Cache.default())
    done = run([uv_program(), *words], seconds=seconds, folder=folder, environment=environment)
    if done.code and _NO_CACHE.search(done.error_text):
        said = " ".join(done.error_text.split()).removeprefix("error: ")
        raise OutsideError(
            f"uv cannot use its cache: {said[-600:]}",
            hint="free some space, or name a folder that can be written: with COMP_CACHE_DIR, or UV_CACHE_DIR",
        )
    return done


def uv_environment(environ: Mapping[str, str], folder: Path, cache: Cache) -> dict[str, str]:
    """Give the variables for a uv that runs in `folder`.

    Its own cache lies in ours, unless the user sets another in the environment or in uv's settings.
    """
    variables = tool_environment(environ, cache.spare_home)
    for place in (cache.uv, cache.spare_home):
        cache.use(place)
    set_here = environ.get("UV_CACHE_DIR") or environ.get("UV_NO_CACHE")
    if not set_here and not any("cache-dir" in one or "no-cache" in one for one in read_uv_settings(folder, environ)):
        variables["UV_CACHE_DIR"] = str(cache.uv)
    own = home(environ)
    if variables.get("XDG_DATA_HOME") != environ.get("XDG_DATA_HOME") and own and _is_folder(own / _PYTHONS):
        # A home that can only be read may have Pythons.
        variables.setdefault("UV_PYTHON_INSTALL_DIR", str(own / _PYTHONS))
    return variables


def find_python(minor: str, environ: Mapping[str, str]) -> str:
    """Find an interpreter of a minor version on this machine; where there is none, our own: enough for pure wheels."""
    found = run_uv(["python", "find", "--no-project", "--no-python-downloads", minor], seconds=60, environ=environ)
    return found.text.strip() if found.code == 0 else sys.executable


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except PermissionError:
        return False
