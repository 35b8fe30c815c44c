"""A component registry on a distribution server: what `toolkit.registry.protocol` says, by tags and manifests.

The names, tags and reading are in `reader`; here is all that writes.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.finding import check_taken
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.oci.addresses import claim_tag
from toolkit.registry.oci.artifact import read_parts as parts_of
from toolkit.registry.oci.artifact import release_artifact
from toolkit.registry.oci.contest import contend
from toolkit.registry.oci.mark_log import change_marks
from toolkit.registry.oci.name_tags import add_names
from toolkit.registry.oci.reader import OciReader, versions_of
from toolkit.registry.oci.verification import verify
from toolkit.registry.release import Release
from toolkit.system.threads import at_once

log = logging.getLogger(__name__)


class OciRegistry(OciReader):
    """One registry at `oci://HOST/PREFIX`, which makes its repositories when something is published."""

    def publish(self, release: Release, contents: Mapping[str, bytes]) -> bool:
        """Add a release with the contents of its files, by path; return False if the same contract is there already.

        Of several publishers at the same time one wins, as `contest` says. Raises InputError as `check_taken` does.
        """
        self.seen.check_online()
        artifact = release_artifact(release, contents)
        repository = self.at.component(release.name)
        # Before anything is sent: the tag has to be valid.
        claim = repository.with_tag(claim_tag(release.version, artifact.digest))
        self.seen.forget(repository)
        tags = self.tags(release.name)
        versions = versions_of(tags)
        # A server that stopped while it set a tag may list it and not have it.
        if release.version in versions and self.remote.tagged(self.at.release(release.name, release.version)):
            check_taken(self, release)
            # The first publisher may have been killed before it came to that.
            self._update_index(release.name, tags)
            return False
        if not versions:
            add_names(self.remote, self.at, [release.name])
            self.seen.forget(self.at.names)
        self.remote.push(artifact, claim, present=self._present(release.name))
        self.seen.forget(repository)
        outcome = contend(self.remote, artifact, repository, release.version, self.clock)
        if outcome.manifest != artifact.digest:
            self.known.pop((release.name, release.version), None)
            # Where that is possible, the loser leaves nothing behind.
            self.remote.delete(claim)
            check_taken(self, release)
            return False
        self.known[release.name, release.version] = parts_of(artifact.manifest, artifact.digest)
        self._update_index(release.name, outcome.tags, release)
        return True

    def change_marks(self, name: Name, change: Callable[[Marks], Marks]) -> Marks:
        """Change the marks of a component, and return them."""
        self.seen.check_online()
        marks = change_marks(self.remote, self.seen, self.blobs, self.at.component(name), change, self.clock)
        self.seen.forget(self.at.component(name))
        self._update_index(name, self.tags(name))
        return marks

    def reindex(self) -> int:
        """Make the index anew from the releases, and the tags of names that lack one; return how many components.

        The names are those of the tags, of the index, and of the server's list of repositories if it permits that.
        """
        self.seen.check_online()
        self.seen.forget(self.at.names)
        names = sorted(self.every_name())
        entries = [entry for entry in at_once(self.entry, names) if entry]
        found = {entry.name for entry in entries}
        add_names(self.remote, self.at, {name for name in names if str(name) in found} - {*self.names()})
        self.index.replace(entries)
        return len(entries)

    def faults(self, checked: Checked) -> Iterator[Fault]:
        """Check all that is on the server against each other, and yield every fault."""
        self.seen.check_online()
        # What changes while this looks is looked at again.
        self.seen.moment = 0.0
        return verify(self, checked)

    def _update_index(self, name: Name, tags: Iterable[str], new: Release | None = None) -> None:
        """Bring the entry of a component, which has these tags and that of `new`, up to date in the index.

        A failure is a warning, since the index can be made again.
        """
        try:
            entry = self.entry_with(name, tags, new)
            if entry:
                self.index.update(entry)
        except OutsideError as error:
            log.warning("the index of %s is not up to date: %s; `comp registry reindex` mends it", self.place, error)

    def _present(self, name: Name) -> frozenset[Digest]:
        """Return the blobs that the component's repository has as far as this client has seen."""
        return frozenset[Digest]().union(*(parts.blobs for (of, _), parts in self.known.items() if of == name))
