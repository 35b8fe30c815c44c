"""Image references: `python:3.11-slim`, `registry.example.com:5000/ml/train@sha256:…`.

The grammar is the one of Docker and the distribution project, with its defaults: no host means `docker.io`, and
a single name there means `library/NAME`. Which server answers for a host is the remote client's business.
"""

import re

from msgspec import Struct
from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.errors import InputError

DEFAULT_HOST = "docker.io"
DEFAULT_TAG = "latest"
_OFFICIAL = "library/"
# `NameTotalLengthMax` of the distribution project's grammar.
_MAX_REPOSITORY = 255
_MAX_SHOWN = 120
_MAX_PORT = 65535

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]+))?")
# The distribution project's separators: one dot, one or two underscores, any number of dashes.
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_HEX = re.compile(r"[0-9a-f]{64}")


class Reference(Struct, frozen=True, kw_only=True):
    """A parsed image name; `str()` is its full form, host always written.

    With a tag and a digest, the digest decides. With neither, `latest` is meant but not filled in.
    """

    host: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}{self._suffix}"

    @property
    def familiar(self) -> str:
        """The short form that people write: `python:3.11-slim`."""
        if self.host != DEFAULT_HOST:
            return str(self)
        first, _, rest = self.repository.removeprefix(_OFFICIAL).partition("/")
        if not rest:
            return first + self._suffix
        # Without its host, the first part of this path would be read as one.
        return str(self) if _is_host(self.repository.split("/")[0]) else self.repository + self._suffix

    @property
    def name(self) -> str:
        """Host and repository alone, as `Layer.origin` has them."""
        return f"{self.host}/{self.repository}"

    @property
    def identifier(self) -> str:
        """What selects the manifest on a remote: the digest, else the tag, else `latest`."""
        return str(self.digest) if self.digest else self.tag or DEFAULT_TAG

    def with_tag(self, tag: str) -> "Reference":
        """Return the same repository with another tag and no digest. Raises InputError for an invalid tag."""
        _check_tag(tag, f"{self.name}:{tag}")
        return replace(self, tag=tag, digest=None)

    def with_digest(self, digest: Digest) -> "Reference":
        """Return the same repository with this digest and no tag."""
        return replace(self, tag=None, digest=digest)

    @property
    def _suffix(self) -> str:
        """The tag and the digest as they follow the path."""
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse_reference(text: str) -> Reference:
    """Read `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`. Raises InputError that says which part is wrong."""
    if not text:
        raise InputError("an empty image reference", hint=_HINT)
    if "://" in text:
        raise _wrong(text, "it starts with a scheme", hint="write HOST/PATH without https://")
    if any(character.isspace() for character in text):
        raise _wrong(text, "it contains a space or line end")
    # The digest goes first, since it has a colon too, and the host before the tag, since a port has one.
    name, at, digest_text = text.partition("@")
    digest = _parse_digest(digest_text, text) if at else None
    host, path = _split_host(name, text)
    path, colon, tag = path.partition(":")
    if colon:
        _check_tag(tag, text)
    if host == DEFAULT_HOST and "/" not in path:
        path = _OFFICIAL + path
    _check_repository(path, text)
    if host == DEFAULT_HOST and _HEX.fullmatch(path.removeprefix(_OFFICIAL)):
        raise _wrong(text, "64 hex digits are an identifier, not a name", hint="to name a digest: NAME@sha256:…")
    return Reference(host=host, repository=path, tag=tag if colon else None, digest=digest)


_HINT = "expected [HOST[:PORT]/]PATH[:TAG][@sha256:…], such as registry.example.com/ml/train-model:1.0.0"


def _wrong(text: str, why: str, *, hint: str = _HINT) -> InputError:
    """Return the error for an invalid reference, with as much of it as fits on a line."""
    shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
    return InputError(f"not an image reference: {shown!r}: {why}", hint=hint)


def _parse_digest(digest_text: str, text: str) -> Digest:
    """Return the digest after `@`. Raises InputError naming the whole reference."""
    try:
        return Digest.parse(digest_text)
    except InputError as error:
        raise _wrong(text, "what follows @ is not sha256: and 64 hex digits") from error


def _is_host(first: str) -> bool:
    """Return whether the first part of a name is a host."""
    # Docker's rule: without a dot, a port or this name, the first part belongs to the path on docker.io.
    return first == "localhost" or any(mark in first for mark in ".:[")


def _split_host(name: str, text: str) -> tuple[str, str]:
    """Return the host, in its usual spelling, and the path behind it. Raises InputError for an invalid host."""
    first, slash, rest = name.partition("/")
    if not slash or not (first == "" or _is_host(first.lower())):
        return DEFAULT_HOST, name
    host = first.lower()
    found = _HOST.fullmatch(host)
    # Lower case makes ASCII of some other letters, such as the Kelvin sign.
    if not found or not first.isascii() or len(host) > _MAX_REPOSITORY:
        raise _wrong(text, f"{first[:_MAX_SHOWN]!r} is not a host")
    # Six digits are too many for a port already, and `int` is slow for thousands.
    if found["port"] and not 0 < int(found["port"][:6]) <= _MAX_PORT:
        raise _wrong(text, f"{found['port'][:20]} is not a port")
    return DEFAULT_HOST if host in {"index.docker.io", "registry-1.docker.io"} else host, rest


def _check_repository(path: str, text: str) -> None:
    """Raise InputError unless the path of a repository follows the grammar."""
    if len(path) > _MAX_REPOSITORY:
        raise _wrong(text, f"the repository has {len(path)} characters, {_MAX_REPOSITORY} are allowed")
    for component in path.removeprefix(_OFFICIAL).split("/"):
        if not component:
            raise _wrong(text, "a part of the path is empty")
        if component != component.lower():
            raise _wrong(
                text, f"{component!r} has upper case letters", hint=f"repositories are lower case: {path.lower()}"
            )
        if not _COMPONENT.fullmatch(component):
            raise _wrong(text, f"{component!r} may only have a-z, 0-9 and single . _ or - between them")


def _check_tag(tag: str, text: str) -> None:
    """Raise InputError unless the tag follows the grammar."""
    if not _TAG.fullmatch(tag):
        raise _wrong(text, f"{tag[:_MAX_SHOWN]!r} is not a tag", hint="a tag has up to 128 of A-Z a-z 0-9 _ . -")
