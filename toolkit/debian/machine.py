"""Where this machine finds archives: what its own apt reads, and its own distribution."""

from collections.abc import Mapping
from pathlib import Path

from toolkit.debian.sources import FOLDER, LIST, servers_of
from toolkit.python.base import os_release_fields

# More than any file of apt's sources has.
_LARGEST = 1_000_000


def machine_servers(architecture: str, root: Path = Path("/")) -> Mapping[str, str]:
    """Return the servers of the official archives that the machine below `root` knows, by the archives' names."""
    sources = [root / LIST, *sorted((root / FOLDER).glob("*"))]
    files = {path.relative_to(root).as_posix(): text for path in sources if (text := _text(path))}
    return servers_of(os_release_fields(_text(root / "etc/os-release")), files, architecture)


def _text(path: Path) -> str:
    """Return the text of a file; empty if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST).decode("utf-8", "replace") if path.is_file() else ""
    except OSError:
        return ""
