"""What is read of a component registry on a distribution server: names, versions, releases, marks, entries.

The releases are what the tags of a component's repository name. The index is derived from them, and can be lost.
"""

import json
import logging
from collections.abc import Iterable, Iterator

from toolkit.cache.store import Cache
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.limits import RECORD_SIZE
from toolkit.registry.entry import Entry, entry_of, newest_version
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name, parse_name
from toolkit.registry.oci.addresses import Addresses, version_of
from toolkit.registry.oci.artifact import Parts
from toolkit.registry.oci.artifact import read_parts as parts_of
from toolkit.registry.oci.blobs import Blobs
from toolkit.registry.oci.contest import Clock
from toolkit.registry.oci.mark_log import DamagedMarksError, read_marks
from toolkit.registry.oci.name_tags import read_names
from toolkit.registry.oci.search_index import SearchIndex
from toolkit.registry.oci.seen import MOMENT, Seen
from toolkit.registry.place import Place
from toolkit.registry.release import Release
from toolkit.registry.semver import Version
from toolkit.remote.client import Remote
from toolkit.system.threads import at_once

log = logging.getLogger(__name__)


class OciReader:
    """One registry at `oci://HOST/PREFIX`. Nothing is asked until a method is called."""

    def __init__(
        self,
        place: Place,
        remote: Remote,
        cache: Cache,
        clock: Clock | None = None,
        *,
        offline: bool = False,
        moment: float = MOMENT,
    ) -> None:
        self.at = Addresses.of(place)
        self.remote = remote
        self.clock = clock or Clock()
        self.seen = Seen(remote, cache, offline=offline, moment=moment)
        self.blobs = Blobs(self.seen, cache)
        self.index = SearchIndex(self.at.index, remote, self.seen, cache, self.clock)
        # What the manifests of releases name that were read.
        self.known: dict[tuple[Name, Version], Parts] = {}
        self._place = place

    @property
    def place(self) -> Place:
        """The server and the prefix."""
        return self._place

    def names(self) -> list[Name]:
        """Return the name of every component, in order; also one whose first publish was cut off."""
        return read_names(self.seen, self.at)

    def tags(self, name: Name) -> tuple[str, ...]:
        """Return the tags of a component's repository; none if it does not exist."""
        return self.seen.tags(self.at.component(name)) or ()

    def versions(self, name: Name) -> list[Version]:
        """Return the versions of a component, in order; tags that are no versions are passed over."""
        return versions_of(self.tags(name))

    def release(self, name: Name, version: Version) -> Release:
        """Read one release. Raises OutsideError if it is missing, something else, or damaged."""
        tag = self.at.release(name, version)
        parts = self.read_parts(name, version)
        try:
            release = Release.from_dict(json.loads(self.blobs.read(tag, parts.record, RECORD_SIZE)))
        except (ValueError, AttributeError, RecursionError, InputError) as error:
            raise OutsideError(f"the record of {tag} is damaged: {error}") from error
        if (release.name, release.version) != (name, version):
            raise OutsideError(f"{tag} has the record of {release}")
        return release

    def content(self, release: Release, path: str) -> bytes:
        """Read and verify a file of a release."""
        digest = release.digest_of(path)
        known = self.blobs.cached(digest)
        if known is not None:
            return known
        tag = self.at.release(release.name, release.version)
        described = self.read_parts(release.name, release.version).files.get(path)
        if described is None or described.digest != digest:
            found = described.digest if described else "no such file"
            raise OutsideError(f"{tag} has another {path} than its record says: {found}, expected {digest}")
        try:
            return self.blobs.read(tag, described, RECORD_SIZE)
        except InputError as error:
            raise OutsideError(f"{path} of {release} is damaged: {error.message}", hint=error.hint) from error

    def marks(self, name: Name) -> Marks:
        """Return the marks of a component."""
        return read_marks(self.seen, self.blobs, self.at.component(name), self.tags(name))

    def entries(self, words: Iterable[str] = ()) -> Iterator[Entry]:
        """Yield the entry of each component that matches all words; from the releases if there is no index."""
        wanted = list(words)
        entries = self.index.read(wanted)
        if entries is None:
            names = self.names()
            if names:
                log.warning(
                    "%s has no index, so that every component is read; `comp registry reindex` makes one", self.place
                )
            entries = [entry for entry in at_once(self.entry, names) if entry and entry.matches(wanted)]
        yield from entries

    def entry(self, name: Name) -> Entry | None:
        """Return a component's entry from its releases; None if it has none, or, with a warning, damaged marks."""
        try:
            return self.entry_with(name, self.tags(name))
        except DamagedMarksError as error:
            log.warning("%s", error)
            return None

    def every_name(self) -> set[Name]:
        """Return the names that anything on the server mentions, with or without releases."""
        names = {*self.names(), *(parse_name(entry.name) for entry in self.index.read() or ())}
        try:
            repositories = self.remote.repositories(self.at.host)
        except RemoteError as error:
            log.info("the list of repositories is not used: %s", error)
            repositories = ()
        return names | {name for repository in repositories if (name := self.at.component_of(repository))}

    def entry_with(self, name: Name, tags: Iterable[str], new: Release | None = None) -> Entry | None:
        """Return the entry of a component with these tags and that of `new`; None without a sound release."""
        listed = tuple(tags)
        versions = {*versions_of(listed), *([new.version] if new else [])}
        marks = read_marks(self.seen, self.blobs, self.at.component(name), listed)
        sound = set(versions)
        while (newest := newest_version(sound, marks)) is not None:
            try:
                release = new if new and new.version == newest else self.release(name, newest)
            except RemoteError:
                raise
            except OutsideError as error:
                log.warning("%s", error)
                sound.discard(newest)
            else:
                return entry_of(release, len(versions), marks)
        return None

    def read_parts(self, name: Name, version: Version, *, fresh: bool = False) -> Parts:
        """Return what the manifest of a release names, from the server itself if it has to be `fresh`.

        Raises OutsideError for anything else under its tag.
        """
        if not fresh and (known := self.known.get((name, version))):
            return known
        tag = self.at.release(name, version)
        manifest = self.seen.manifest(tag, fresh=fresh, mirrors=not fresh)
        if manifest is None:
            raise OutsideError(f"{self.place} has no release {name}@{version}", hint=f"{tag} is missing")
        try:
            parts = parts_of(manifest.data, manifest.digest)
        except InputError as error:
            raise OutsideError(
                f"{tag} is not a release of a component: {error.message}",
                hint="another program may have set the tag; a component's repository is for its releases alone",
            ) from error
        self.known[name, version] = parts
        return parts


def versions_of(tags: Iterable[str]) -> list[Version]:
    """Return the versions among tags, in order."""
    found = {version for tag in tags if (version := version_of(tag))}
    return sorted(found, key=lambda version: (version.precedence, version.build))
