"""Run the uv that comp brings, with the user's settings, and with its cache in comp's."""

import re
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.requirements.uv_settings import read_uv_settings
from toolkit.system.home import home, tool_environment
from toolkit.system.processes import Finished, run

_LOCK = threading.Lock()
# Where uv installs Pythons, below a home.
_PYTHONS = Path(".local", "share", "uv", "python")
# uv's messages have no codes, so its words are compared.
_NO_CACHE = re.compile(
    r"(?:failed to|could not|cannot|unable to) (?:initialize|open|create|write|read|lock|persist)[^\n]*\bcache\b"
    r"|No space left on device",
    re.IGNORECASE,
)


def uv_program() -> str:
    """Return the path of the uv that was installed with comp. Safe to call from several threads."""
    import uv

    # Until Python 3.12, a second thread may see sysconfig, which uv reads, half filled by the first.
    with _LOCK:
        return uv.find_uv_bin()


def run_uv(
    words: Sequence[str], cache: Cache, environ: Mapping[str, str], *, seconds: float, folder: Path | None = None
) -> Finished:
    """Return how uv ends in `folder`, with the user's variables `environ` and its cache in `cache`.

    Raises as `processes.run` does, and OutsideError when uv cannot use its cache.
    """
    environment = uv_environment(environ, folder or Path.cwd(), cache)
    done = run([uv_program(), *words], seconds=seconds, folder=folder, environment=environment)
    if done.code and _NO_CACHE.search(done.error_text):
        message = " ".join(done.error_text.split()).removeprefix("error: ")
        raise OutsideError(
            f"uv cannot use its cache: {message[-600:]}",
            hint="free some space, or name a folder that can be written: with COMP_CACHE_DIR, or UV_CACHE_DIR",
        )
    return done


def uv_environment(environ: Mapping[str, str], folder: Path, cache: Cache) -> dict[str, str]:
    """Return the variables for a uv that runs in `folder`.

    Its cache lies in `cache`, unless the user sets another in the environment or in uv's settings.
    """
    variables = tool_environment(environ, cache.spare_home)
    # Counted as used, so that pruning spares them.
    for place in (cache.uv, cache.spare_home):
        cache.use(place)
    settings = read_uv_settings(folder, environ)
    in_environment = environ.get("UV_CACHE_DIR") or environ.get("UV_NO_CACHE")
    if not in_environment and not any("cache-dir" in table or "no-cache" in table for table in settings):
        variables["UV_CACHE_DIR"] = str(cache.uv)
    own = home(environ)
    if variables.get("XDG_DATA_HOME") != environ.get("XDG_DATA_HOME") and own and _is_folder(own / _PYTHONS):
        # A read-only home may have Pythons.
        variables.setdefault("UV_PYTHON_INSTALL_DIR", str(own / _PYTHONS))
    return variables


def find_python(minor: str, cache: Cache, environ: Mapping[str, str]) -> str:
    """Return an interpreter of a minor version on this machine, else the one that runs comp: enough for pure wheels."""
    # Nothing is downloaded, and a project's own environment does not count.
    words = ["python", "find", "--no-project", "--no-python-downloads", minor]
    done = run_uv(words, cache, environ, seconds=60)
    return done.text.strip() if done.code == 0 else sys.executable


def _is_folder(path: Path) -> bool:
    """Return whether this is a folder; one that cannot be looked into counts as missing."""
    try:
        return path.is_dir()
    except PermissionError:
        return False
