"""An archive's suites, read and verified: the signed Release, and the packages that it vouches for."""

import logging
from collections.abc import Iterator, Mapping, Sequence

from toolkit.cache.store import Cache
from toolkit.debian.compression import decompressed
from toolkit.debian.fetching import File, Mirrors
from toolkit.debian.index import Index, Listing
from toolkit.debian.keys import keyring_for
from toolkit.debian.release import Listed, Release, read_release
from toolkit.debian.signature import verified_text
from toolkit.debian.sources import MIRROR_VARIABLE, Source
from toolkit.errors import OutsideError, RemoteError
from toolkit.limits import DEBIAN_INDEX_SIZE
from toolkit.redaction import without_login
from toolkit.system.threads import at_once

log = logging.getLogger(__name__)


def read_index(
    sources: Sequence[Source], keys: Mapping[str, str], architecture: str, mirrors: Mirrors, cache: Cache
) -> Index:
    """Return the packages that sources offer now for an architecture.

    `keys` are the base's own files of keys by path, in base64. Raises OutsideError for a mirror that is down, for a
    signature that is not valid, and for an index that is not the signed one.
    """

    def read(source: Source) -> list[Listing]:
        """Return the listings of a source's components."""
        return [*_listings(source, keys, architecture, mirrors, cache)]

    found = at_once(read, sources, most=4)
    return Index([listing for listings in found for listing in listings], architecture)


def _listings(
    source: Source, keys: Mapping[str, str], architecture: str, mirrors: Mirrors, cache: Cache
) -> Iterator[Listing]:
    """Yield the listings of a source's components."""
    address = f"{mirrors.address_of(source.archive)}/dists/{source.suite}"
    place = without_login(address)
    release = _release(source, keys, address, mirrors)
    if release is None:
        return
    for component in source.components:
        listed = release.packages(component, architecture)
        # Debian's own security archive calls `main` `updates/main` in its Release, and not in its paths.
        if listed is None:
            log.debug("%s has no packages of %s for %s", place, component, architecture)
            continue
        file = File(
            filename=f"{source.suite}/{listed.path}",
            digest=listed.digest,
            size=listed.size,
            url=f"{address}/{_by_hash(listed) if release.by_hash else listed.path}",
        )
        mirrors.fetch(file)
        text = bytearray()
        for chunk in decompressed(cache.read_blob(listed.digest), listed.path, f"{place}/{listed.path}"):
            text += chunk
            DEBIAN_INDEX_SIZE.check(len(text), f"{place}/{listed.path}")
        yield Listing(archive=source.archive, text=bytes(text), server=place)


def _release(source: Source, keys: Mapping[str, str], address: str, mirrors: Mirrors) -> Release | None:
    """Return a suite's verified Release. None for one that is not there, and need not be."""
    place = without_login(address)
    keyring = keyring_for(source, keys, mirrors.environ)
    try:
        signed = mirrors.document(f"{address}/InRelease")
    except RemoteError as error:
        # A server that answers has its own advice.
        hint = (error.hint if error.status else None) or f"{MIRROR_VARIABLE}=http://… names another mirror"
        raise RemoteError(f"cannot read {place}/InRelease: {error.message}", status=error.status, hint=hint) from error
    if signed is None:
        if source.needed:
            raise OutsideError(
                f"{place} has no InRelease: the mirror does not have this release",
                hint=f"{MIRROR_VARIABLE}=http://HOST names another mirror; those of old releases have it"
                " if it is without support",
            )
        log.warning("%s has no InRelease: packages come without those of %s", place, source.suite)
        return None
    return read_release(verified_text(signed, keyring, f"{place}/InRelease"), source, address)


def _by_hash(listed: Listed) -> str:
    """Return the path of an index by its digest: it does not change while the mirror is updated."""
    return f"{listed.path.rpartition('/')[0]}/by-hash/SHA256/{listed.digest.hex}"
