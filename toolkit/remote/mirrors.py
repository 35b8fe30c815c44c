"""Mirrors: other places that have a host's images, asked first when something is read.

Set with `COMP_MIRRORS`, a list of HOST=MIRROR[/PATH] separated by commas or spaces; several of one host are asked
in order. What is pulled keeps the host's own name everywhere.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from toolkit.errors import InputError, UsageError
from toolkit.oci.reference import Reference, parse_reference

VARIABLE = "COMP_MIRRORS"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mirrors:
    """By host, the places to ask first: each a host with the path that goes before a repository's."""

    places: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Mirrors":
        """Read `COMP_MIRRORS`. Raises UsageError for what is no mirror."""
        places: dict[str, tuple[str, ...]] = {}
        for text in filter(None, re.split(r"[,\s]+", environ.get(VARIABLE, ""))):
            host, _, place = text.partition("=")
            place = place.rstrip("/")
            try:
                # A mirror is what can stand before the name of an image.
                valid = bool(host and place) and parse_reference(f"{place}/image").host == place.partition("/")[0]
            except InputError:
                valid = False
            if not valid:
                raise UsageError(
                    f"{VARIABLE} has {text!r}, which is no mirror",
                    hint=f"write {VARIABLE}=docker.io=mirror.example:5000",
                )
            places[host] = (*places.get(host, ()), place)
        return cls(places=places)

    def of_reference(self, reference: Reference) -> Iterator[Reference]:
        """Name the image at each mirror of its host."""
        for place in self.places.get(reference.host, ()):
            found = parse_reference(f"{place}/{reference.repository}")
            yield replace(found, tag=reference.tag, digest=reference.digest)
