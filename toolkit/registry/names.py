"""Names of components: `namespace/name`, and requests such as `namespace/name@^1`."""

import re

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.semver import Range, parse_range

# A part is safe as a folder, in a URL and as a repository of a remote.
_PART = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LONGEST = 100
ANY = "*"


class Name(Struct, frozen=True, order=True):
    """A component's full name; `str()` returns `namespace/name`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class VersionRequest(Struct, frozen=True, kw_only=True):
    """A name, with or without namespace, and the versions that are allowed: a range, or a component digest.

    `selector` is the text after `@`, or `*`.
    """

    namespace: str | None
    name: str
    selector: str
    allowed: Range | Digest

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return name if self.selector == ANY else f"{name}@{self.selector}"


def is_part(text: str) -> bool:
    """Return whether `text` can be a namespace or a name."""
    return len(text) <= _LONGEST and _PART.fullmatch(text) is not None


def check_part(text: str, what: str) -> str:
    """Return `text` if it can be a namespace or a name. Raises InputError."""
    if not is_part(text):
        raise InputError(
            f"{text[:_LONGEST]!r} is not a {what}",
            hint=f"up to {_LONGEST} of a-z and 0-9, with single . _ or - between them",
        )
    return text


def parse_request(text: str) -> VersionRequest:
    """Parse `[NAMESPACE/]NAME[@VERSION]`. Raises InputError that names the invalid part."""
    full, at, selector = text.partition("@")
    namespace, slash, name = full.rpartition("/")
    if slash:
        check_part(namespace, "namespace")
    check_part(name, "component name")
    selector = selector if at else ANY
    allowed = Digest.parse(selector) if selector.startswith("sha256:") else parse_range(selector)
    return VersionRequest(namespace=namespace if slash else None, name=name, selector=selector, allowed=allowed)
