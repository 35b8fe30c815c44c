"""A component registry on a distribution server: what `toolkit.registry.protocol` says, by tags and manifests.

The releases are what the tags of a component's repository name. The index is derived from them, and can be lost.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.limits import RECORD_SIZE
from toolkit.registry.entry import Entry, entry_of, newest_version
from toolkit.registry.finding import check_taken
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name, parse_name
from toolkit.registry.oci.addresses import Addresses, claim_tag, version_of
from toolkit.registry.oci.artifact import Parts, read_parts, release_artifact
from toolkit.registry.oci.blobs import Blobs
from toolkit.registry.oci.contest import Clock, contend
from toolkit.registry.oci.mark_log import change_marks, read_marks
from toolkit.registry.oci.name_tags import add_names, read_names
from toolkit.registry.oci.search_index import SearchIndex
from toolkit.registry.place import Place
from toolkit.registry.release import Release
from toolkit.registry.semver import Version
from toolkit.remote.client import Remote
from toolkit.system.threads import at_once

log = logging.getLogger(__name__)


class OciRegistry:
    """One registry at `oci://HOST/PREFIX`. Nothing is asked until a method is called."""

    def __init__(self, place: Place, remote: Remote, cache: Cache, clock: Clock | None = None) -> None:
        self.at = Addresses.of(place)
        self.remote = remote
        self._place = place
        self._clock = clock or Clock()
        self._blobs = Blobs(remote, cache)
        self.index = SearchIndex(self.at.index, remote, cache, self._clock)
        self._parts: dict[tuple[Name, Version], Parts] = {}

    @property
    def place(self) -> Place:
        """The server and the prefix."""
        return self._place

    def names(self) -> list[Name]:
        """Return the name of every component, in order; also one whose first publish was cut off."""
        return read_names(self.remote, self.at)

    def tags(self, name: Name) -> tuple[str, ...]:
        """Return the tags of a component's repository; none if it does not exist."""
        return self.remote.tags(self.at.component(name)) or ()

    def versions(self, name: Name) -> list[Version]:
        """Return the versions of a component, in order; tags that are no versions are passed over."""
        return versions_of(self.tags(name))

    def release(self, name: Name, version: Version) -> Release:
        """Read one release. Raises OutsideError if it is missing, something else, or damaged."""
        tag = self.at.release(name, version)
        parts = self._read_parts(name, version)
        try:
            release = Release.from_dict(json.loads(self._blobs.read(tag, parts.record, RECORD_SIZE)))
        except (ValueError, AttributeError, RecursionError, InputError) as error:
            raise OutsideError(f"the record of {tag} is damaged: {error}") from error
        if (release.name, release.version) != (name, version):
            raise OutsideError(f"{tag} has the record of {release}")
        return release

    def content(self, release: Release, path: str) -> bytes:
        """Read and verify a file of a release."""
        digest = release.digest_of(path)
        known = self._blobs.cached(digest)
        if known is not None:
            return known
        tag = self.at.release(release.name, release.version)
        described = self._read_parts(release.name, release.version).files.get(path)
        if described is None or described.digest != digest:
            found = described.digest if described else "no such file"
            raise OutsideError(f"{tag} has another {path} than its record says: {found}, expected {digest}")
        try:
            return self._blobs.read(tag, described, RECORD_SIZE)
        except InputError as error:
            raise OutsideError(f"{path} of {release} is damaged: {error.message}", hint=error.hint) from error

    def marks(self, name: Name) -> Marks:
        """Return the marks of a component."""
        return read_marks(self.remote, self._blobs, self.at.component(name), self.tags(name))

    def entries(self, words: Iterable[str] = ()) -> Iterator[Entry]:
        """Yield the entry of each component that matches all words; from the releases if there is no index."""
        wanted = list(words)
        entries = self.index.read()
        if entries is None:
            names = self.names()
            if names:
                log.warning(
                    "%s has no index, so that every component is read; `comp registry reindex` makes one", self.place
                )
            entries = [entry for entry in at_once(self.entry, names) if entry]
        yield from (entry for entry in entries if entry.matches(wanted))

    def entry(self, name: Name) -> Entry | None:
        """Return a component's entry from its releases; None if it has none."""
        return self._entry(name, self.tags(name))

    def publish(self, release: Release, contents: Mapping[str, bytes]) -> bool:
        """Add a release with the contents of its files, by path; return False if the same contract is there already.

        Of several publishers at the same time one wins, as `contest` says. Raises InputError as `check_taken` does.
        """
        artifact = release_artifact(release, contents)
        repository = self.at.component(release.name)
        # Before anything is sent: the tag has to be valid.
        claim = repository.with_tag(claim_tag(release.version, artifact.digest))
        versions = self.versions(release.name)
        # A server that stopped while it set a tag may list it and not have it.
        if release.version in versions and self.remote.tagged(self.at.release(release.name, release.version)):
            check_taken(self, release)
            return False
        if not versions:
            add_names(self.remote, self.at, [release.name])
        self.remote.push(artifact, claim, present=self._present(release.name))
        outcome = contend(self.remote, artifact, repository, release.version, self._clock)
        if outcome.manifest != artifact.digest:
            self._parts.pop((release.name, release.version), None)
            # Where that is possible, the loser leaves nothing behind.
            self.remote.delete(claim)
            check_taken(self, release)
            return False
        self._parts[release.name, release.version] = read_parts(artifact.manifest, artifact.digest)
        self._update_index(release.name, outcome.tags, release)
        return True

    def change_marks(self, name: Name, change: Callable[[Marks], Marks]) -> Marks:
        """Change the marks of a component, and return them."""
        marks = change_marks(self.remote, self._blobs, self.at.component(name), change, self._clock)
        self._update_index(name, self.tags(name))
        return marks

    def reindex(self) -> int:
        """Make the index anew from the releases, and the tags of names that lack one; return how many components.

        The names are those of the tags, of the index, and of the server's list of repositories if it permits that.
        """
        names = sorted(self._every_name())
        entries = [entry for entry in at_once(self.entry, names) if entry]
        found = {entry.name for entry in entries}
        add_names(self.remote, self.at, {name for name in names if str(name) in found} - {*self.names()})
        self.index.replace(entries)
        return len(entries)

    def _every_name(self) -> set[Name]:
        """Return the names that anything on the server mentions, with or without releases."""
        names = {*self.names(), *(parse_name(entry.name) for entry in self.index.read() or ())}
        try:
            repositories = self.remote.repositories(self.at.host)
        except RemoteError as error:
            log.info("the list of repositories is not used: %s", error)
            repositories = ()
        return names | {name for repository in repositories if (name := self.at.component_of(repository))}

    def _update_index(self, name: Name, tags: Iterable[str], new: Release | None = None) -> None:
        """Bring the entry of a component, which has these tags and that of `new`, up to date in the index.

        A failure is a warning, since the index can be made again.
        """
        try:
            entry = self._entry(name, tags, new)
            if entry:
                self.index.update(entry)
        except OutsideError as error:
            log.warning("the index of %s is not up to date: %s; `comp registry reindex` mends it", self.place, error)

    def _entry(self, name: Name, tags: Iterable[str], new: Release | None = None) -> Entry | None:
        """Return the entry of a component with these tags and that of `new`; None without a sound release."""
        listed = tuple(tags)
        versions = {*versions_of(listed), *([new.version] if new else [])}
        marks = read_marks(self.remote, self._blobs, self.at.component(name), listed)
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

    def _present(self, name: Name) -> frozenset[Digest]:
        """Return the blobs that the component's repository has as far as this client has seen."""
        return frozenset[Digest]().union(*(parts.blobs for (of, _), parts in self._parts.items() if of == name))

    def _read_parts(self, name: Name, version: Version) -> Parts:
        """Return what the manifest of a release names. Raises OutsideError for anything else under its tag."""
        if known := self._parts.get((name, version)):
            return known
        tag = self.at.release(name, version)
        manifest = self.remote.manifest(tag, mirrors=True)
        if manifest is None:
            raise OutsideError(f"{self.place} has no release {name}@{version}", hint=f"{tag} is missing")
        try:
            parts = read_parts(manifest.data, manifest.digest)
        except InputError as error:
            raise OutsideError(
                f"{tag} is not a release of a component: {error.message}",
                hint="another program may have set the tag; a component's repository is for its releases alone",
            ) from error
        self._parts[name, version] = parts
        return parts


def versions_of(tags: Iterable[str]) -> list[Version]:
    """Return the versions among tags, in order."""
    found = {version for tag in tags if (version := version_of(tag))}
    return sorted(found, key=lambda version: (version.precedence, version.build))
