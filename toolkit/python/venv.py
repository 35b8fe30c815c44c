"""The skeleton of a virtual environment made by hand: no interpreter of the image is run to make it.

`site` finds `pyvenv.cfg` above the directory of the executable as it was called (Python's documentation of
`venv` and `site`); `home` tells it where the base's standard library is.
"""

import posixpath
from dataclasses import dataclass

from toolkit.python.base import BaseFacts
from toolkit.python.install import VENV


@dataclass(frozen=True, kw_only=True, slots=True)
class SkeletonFile:
    """One file or, with `target`, one symbolic link; `path` has no leading slash."""

    path: str
    data: bytes | None = None
    target: str | None = None


def skeleton(facts: BaseFacts, *, system_site_packages: bool, prefix: str = VENV) -> tuple[SkeletonFile, ...]:
    """Lay out an empty environment at `prefix` over the base's interpreter, in order of path."""
    settings = {
        "home": posixpath.dirname(facts.python),
        "include-system-site-packages": "true" if system_site_packages else "false",
        "version": facts.version,
    }
    text = "".join(f"{key} = {value}\n" for key, value in settings.items())
    return (
        SkeletonFile(path=f"{prefix}/bin/python", target=facts.python),
        SkeletonFile(path=f"{prefix}/bin/python3", target="python"),
        SkeletonFile(path=f"{prefix}/bin/python{facts.minor}", target="python"),
        SkeletonFile(path=f"{prefix}/pyvenv.cfg", data=text.encode()),
    )
