"""The templates that the user of this machine has named; a record of someone else's may use only those."""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from toolkit.cache.store import Cache
from toolkit.errors import InputError, MachineError
from toolkit.limits import CONTRACT_SIZE
from toolkit.system.atomic import write_text
from toolkit.system.reading import read_foreign

log = logging.getLogger(__name__)

_VERSION = 1


class Trust:
    """The list, in a file of the user; a missing or damaged file is an empty list."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Trust":
        """Return the user's list, in COMP_STATE_DIR or else the platform's folder for states of programs."""
        folder = environ.get("COMP_STATE_DIR")
        if not folder:
            try:
                folder = platformdirs.user_state_dir("comp")
            except RuntimeError:
                # The user has no home, as in many containers.
                folder = str(Cache.default(environ).spare_home)
        return cls(Path(folder) / "templates.json")

    def has(self, name: str) -> bool:
        """Return whether a template was named on this machine, in any version."""
        return source(name) in self._known()

    def add(self, name: str) -> None:
        """Remember a template; a list that cannot be written is a warning, since only the next sync will ask again."""
        known = self._known()
        if source(name) in known:
            return
        document = {"version": _VERSION, "templates": sorted({*known, source(name)})}
        try:
            write_text(self.path, json.dumps(document, indent=2) + "\n", mode=0o600)
        except MachineError as error:
            log.warning("cannot remember the template in %s: %s", self.path, error.reason)

    def _known(self) -> set[str]:
        """Return the sources in the file."""
        try:
            document = json.loads(read_foreign(self.path, CONTRACT_SIZE))
            if document["version"] != _VERSION:
                return set()
            return {text for text in document["templates"] if isinstance(text, str)}
        except (OSError, ValueError, KeyError, TypeError, RecursionError, InputError):
            return set()


def source(name: str) -> str:
    """Return the origin of a template, which is what is trusted: its URL or path, without version and login."""
    git = name.removeprefix("git+")
    parts = urlsplit(git) if "://" in git else None
    if parts and parts.scheme:
        host = parts.netloc.rpartition("@")[2].lower()
        # `git+https://host/path@v1` is of a version; a plain URL may have an `@` in its path.
        path = parts.path if name == git else parts.path.partition("@")[0]
        return f"{parts.scheme}://{host}{path.rstrip('/').removesuffix('.git')}"
    if name != git or name.endswith(".git"):
        return git
    # `FILE.zip::FOLDER` is one of several templates in an archive.
    return os.path.realpath(name.partition("::")[0])
