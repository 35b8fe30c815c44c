"""The skeleton of a virtual environment, made without running the image's interpreter.

`site` finds `pyvenv.cfg` above the directory of the executable as it was called (Python's documentation of
`venv` and `site`); `home` tells it where the base's standard library is.
"""

import posixpath

from toolkit.image_paths import VENV
from toolkit.oci.file import File
from toolkit.python.base import BaseFacts


def skeleton(facts: BaseFacts, *, system_site_packages: bool) -> tuple[File, ...]:
    """Return the files of an empty environment over the base's interpreter, in order of path."""
    # The keys that `python -m venv` writes and `site` reads.
    settings = {
        "home": posixpath.dirname(facts.python),
        "include-system-site-packages": "true" if system_site_packages else "false",
        "version": facts.version,
    }
    text = "".join(f"{key} = {value}\n" for key, value in settings.items())
    return (
        File(path=f"{VENV}/bin/python", mode=0o777, target=facts.python),
        File(path=f"{VENV}/bin/python3", mode=0o777, target="python"),
        File(path=f"{VENV}/bin/python{facts.minor}", mode=0o777, target="python"),
        File(path=f"{VENV}/pyvenv.cfg", content=text.encode()),
    )
