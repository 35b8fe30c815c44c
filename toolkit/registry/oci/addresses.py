"""Where things of a registry at `HOST/PREFIX` lie on the server, and what their tags mean.

    HOST/PREFIX/<ns>/<name>   a component; its tags:
        1.2.3                                the release; `_` stands for the `+` of a build
        claim-1.2.3-<16 hex>                 the same artifact, set before by its publisher: see `contest`
        marks-<number>-<16 hex>              the marks, one tag a change: see `mark_log`
    HOST/PREFIX/comp-names    a tag for each component
    HOST/PREFIX/comp-index    the tag `index`: what search reads
    HOST/PREFIX/comp-doctor/trial   what `comp registry doctor` tries

A component lies two steps below the prefix, and our own repositories one, so no component can have their names; that of
the doctor lies where a component would, and its namespace is refused. All tags but `index` are set once, so a server
may forbid to change them.
"""

import re

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError, UsageError
from toolkit.oci.reference import Reference, parse_reference
from toolkit.registry.names import Name, is_part
from toolkit.registry.place import Place
from toolkit.registry.semver import Version, parse_version

INDEX_TAG = "index"
_INDEX, _NAMES, _DOCTOR = "comp-index", "comp-names", "comp-doctor"
_TRIAL = f"{_DOCTOR}/trial"
_LONGEST_TAG = 128
_HEX = 16
_CLAIM = re.compile(rf"claim-(?P<version>.+)-(?P<hex>[0-9a-f]{{{_HEX}}})")
_MARKS = re.compile(rf"marks-(?P<number>[1-9][0-9]{{0,8}})-[0-9a-f]{{{_HEX}}}")
# No namespace or name has two of these together, so the tag tells which is which.
_BETWEEN = "__"
_LONG_NAME = "long-"
_LONGEST_VERSION = _LONGEST_TAG - len("claim--") - _HEX


class Addresses(Struct, frozen=True, kw_only=True):
    """The references of one registry; `root` is HOST/PREFIX."""

    root: str

    @classmethod
    def of(cls, place: Place) -> "Addresses":
        """Check the address of a place. Raises UsageError unless it is HOST or HOST/PREFIX, without a login."""
        host = place.address.partition("/")[0]
        hint = "write oci://HOST/PREFIX, such as oci://registry.example.com/components; `docker login HOST` logs in"
        if "@" in place.address:
            # The text before it may be a password.
            raise UsageError("a login in the address of a component registry", hint=hint)
        try:
            reference = parse_reference(f"{place.address}/{_INDEX}")
        except InputError as error:
            raise UsageError(f"{place} is not a component registry: {error.message}", hint=hint) from error
        # Without a dot or port, docker's rule takes the host for a part of a path on docker.io.
        if not host or reference.host != host.lower() or reference.tag:
            raise UsageError(f"{place} has no host: {host!r} has no dot and no port", hint=hint)
        return cls(root=place.address)

    @property
    def host(self) -> str:
        """The server."""
        return self.index.host

    @property
    def index(self) -> Reference:
        """The artifact that search reads."""
        return parse_reference(f"{self.root}/{_INDEX}:{INDEX_TAG}")

    @property
    def names(self) -> Reference:
        """The repository with a tag for each component."""
        return parse_reference(f"{self.root}/{_NAMES}")

    @property
    def doctor(self) -> Reference:
        """The repository for trials, which lies as deep as a component's."""
        return parse_reference(f"{self.root}/{_TRIAL}")

    def component(self, name: Name) -> Reference:
        """Return the repository of a component. Raises InputError if its path is too long, or taken by the doctor."""
        if name.namespace == _DOCTOR:
            raise InputError(
                f"the namespace {_DOCTOR} is taken: `comp registry doctor` uses it", hint="choose another namespace"
            )
        return parse_reference(f"{self.root}/{name}")

    def release(self, name: Name, version: Version) -> Reference:
        """Return the tag of a release."""
        return self.component(name).with_tag(tag_of(version))

    def component_of(self, repository: str) -> Name | None:
        """Return the component whose repository has this path on the host; None for any other repository."""
        _, _, prefix = self.root.partition("/")
        below = repository.removeprefix(f"{prefix}/") if prefix else repository
        namespace, slash, name = below.partition("/")
        inside = (not prefix or below != repository) and namespace != _DOCTOR
        return Name(namespace, name) if inside and slash and is_part(namespace) and is_part(name) else None


def tag_of(version: Version) -> str:
    """Return the tag of a version. Raises InputError for one that is too long."""
    text = str(version).replace("+", "_")
    if len(text) > _LONGEST_VERSION:
        raise InputError(
            f"the version {version} is too long for a tag of a distribution server",
            hint=f"up to {_LONGEST_VERSION} characters",
        )
    return text


def version_of(tag: str) -> Version | None:
    """Return the version that a tag names; None for any other tag."""
    try:
        return parse_version(tag.replace("_", "+"))
    except InputError:
        return None


def claim_tag(version: Version, manifest: Digest) -> str:
    """Return the tag by which a publisher of a manifest claims a version."""
    return f"claim-{tag_of(version)}-{manifest.hex[:_HEX]}"


def claimed_version(tag: str) -> Version | None:
    """Return the version that a tag claims; None for any other tag."""
    found = _CLAIM.fullmatch(tag)
    return version_of(found["version"]) if found else None


def marks_tag(number: int, manifest: Digest) -> str:
    """Return the tag of marks: the `number`th of a component."""
    return f"marks-{number}-{manifest.hex[:_HEX]}"


def marks_number(tag: str) -> int | None:
    """Return the number of marks from their tag; None for any other tag."""
    found = _MARKS.fullmatch(tag)
    return int(found["number"]) if found else None


def name_tag(name: Name) -> str:
    """Return the tag of a component in the repository of names."""
    tag = f"{name.namespace}{_BETWEEN}{name.name}"
    return tag if len(tag) <= _LONGEST_TAG else f"{_LONG_NAME}{Digest.of(str(name).encode()).hex}"


def is_long_name(tag: str) -> bool:
    """Return whether a tag of the repository of names is too short for its name, which its manifest then has."""
    return tag.startswith(_LONG_NAME) and _BETWEEN not in tag


def named(tag: str) -> Name | None:
    """Return the component of a tag in the repository of names; None for any other tag, and for a long name."""
    namespace, between, name = tag.partition(_BETWEEN)
    return Name(namespace, name) if between and is_part(namespace) and is_part(name) else None
