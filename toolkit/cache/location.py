"""Where the cache lies if no caller names a folder."""

import functools
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import OutsideError
from toolkit.system import temporary
from toolkit.system.home import can_be_written

log = logging.getLogger(__name__)

VARIABLE = "COMP_CACHE_DIR"


def find_root(environ: Mapping[str, str]) -> Path:
    """Return `COMP_CACHE_DIR`, else the platform's cache folder, else a folder of this user among temporary files.

    Raises OutsideError if none of them can be written.
    """
    named = environ.get(VARIABLE)
    # Absolute, since some programs that get paths in it run in folders of their own.
    return Path(named).absolute() if named else _default_root()


def _default_root() -> Path:
    """Return the platform's folder, or the spare one if that cannot be written, as in many containers."""
    import platformdirs

    try:
        usual = Path(platformdirs.user_cache_dir("comp"))
    except RuntimeError:
        # The machine knows no home of this user; older versions give a relative path then.
        usual = Path("~/.cache/comp")
    if usual.is_absolute() and can_be_written(usual):
        return usual
    # Not the folder of the standard library: in the end, that is the current folder, which may hold the sources.
    spare = temporary.place() / f"comp-cache-{os.getuid()}"
    try:
        # The number of the user, since the user may have no name here. `lstat` refuses a link in its place.
        spare.mkdir(mode=0o700, exist_ok=True)
        facts = spare.lstat()
    except OSError as error:
        raise OutsideError(
            f"neither {usual} nor {spare} can be a cache: {error.strerror or error}",
            hint=f"name a folder that can be written with {VARIABLE}",
        ) from error
    # All users may write there, so another one may have made it first.
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) & 0o077:
        raise OutsideError(
            f"{usual} cannot be written, and {spare} is not a folder of this user alone",
            hint=f"name a folder that can be written with {VARIABLE}",
        )
    _mention(usual, spare)
    return spare


@functools.cache
def _mention(usual: Path, spare: Path) -> None:
    """Log it once, however often the cache is opened."""
    log.info("%s cannot be written, so the cache is %s; %s names another", usual, spare, VARIABLE)
