"""The user's home folder, which may be missing or closed, and what the tools that we call get in its place.

In CI a user has often no home, or one that cannot be written; tools that keep things there would fail.
"""

import os
from collections.abc import Mapping
from pathlib import Path

# What tools keep, by the variables of the XDG base directory specification, and where in a home it is by default.
_KEPT = {"XDG_CACHE_HOME": ".cache", "XDG_DATA_HOME": ".local/share", "XDG_STATE_HOME": ".local/state"}


def home(environ: Mapping[str, str]) -> Path | None:
    """Give the user's home folder, whether it exists or not; None where the machine knows none."""
    found = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 (pathlib's raises for unknown users)
    return found if found.is_absolute() else None


def can_be_written(folder: Path) -> bool:
    """Tell whether something can be written into a folder, or into the folder that it would have to be made in."""
    for place in (folder, *folder.parents):
        try:
            place.lstat()
        except FileNotFoundError:
            continue
        except OSError:
            return False
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return False


def tool_environment(environ: Mapping[str, str], spare: Path) -> dict[str, str]:
    """Give the variables for a tool that we call: the user's, and places in `spare` for what has none in the home.

    What the user keeps in a home that can only be read still counts.
    """
    variables = dict(environ)
    own = home(environ)
    if own is None or not os.access(own, os.X_OK) or not own.is_dir():
        variables["HOME"] = str(spare)
    for variable, below in _KEPT.items():
        if not variables.get(variable) and (own is None or not can_be_written(own / below)):
            variables[variable] = str(spare / below)
    return variables
