"""Mirrors: other servers with a host's images, asked first when something is read.

`COMP_MIRRORS` lists them as HOST=MIRROR[/PATH], separated by commas or spaces; several of one host are asked in order.
A pulled image keeps the host's own name everywhere.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.errors import InputError, UsageError
from toolkit.oci.reference import Reference, parse_reference

VARIABLE = "COMP_MIRRORS"


class Mirrors(Struct, frozen=True, kw_only=True):
    """The mirrors of each host, in order: a host, and a path that goes before a repository's."""

    places: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Mirrors":
        """Read `COMP_MIRRORS`. Raises UsageError for an entry that is not a mirror."""
        places: dict[str, tuple[str, ...]] = {}
        for text in filter(None, re.split(r"[,\s]+", environ.get(VARIABLE, ""))):
            host, _, place = text.partition("=")
            place = place.rstrip("/")
            try:
                # A mirror can stand before an image's name. Without a dot or port it would be a path on Docker Hub.
                valid = bool(host and place) and parse_reference(f"{place}/image").host == place.partition("/")[0]
            except InputError:
                valid = False
            if not valid:
                raise UsageError(
                    f"{VARIABLE} has {text!r}, which is not a mirror",
                    hint=f"write {VARIABLE}=docker.io=mirror.example:5000",
                )
            places[host] = (*places.get(host, ()), place)
        return cls(places=places)

    def of_reference(self, reference: Reference) -> Iterator[Reference]:
        """Yield the reference of the image at each mirror of its host."""
        for place in self.places.get(reference.host, ()):
            mirrored = parse_reference(f"{place}/{reference.repository}")
            yield replace(mirrored, tag=reference.tag, digest=reference.digest)
