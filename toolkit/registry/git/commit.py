"""A registry as one commit has it, read without a checkout: the folder of `toolkit.registry.folder.layout`.

Links and submodules are no files here, and every name is checked as that of any foreign registry.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.git.objects import Objects, TreeEntry
from toolkit.registry.entry import Entry
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.folder.config import RegistryConfig
from toolkit.registry.git import rows
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name, is_part
from toolkit.registry.place import Place
from toolkit.registry.release import Release, read_record
from toolkit.registry.semver import Version, parse_version

_RECORD = ".json"
_REMEMBERED = 100


class CommitRegistry(Struct, frozen=True, kw_only=True):
    """The registry of `place` in a commit; `kept` is the file that keeps its rows. Without a commit it is empty."""

    place: Place
    commit: str | None
    objects: Objects
    kept: Path
    _trees: dict[str, Mapping[str, TreeEntry]] = field(default_factory=dict)

    def config(self) -> RegistryConfig:
        """Read what the registry says of itself. Raises InputError if it is missing, or a newer program made it."""
        data = self.file(layout.CONFIG)
        if data is None:
            why = f"there is no {layout.CONFIG} in it" if self.commit else "it has no commit"
            raise InputError(
                f"{self.place} is not a component registry: {why}",
                hint="publishing to an empty repository makes one; or `comp registry init --git FOLDER` in a clone",
            )
        return RegistryConfig.from_bytes(data, registry=str(self.place), where=self._where(layout.CONFIG))

    def has_config(self) -> bool:
        """Return whether it is a registry."""
        return layout.CONFIG in self.tree("")

    def has_folders(self) -> bool:
        """Return whether it has folders that are not hidden, as a README and a licence have none."""
        return any(entry.is_folder and not name.startswith(".") for name, entry in self.tree("").items())

    def names(self) -> list[Name]:
        """Return the name of every component, in order."""
        return sorted(name for name in self.folders() if any(_records(self.tree(layout.records(name)))))

    def folders(self) -> dict[Name, str]:
        """Return what may be components, each with the id of its folder, which any release and any mark changes."""
        return {
            Name(namespace, part): folder.id
            for namespace in _parts(self.tree(layout.COMPONENTS))
            for part, folder in _parts(self.tree(f"{layout.COMPONENTS}/{namespace}")).items()
        }

    def versions(self, name: Name) -> list[Version]:
        """Return the versions of a component, in order; empty if it does not exist."""
        folder = layout.records(name)
        try:
            versions = [parse_version(text) for text in _records(self.tree(folder))]
        except InputError as error:
            raise OutsideError(f"{self._where(folder)} has a file that is not a record: {error}") from error
        return sorted(versions, key=lambda version: version.precedence)

    def release(self, name: Name, version: Version) -> Release:
        """Read one release record. Raises OutsideError if it is damaged."""
        return read_record(self.record(name, version), name, version, where=self._where(layout.record(name, version)))

    def record(self, name: Name, version: Version) -> bytes:
        """Read the file of one release record. Raises OutsideError if it is missing."""
        path = layout.record(name, version)
        data = self.file(path)
        if data is None:
            raise OutsideError(f"{self._where(path)} is missing")
        return data

    def content(self, release: Release, path: str) -> bytes:
        """Read and verify a file of a release. Raises OutsideError if it is missing or damaged."""
        digest = release.digest_of(path)
        blob = layout.blob(digest)
        data = self.file(blob)
        if data is None:
            raise OutsideError(f"the registry lacks the blob {self._where(blob)}")
        if Digest.of(data) != digest:
            raise OutsideError(f"the registry's blob {self._where(blob)} is damaged: its digest is {Digest.of(data)}")
        return data

    def marks(self, name: Name) -> Marks:
        """Read the marks of a component. Raises OutsideError if they are damaged."""
        path = layout.marks(name)
        data = self.file(path)
        try:
            return Marks() if data is None else Marks.from_bytes(data)
        except InputError as error:
            raise OutsideError(f"the registry's marks {self._where(path)} are damaged: {error}") from error

    def entries(self, words: Iterable[str] = ()) -> Iterator[Entry]:
        """Yield the entries that have all words, in the order of names."""
        wanted = list(words)
        return (entry for entry in rows.entries(self, self.folders(), self.kept) if entry.matches(wanted))

    def faults(self, checked: Checked) -> Iterator[Fault]:
        """Read all that the commit has, and yield every fault; `checked` counts what was seen."""
        # It reads contracts, and a search needs no YAML.
        from toolkit.registry.git.verification import verify

        return verify(self, checked)

    def check_room(self, paths: Iterable[str]) -> None:
        """Raise OutsideError if something else than a folder is in the place of one that these files need."""
        needed = {"/".join(parts[:count]) for parts in (path.split("/") for path in paths) for count in _upto(parts)}
        for path in sorted(needed):
            folder, _, name = path.rpartition("/")
            there = self.tree(folder).get(name)
            if there and not there.is_folder:
                raise OutsideError(
                    f"{self._where(path)} is not a folder", hint="ask the registry's owners: comp makes no such entry"
                )

    def file(self, path: str) -> bytes | None:
        """Return a file; None if it is missing. Raises OutsideError for one that is too large."""
        if self.commit is None:
            return None
        folder, _, name = path.rpartition("/")
        entry = self.tree(folder).get(name)
        # The content of a link is where it leads to.
        if entry is None or not entry.is_file:
            return None
        try:
            data = self.objects.blob(entry.id)
        except InputError as error:
            raise OutsideError(f"{self._where(path)}: {error.message}", hint=error.hint) from error
        if data is None:
            raise OutsideError(
                f"the clone of {self.place} is damaged: it lacks {path}",
                hint=f"remove {self.kept.parent}: it is made anew from the server",
            )
        return data

    def tree(self, path: str) -> Mapping[str, TreeEntry]:
        """Return what is in a folder."""
        if self.commit is None:
            return {}
        # A release is read from folders that were just listed.
        found = self._trees.get(path)
        if found is None:
            if len(self._trees) >= _REMEMBERED:
                self._trees.clear()
            # Another thread may clear them meanwhile.
            found = self._trees[path] = self.objects.tree(f"{self.commit}:{path}")
        return found

    def _where(self, path: str) -> str:
        """Return a file's place, for messages."""
        return f"{self.place} {path}"


def _upto(parts: list[str]) -> range:
    """Return the lengths of the folders of a path."""
    return range(1, len(parts))


def _parts(tree: Mapping[str, TreeEntry]) -> dict[str, TreeEntry]:
    """Return the folders that can be a namespace or a component."""
    return {name: entry for name, entry in tree.items() if entry.is_folder and is_part(name)}


def _records(tree: Mapping[str, TreeEntry]) -> Iterator[str]:
    """Yield the names of records."""
    for name, entry in tree.items():
        if entry.is_file and name.endswith(_RECORD) and not name.startswith("."):
            yield name.removesuffix(_RECORD)
