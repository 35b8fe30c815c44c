"""Where a component registry is, as users write it.

shared, ../shared, /srv/components      a folder
https://example.com/components          the same folder on a web server
git+https://example.com/components.git  a git repository with that folder; `#branch` names a branch
oci://registry.example.com/components   a distribution server; each component is a repository below
"""

import enum
import re
from pathlib import Path

from msgspec import Struct

from toolkit.errors import UsageError
from toolkit.redaction import without_login

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

_WITH_HOST = {"http", "https", "git+http", "git+https", "git+ssh"}


class PlaceKind(enum.Enum):
    """How a registry is reached."""

    FOLDER = "folder"
    HTTP = "http"
    GIT = "git"
    OCI = "oci"


class Place(Struct, frozen=True, kw_only=True):
    """A registry's place. `address` is a path, a URL, git's own address, or `HOST/PREFIX`; it may have a login.

    `branch` is that of a git repository, None for its default. `str()` is what may be shown and stored.
    """

    kind: PlaceKind
    address: str
    branch: str | None = None

    def __str__(self) -> str:
        if self.kind is PlaceKind.OCI:
            return without_login(f"oci://{self.address}")
        if self.kind is PlaceKind.GIT:
            return f"git+{without_login(self.address)}" + (f"#{self.branch}" if self.branch else "")
        return without_login(self.address) if self.kind is PlaceKind.HTTP else self.address

    @property
    def folder(self) -> Path:
        """The path of a folder."""
        return Path(self.address)


def parse_place(text: str) -> Place:
    """Parse a place. Raises UsageError for another scheme, and for an address without a host."""
    scheme = _SCHEME.match(text)
    if not scheme:
        return Place(kind=PlaceKind.FOLDER, address=text)
    if scheme[1].lower() in _WITH_HOST and text[scheme.end() : scheme.end() + 1] in {"", "/", "?", "#"}:
        raise UsageError(
            f"{without_login(text)} is not a component registry: it has no host",
            hint=f"write the whole address, such as {scheme[0]}components.example.com/shared",
        )
    match scheme[1].lower():
        case "http" | "https":
            return Place(kind=PlaceKind.HTTP, address=text.rstrip("/"))
        case "git+http" | "git+https" | "git+ssh" | "git+file":
            address, _, branch = text.removeprefix("git+").partition("#")
            return Place(kind=PlaceKind.GIT, address=address, branch=branch or None)
        case "oci":
            return Place(kind=PlaceKind.OCI, address=text[len("oci://") :].strip("/"))
        case other:
            raise UsageError(
                f"{other}:// is not a component registry",
                hint="write a folder, https://…, git+https://… or oci://HOST/PREFIX",
            )
