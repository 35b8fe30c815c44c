"""Names of components: `namespace/name`, and requests such as `namespace/name@^1`."""

import re
from dataclasses import dataclass

from toolkit.errors import InputError
from toolkit.oci.digest import Digest
from toolkit.registry.semver import Range, parse_range

# What is safe as a folder, in a URL and as a repository of a remote.
_PART = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LONGEST = 100
ANY = "*"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A component's full name; `str()` gives `namespace/name`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What somebody asks for: a name, with or without namespace, and a range or a component digest.

    `selector` is the text after `@`, `*` when there is none.
    """

    namespace: str | None
    name: str
    selector: str
    wanted: Range | Digest

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return name if self.selector == ANY else f"{name}@{self.selector}"


def is_part(text: str) -> bool:
    """Tell whether `text` can be a namespace or a name."""
    return len(text) <= _LONGEST and _PART.fullmatch(text) is not None


def check_part(text: str, what: str) -> str:
    """Return `text` when it can be a namespace or a name. Raises InputError."""
    if not is_part(text):
        raise InputError(
            f"{text[:_LONGEST]!r} is not a {what}",
            hint=f"up to {_LONGEST} of a-z and 0-9, with single . _ or - between them",
        )
    return text


def parse_request(text: str) -> Request:
    """Read `[NAMESPACE/]NAME[@VERSION]`. Raises InputError that says which part is wrong."""
    full, at, selector = text.partition("@")
    namespace, slash, name = full.rpartition("/")
    if slash:
        check_part(namespace, "namespace")
    check_part(name, "component name")
    selector = selector if at else ANY
    wanted = Digest.parse(selector) if selector.startswith("sha256:") else parse_range(selector)
    return Request(namespace=namespace if slash else None, name=name, selector=selector, wanted=wanted)
