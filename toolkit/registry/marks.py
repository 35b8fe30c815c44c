"""Marks set on a component after its releases were published: yanked versions, deprecation.

Releases never change, so that this is a small document of its own for each component, which does.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError
from toolkit.registry.image_copies import check_copy
from toolkit.registry.names import Name, parse_name
from toolkit.registry.semver import Version, parse_version
from toolkit.words import one_line

_API = 1


class Yank(Struct, frozen=True, kw_only=True):
    """A version that ranges no longer choose; a lock or an exact request still gets it. `at` is UTC as in a release."""

    reason: str
    at: str
    by: str | None = None

    def __str__(self) -> str:
        return f"yanked: {one_line(self.reason)}"


class Deprecation(Struct, frozen=True, kw_only=True):
    """A component that nothing new should use, and the one to use in its place."""

    reason: str
    at: str
    by: str | None = None
    superseded_by: Name | None = None

    def __str__(self) -> str:
        return f"deprecated: {one_line(self.reason)}" + (f"; use {self.superseded_by}" if self.superseded_by else "")


class Marks(Struct, frozen=True, kw_only=True):
    """The marks of one component; empty for most.

    `images` are the copies that a mirror has: for the image of a contract, as it is written there, the copy's reference
    by digest.
    """

    yanked: Mapping[Version, Yank] = MappingProxyType({})
    deprecated: Deprecation | None = None
    images: Mapping[str, str] = MappingProxyType({})

    def with_yank(self, version: Version, yank: Yank | None) -> "Marks":
        """Return the marks with a version yanked, or, for None, no longer yanked."""
        others = {each: mark for each, mark in self.yanked.items() if each != version}
        return replace(self, yanked=MappingProxyType(others | ({version: yank} if yank else {})))

    def with_deprecation(self, deprecated: Deprecation | None) -> "Marks":
        """Return the marks with the component deprecated, or, for None, no longer deprecated."""
        return replace(self, deprecated=deprecated)

    def with_images(self, images: Mapping[str, str]) -> "Marks":
        """Return the marks with these copies of images in the place of all others."""
        return replace(self, images=MappingProxyType(dict(images)))

    def to_bytes(self) -> bytes:
        """Return the document, in equal bytes for equal marks."""
        yanked = {
            str(version): {"reason": mark.reason, "at": mark.at, "by": mark.by}
            for version, mark in sorted(self.yanked.items(), key=lambda item: item[0].precedence)
        }
        deprecated = self.deprecated and {
            "reason": self.deprecated.reason,
            "at": self.deprecated.at,
            "by": self.deprecated.by,
            "superseded_by": str(self.deprecated.superseded_by) if self.deprecated.superseded_by else None,
        }
        document: dict[str, Any] = {"api": _API, "yanked": yanked, "deprecated": deprecated}
        # Only mirrors have some, and the others keep their bytes.
        if self.images:
            document["images"] = dict(sorted(self.images.items()))
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Marks":
        """Read the document. Raises InputError that names the invalid part."""
        try:
            document = json.loads(data)
            if document["api"] != _API:
                raise InputError(
                    f"api is {document['api']!r}, expected {_API}", hint="a newer comp may have written it"
                )
            deprecated = document["deprecated"]
            return cls(
                yanked=MappingProxyType(
                    {parse_version(version): _yank(mark) for version, mark in document["yanked"].items()}
                ),
                deprecated=_deprecation(deprecated) if deprecated else None,
                images=MappingProxyType(
                    {str(image): check_copy(str(image), copy) for image, copy in document.get("images", {}).items()}
                ),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(f"not the marks of a component: {error}") from error


def _yank(data: Mapping[str, Any]) -> Yank:
    """Read a yank."""
    return Yank(reason=str(data["reason"]), at=str(data["at"]), by=_optional(data, "by"))


def _deprecation(data: Mapping[str, Any]) -> Deprecation:
    """Read a deprecation."""
    successor = _optional(data, "superseded_by")
    return Deprecation(
        reason=str(data["reason"]),
        at=str(data["at"]),
        by=_optional(data, "by"),
        superseded_by=parse_name(successor) if successor else None,
    )


def _optional(data: Mapping[str, Any], key: str) -> str | None:
    """Return the text under a key; None if it is missing or null."""
    return str(data[key]) if data.get(key) is not None else None
