"""Which templates the user of this machine has named: what others' records name is not used before that."""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from toolkit.atomic import write_text
from toolkit.cache import Cache
from toolkit.errors import InputError, MachineError
from toolkit.limits import CONTRACT_SIZE
from toolkit.reading import read_foreign

log = logging.getLogger(__name__)

_VERSION = 1


class Trust:
    """The list, in a file of the user's own; one that is missing or damaged trusts nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Trust":
        """Take the user's list: in COMP_STATE_DIR, else in the platform's folder for what programs remember."""
        folder = environ.get("COMP_STATE_DIR")
        if not folder:
            try:
                folder = platformdirs.user_state_dir("comp")
            except RuntimeError:
                # The machine knows no home of this user.
                folder = str(Cache.default().spare_home)
        return cls(Path(folder) / "templates.json")

    def has(self, name: str) -> bool:
        """Tell whether a template was named on this machine, in any version."""
        return source(name) in self._known()

    def add(self, name: str) -> None:
        """Remember a template; a list that cannot be written is a warning, since all but the next sync works."""
        known = self._known()
        if source(name) in known:
            return
        document = {"version": _VERSION, "templates": sorted({*known, source(name)})}
        try:
            write_text(self.path, json.dumps(document, indent=2) + "\n", mode=0o600)
        except MachineError as error:
            log.warning("cannot remember the template in %s: %s", self.path, error.reason)

    def _known(self) -> set[str]:
        try:
            document = json.loads(read_foreign(self.path, CONTRACT_SIZE))
            if document["version"] != _VERSION:
                return set()
            return {one for one in document["templates"] if isinstance(one, str)}
        except (OSError, ValueError, KeyError, TypeError, RecursionError, InputError):
            return set()


def source(name: str) -> str:
    """Give where a template comes from, without version and login: what is trusted."""
    git = name.removeprefix("git+")
    parts = urlsplit(git) if "://" in git else None
    if parts and parts.scheme:
        host = parts.netloc.rpartition("@")[2].lower()
        path = parts.path if name == git else parts.path.partition("@")[0]
        return f"{parts.scheme}://{host}{path.rstrip('/').removesuffix('.git')}"
    if name != git or name.endswith(".git"):
        return git
    return os.path.realpath(name.partition("::")[0])
