"""The contract of a locked release: from the project's copy, or else from the cache or the registry, by its digest."""

from collections.abc import Mapping
from pathlib import Path

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import CONTRACT_SIZE
from toolkit.registry.consuming.lock import LOCK_NAME, ComponentsLock, LockedRelease
from toolkit.registry.opening import open_registry
from toolkit.registry.release import CONTRACT
from toolkit.spec.pin import pin_image
from toolkit.spec.schema_header import normalised
from toolkit.system.reading import read_foreign

_ANOTHER = "releases never change: the registry that is there now is another one"


def locked_contract(lock: ComponentsLock, entry: LockedRelease, environ: Mapping[str, str]) -> bytes:
    """Return the contract of a release in its normal form, with the digest of the lock.

    Raises InputError for a copy that was edited. Raises OutsideError if there is no copy, and the registry has the
    release no longer or cannot be reached.
    """
    copy = lock.copy_of(entry)
    try:
        data = normalised(read_foreign(copy, CONTRACT_SIZE))
    except (FileNotFoundError, NotADirectoryError):
        return _fetched(lock, entry, environ)
    if Digest.of(data) != entry.digest:
        raise InputError(
            f"this copy of {entry.name} {entry.version} was edited: its digest is not that of {LOCK_NAME}",
            where=Location(path=copy),
            hint=f"comp add {entry} --force takes the release's, and keeps yours beside it",
        )
    return data


def usable_contract(lock: ComponentsLock, entry: LockedRelease, environ: Mapping[str, str]) -> str:
    """Return the contract of a release with the image that the lock has for its own, such as that of a mirror.

    Raises as `locked_contract` does.
    """
    text = locked_contract(lock, entry, environ).decode(errors="replace")
    image = lock.image(entry.image)
    return text if image == entry.image else pin_image(text, image, Path(str(entry), CONTRACT))


def _fetched(lock: ComponentsLock, entry: LockedRelease, environ: Mapping[str, str]) -> bytes:
    """Return a contract from the cache, or else from the registry; then it is in the cache."""
    cache = Cache.default(environ)
    data = cache.read_verified(entry.digest)
    if data is not None:
        return data
    registry = open_registry(lock.place_of(entry), environ=environ)
    if entry.version not in registry.versions(entry.name):
        raise OutsideError(f"{registry.place} has no {entry}, which {lock.path} names", hint=_ANOTHER)
    release = registry.release(entry.name, entry.version)
    if release.digest != entry.digest:
        raise OutsideError(
            f"{entry} in {registry.place} has the digest {release.digest}, and {lock.path} has {entry.digest}",
            hint=_ANOTHER,
        )
    data = registry.content(release, CONTRACT)
    cache.store_verified([data], entry.digest, what=str(entry))
    return data
