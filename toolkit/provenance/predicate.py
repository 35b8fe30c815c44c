"""SLSA's provenance, v1 (slsa.dev/provenance/v1; the specification's version 1.2), as data.

docs/provenance.md describes the build type: which parameters and dependencies it has, and how to build again from them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError

PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
# A name and no address: the project has no site of its own that would outlive a host.
BUILD_TYPE = "urn:comp-toolkit:build:v1"
# A dirty build of thousands of files names some of them.
MOST_CHANGED = 20

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Dependency(Struct, frozen=True, kw_only=True):
    """An artifact that a build took (in-toto attestation, "ResourceDescriptor"); `digest` has hex digits by algorithm.

    `uri` is empty if only the digest names it, such as a base on a disk. `annotations` say more, in a form of ours.
    """

    name: str
    uri: str
    digest: Mapping[str, str]
    annotations: Mapping[str, Any] = _NOTHING

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        data: dict[str, Any] = {"name": self.name, "uri": self.uri, "digest": dict(self.digest)}
        data["annotations"] = dict(self.annotations)
        return {key: value for key, value in data.items() if value}


class Provenance(Struct, frozen=True, kw_only=True):
    """How an image was built.

    `external` are the parameters that its builder's users choose, `internal` those of the builder itself. `builder` is
    the platform that is trusted with the rest, a URI; `versions` are those of its parts. `invocation` names the one
    run, and is empty if it has no name.
    """

    build_type: str
    external: Mapping[str, Any]
    internal: Mapping[str, Any]
    dependencies: tuple[Dependency, ...]
    builder: str
    versions: Mapping[str, str] = _NOTHING
    invocation: str = ""

    @property
    def source(self) -> Dependency | None:
        """The commit that it was built from; None if it names none."""
        return next((each for each in self.dependencies if "gitCommit" in each.digest), None)

    @property
    def bases(self) -> tuple[Dependency, ...]:
        """The images that it was built on."""
        return tuple(
            each
            for each in self.dependencies
            if each.uri.startswith(("pkg:oci/", "pkg:docker/")) or "platform" in each.annotations
        )

    @property
    def is_dirty(self) -> bool:
        """Whether the files differed from the commit."""
        return self.source is not None and self.source.annotations.get("dirty") is True

    @property
    def changed(self) -> tuple[str, ...]:
        """Some of the paths that differed from the commit."""
        named = self.source.annotations.get("changed") if self.source else None
        return tuple(map(str, named)) if isinstance(named, list) else ()

    def is_same_build(self, other: "Provenance") -> bool:
        """Return whether two say the same of everything but the source and the one run."""
        mine, others = (replace(each, dependencies=each.artifacts, invocation="") for each in (self, other))
        return mine == others

    @property
    def artifacts(self) -> tuple[Dependency, ...]:
        """The dependencies but the source."""
        return tuple(each for each in self.dependencies if each != self.source)

    def to_dict(self) -> dict[str, Any]:
        """Return the predicate as JSON data."""
        builder: dict[str, Any] = {"id": self.builder}
        if self.versions:
            builder["version"] = dict(self.versions)
        run: dict[str, Any] = {"builder": builder}
        if self.invocation:
            run["metadata"] = {"invocationId": self.invocation}
        return {
            "buildDefinition": {
                "buildType": self.build_type,
                "externalParameters": dict(self.external),
                "internalParameters": dict(self.internal),
                "resolvedDependencies": [each.to_dict() for each in self.dependencies],
            },
            "runDetails": run,
        }


def read_predicate(data: Mapping[str, Any]) -> Provenance:
    """Read a predicate, of comp or of another builder. Raises InputError if it is not one.

    Fields that are not known are left out; null, empty and missing are the same (SLSA, "Parsing rules").
    """
    definition, run = _table(data, "buildDefinition"), _table(data, "runDetails")
    builder, listed = _table(run, "builder"), definition.get("resolvedDependencies") or []
    if not isinstance(listed, list):
        raise InputError("resolvedDependencies is not a list")
    return Provenance(
        build_type=_text(definition, "buildType"),
        external=_table(definition, "externalParameters"),
        internal=_optional(definition, "internalParameters"),
        dependencies=tuple(map(_dependency, listed)),
        builder=_text(builder, "id"),
        versions=_texts(_optional(builder, "version")),
        invocation=str(_optional(run, "metadata").get("invocationId") or ""),
    )


def _dependency(data: object) -> Dependency:
    """Read one dependency."""
    if not isinstance(data, dict):
        raise InputError("a dependency is not an object")
    return Dependency(
        name=str(data.get("name") or ""),
        uri=str(data.get("uri") or ""),
        digest=_texts(_optional(data, "digest")),
        annotations=_optional(data, "annotations"),
    )


def _text(data: Mapping[str, Any], key: str) -> str:
    """Return a text that has to be there."""
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"{key} is missing, or is not a text")
    return value


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return an object that has to be there."""
    value = data.get(key)
    if not isinstance(value, dict):
        raise InputError(f"{key} is missing, or is not an object")
    return value


def _optional(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return an object; empty if it is missing."""
    return _table(data, key) if data.get(key) else _NOTHING


def _texts(data: Mapping[str, Any]) -> Mapping[str, str]:
    """Return an object of texts."""
    if not all(isinstance(value, str) for value in data.values()):
        raise InputError("an object of texts has other values")
    return dict(data)
