"""The user's home folder, and what the tools that we call get in its place if it is missing or cannot be written.

In CI this is common, and tools that keep things there would fail.
"""

import os
from collections.abc import Mapping
from pathlib import Path

# The folders in which tools keep things: variables of the XDG base directory specification, and the default in a home.
_KEPT = {"XDG_CACHE_HOME": ".cache", "XDG_DATA_HOME": ".local/share", "XDG_STATE_HOME": ".local/state"}


def home(environ: Mapping[str, str]) -> Path | None:
    """Return the user's home folder, which need not exist; None if the machine knows of none."""
    # `expanduser` returns `~` unchanged for a user whom the machine does not know.
    folder = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 (pathlib's raises for unknown users)
    return folder if folder.is_absolute() else None


def can_be_written(folder: Path) -> bool:
    """Whether a folder can be written to, or made, if it is missing."""
    for place in (folder, *folder.parents):
        try:
            # `stat` would pass over a link that leads nowhere, under whose name no folder can be made.
            place.lstat()
        except FileNotFoundError:
            continue
        except OSError:
            return False
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return False


def tool_environment(environ: Mapping[str, str], spare: Path) -> dict[str, str]:
    """Return the variables for a tool that we call: the user's, with folders in `spare` for those that it cannot write.

    A home that can only be read stays the tool's home, so that settings in it count.
    """
    variables = dict(environ)
    own = home(environ)
    # Tools write into the folders below instead, as far as they follow the specification.
    if own is None or not os.access(own, os.X_OK) or not own.is_dir():
        variables["HOME"] = str(spare)
    for variable, below in _KEPT.items():
        # A folder that the user names stays, even if it cannot be written: the tool reports that.
        if not variables.get(variable) and (own is None or not can_be_written(own / below)):
            variables[variable] = str(spare / below)
    return variables
