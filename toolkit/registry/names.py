"""Names of components: `namespace/name`, and requests such as `namespace/name@^1`."""

import re

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.semver import Range, parse_range
from toolkit.words import shortened

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

    `selector` is the text after `@`, or `*`. `digest` is the one that the version must have, as in `1.2.3#sha256:…`.
    `registry` is the configured registry that the request names.
    """

    namespace: str | None
    name: str
    selector: str
    allowed: Range | Digest
    digest: Digest | None = None
    registry: str | None = None

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        registry = f"{self.registry}:" if self.registry else ""
        return f"{registry}{name}" if self.selector == ANY else f"{registry}{name}@{self.selector}"

    def is_of(self, name: Name) -> bool:
        """Return whether a component is one that the request may mean by its name."""
        return self.name == name.name and self.namespace in {None, name.namespace}


def is_part(text: str) -> bool:
    """Return whether `text` can be a namespace or a name."""
    return len(text) <= _LONGEST and _PART.fullmatch(text) is not None


def check_part(text: str, what: str) -> str:
    """Return `text` if it can be a namespace or a name. Raises InputError."""
    if not is_part(text):
        # Letters of another script may look like those of a name, so that only their escapes tell them apart.
        shown = repr(shortened(text, _LONGEST)) if text.isascii() else ascii(text[:_LONGEST])
        raise InputError(
            f"{shown} is not a {what}",
            hint=f"up to {_LONGEST} of a-z and 0-9, with single . _ or - between them",
        )
    return text


def parse_name(text: str) -> Name:
    """Parse `NAMESPACE/NAME`. Raises InputError that names the invalid part."""
    namespace, _, name = text.rpartition("/")
    return Name(check_part(namespace, "namespace"), check_part(name, "component name"))


def parse_request(text: str) -> VersionRequest:
    """Parse `[REGISTRY:][NAMESPACE/]NAME[@VERSION[#DIGEST]]`. Raises InputError that names the invalid part."""
    full, at, selector = text.partition("@")
    registry, colon, full = full.rpartition(":")
    if colon:
        check_part(registry, "name of a registry")
    namespace, slash, name = full.rpartition("/")
    if slash:
        check_part(namespace, "namespace")
    check_part(name, "component name")
    version, number, digest = (selector if at else ANY).partition("#")
    allowed = Digest.parse(version) if version.startswith("sha256:") else parse_range(version)
    return VersionRequest(
        namespace=namespace if slash else None,
        name=name,
        selector=selector if at else ANY,
        allowed=allowed,
        digest=Digest.parse(digest) if number else None,
        registry=registry or None,
    )
