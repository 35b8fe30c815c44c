"""The Release file of a suite: what an archive signs, and the digests of its indexes (Debian's RepositoryFormat)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import Struct

from toolkit.debian.control import stanzas
from toolkit.debian.package import sha256_of
from toolkit.debian.sources import Source
from toolkit.digest import Digest
from toolkit.errors import RemoteError
from toolkit.http.answers import reading

# The moment in an address of a snapshot: .../archive/debian/20250520T000000Z.
_SNAPSHOT = re.compile(r"/([0-9]{8}T[0-9]{6}Z)(?:/|$)")
# In order of preference; the first is the smallest.
_COMPRESSIONS = (".xz", ".gz", ".zst", "")


class Listed(Struct, frozen=True, kw_only=True):
    """A file that a Release lists: its path below the suite's folder, digest and size."""

    path: str
    digest: Digest
    size: int


class Release(Struct, frozen=True, kw_only=True):
    """A suite: the files that it lists by path, and whether they are also found by their digests."""

    files: Mapping[str, Listed]
    by_hash: bool

    def packages(self, component: str, architecture: str) -> Listed | None:
        """Return the best index of a component's packages; None if the suite has none for the architecture."""
        names = (f"{component}/binary-{architecture}/Packages{end}" for end in _COMPRESSIONS)
        return next((self.files[name] for name in names if name in self.files), None)


def read_release(text: str, source: Source, address: str, *, now: datetime | None = None) -> Release:
    """Read the signed text of a Release. Raises RemoteError for another suite's, or one past its `Valid-Until`.

    The time that counts is this machine's, or that of the snapshot which the `address` names.
    """
    what = f"the Release of {source.suite}"
    with reading(address, what):
        fields = next(stanzas(text), {})
        if source.suite not in {fields.get("Suite"), fields.get("Codename")}:
            # Else an older or another suite, signed by the same key, could be served in its place.
            raise ValueError(f"it is that of {fields.get('Codename') or fields.get('Suite')}")
        files = {file.path: file for file in map(_listed, fields["SHA256"].strip().splitlines())}
        expiry = _time(fields["Valid-Until"]) if "Valid-Until" in fields else None
    moment = _moment(address) or now or datetime.now(UTC)
    if expiry and expiry < moment:
        raise RemoteError(
            f"{what} at {address} was valid until {expiry:%Y-%m-%d}: the mirror is stale, or keeps updates back",
            hint="choose another mirror (COMP_DEBIAN_MIRROR); a snapshot counts at its own time",
        )
    return Release(files=files, by_hash=fields.get("Acquire-By-Hash", "").lower() == "yes")


def _listed(line: str) -> Listed:
    """Read a line: digest, size, path. Raises ValueError."""
    digest, size, path = line.split()
    return Listed(path=path, digest=sha256_of(digest), size=int(size))


def _time(text: str) -> datetime:
    """Read a date; one without a zone is in UTC. Raises ValueError."""
    found = parsedate_to_datetime(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _moment(address: str) -> datetime | None:
    """Return the time of a snapshot's address. None for any other."""
    match = _SNAPSHOT.search(address)
    return datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if match else None
