"""Open the component registry at a place, whatever kind it is."""

import sys
from collections.abc import Mapping

from toolkit.errors import UsageError
from toolkit.registry.folder.directory import Directory
from toolkit.registry.place import Place, PlaceKind
from toolkit.registry.protocol import Registry, WritableRegistry


def open_registry(place: Place, *, environ: Mapping[str, str]) -> Registry:
    """Open a registry to read it. Raises InputError if it is missing, OutsideError if it cannot be reached."""
    if place.kind is PlaceKind.FOLDER:
        return _of_folder(Directory.open(place.folder), environ)
    if place.kind is PlaceKind.OCI:
        return _open_oci(place, environ)
    if place.kind is PlaceKind.HTTP:
        # Imported here, since most registries need no server.
        from toolkit.registry.web.registry import HttpRegistry

        return HttpRegistry.open(place, environ)
    from toolkit.registry.git.registry import GitRegistry

    return GitRegistry.read(place, environ, asks=is_attended())


def open_writable(place: Place, *, environ: Mapping[str, str], review: str | None = None) -> WritableRegistry:
    """Open a registry to publish in it, and make it if it is missing. Raises as `open_registry` does.

    `review` is a branch of a git repository to publish on, in place of the one that others read.
    """
    check_review(place, review)
    if place.kind is PlaceKind.FOLDER:
        return _of_folder(Directory.create(place.folder), environ)
    if place.kind is PlaceKind.OCI:
        return _open_oci(place, environ)
    if place.kind is PlaceKind.HTTP:
        raise UsageError(
            f"{place} can only be read", hint="publish to the folder that the web server shows, or to its repository"
        )
    from toolkit.registry.git.registry import GitRegistry

    return GitRegistry.open(place, environ, review=review, asks=is_attended())


def check_review(place: Place, review: str | None) -> None:
    """Raise UsageError for a branch to review at a place that has no branches."""
    if review is not None and place.kind is not PlaceKind.GIT:
        raise UsageError(f"{place} has no branches", hint="leave out --branch; a registry in git is git+https://…")


def _of_folder(directory: Directory, environ: Mapping[str, str]) -> Directory:
    """Return a folder's registry; one that is in git commits what it gets, and follows what git brings."""
    if not directory.config().git:
        return directory
    from toolkit.registry.git.folder import GitFolder

    folder = GitFolder(directory.root, environ)
    folder.follow()
    return folder


def is_attended() -> bool:
    """Return whether a user at a terminal can answer git's question for a password."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _open_oci(place: Place, environ: Mapping[str, str]) -> WritableRegistry:
    """Return a registry on a distribution server; nothing is asked yet, and its repositories need no making."""
    # The client takes longer to import than a folder to read.
    from toolkit.cache.store import Cache
    from toolkit.registry.oci.registry import OciRegistry
    from toolkit.registry.offline import is_offline
    from toolkit.remote.client import Remote

    return OciRegistry(place, Remote(environ=environ), Cache.default(environ), offline=is_offline(environ))
