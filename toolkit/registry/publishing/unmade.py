"""A registry that is not made yet: it has nothing, and looking at it does not make it."""

from collections.abc import Iterable, Iterator, Mapping

from toolkit.registry.entry import Entry
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.opening import check_review, open_registry, open_writable
from toolkit.registry.place import Place, PlaceKind
from toolkit.registry.protocol import Registry
from toolkit.registry.release import Release
from toolkit.registry.semver import Version


class Unmade:
    """An empty registry at a place."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def names(self) -> list[Name]:
        """Return nothing."""
        return []

    def versions(self, name: Name) -> list[Version]:
        """Return nothing."""
        del name
        return []

    def release(self, name: Name, version: Version) -> Release:
        """Raise KeyError: no release exists."""
        raise KeyError(f"{name}@{version}")

    def content(self, release: Release, path: str) -> bytes:
        """Raise KeyError: no release exists."""
        raise KeyError(f"{release}: {path}")

    def marks(self, name: Name) -> Marks:
        """Return empty marks."""
        del name
        return Marks()

    def entries(self, words: Iterable[str] = ()) -> Iterator[Entry]:
        """Yield nothing."""
        del words
        yield from ()


def open_or_unmade(place: Place, environ: Mapping[str, str], *, review: str | None = None) -> Registry:
    """Open a registry that would be written to, and only read it; one that publishing would make stays unmade.

    `review` is as in `open_writable`. Raises UsageError for a kind that takes no releases, and as `open_registry` does.
    """
    check_review(place, review)
    if place.kind in {PlaceKind.HTTP, PlaceKind.GIT}:
        # A web server refuses, as it will when that is no trial. In git nothing is made before the first release, and
        # an empty repository takes it.
        return open_writable(place, environ=environ, review=review)
    if place.kind is PlaceKind.FOLDER:
        folder = place.folder
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return Unmade(place)
    return open_registry(place, environ=environ)
