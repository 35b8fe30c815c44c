"""The two places of exports: a folder, and a repository of a distribution server."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from toolkit.cache_export.contents import BlobEntry, Contents
from toolkit.digest import Digest

# Returns the bytes of a blob that the place lacks.
Source = Callable[[Digest], Iterator[bytes]]


class Place(Protocol):
    """Where an export lies. `name` is its name in messages."""

    name: str

    def held(self) -> AbstractContextManager[None]:
        """Keep other exporters out while the block runs, if the place can."""
        ...

    def read(self) -> bytes | None:
        """Return the table of contents; None if the place has no export.

        Raises DamagedTableError if it is damaged, another InputError if the place holds something else, OutsideError
        if it cannot be read.
        """
        ...

    def present(self, blobs: Iterable[BlobEntry]) -> frozenset[Digest]:
        """Return the digests of those blobs that are here."""
        ...

    def write(self, contents: Contents, source: Source) -> bool:
        """Send the blobs that are missing here, then the table. Return False if another export came in between."""
        ...

    def arriving(self, blob: BlobEntry, start: int) -> Generator[tuple[int, bytes]]:
        """Yield a blob's bytes from `start` on with their positions, unverified.

        Raises InputError or OutsideError if it is missing, or has another size.
        """
        ...
