"""The file system of an image, from its layers in order, without unpacking it (OCI image specification, layer.md)."""

import enum
import posixpath
import tarfile
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from toolkit.limits import PACKAGE_FILE_SIZE, PACKAGE_FILES, TREE_SIZE
from toolkit.oci.contents import layer_tar, members
from toolkit.oci.image import Layer

# As many as Linux follows (path_resolution(7)).
_MOST_LINKS = 40


def followed(path: str, links: Mapping[str, str]) -> str | None:
    """Return a path with all links followed; what is not there stays as it is. None for links that lead in a circle."""
    parts, done, seen = path.split("/"), "", 0
    while parts:
        part = parts.pop(0)
        if part in {"", "."}:
            continue
        done = posixpath.dirname(done) if part == ".." else posixpath.join(done, part)
        if done in links:
            seen += 1
            if seen > _MOST_LINKS:
                return None
            target = links[done]
            parts = target.split("/") + parts
            # An absolute target starts at the image's root, and `..` cannot lead above it.
            done = "" if target.startswith("/") else posixpath.dirname(done)
    return done


class Kind(enum.Enum):
    """What an entry of a layer is; `OTHER` are devices and pipes."""

    FILE = "f"
    HARD_LINK = "h"
    LINK = "l"
    FOLDER = "d"
    OTHER = "o"


def kind_of(member: tarfile.TarInfo) -> Kind:
    """Return the kind of a tar's member."""
    if member.isdir():
        return Kind.FOLDER
    if member.issym():
        return Kind.LINK
    if member.islnk():
        return Kind.HARD_LINK
    return Kind.FILE if member.isreg() else Kind.OTHER


def path_of(member: tarfile.TarInfo) -> str:
    """Return the path of a tar's member below the image's root."""
    return posixpath.normpath(member.name).lstrip("/")


class Tree:
    """The paths of an image as its layers leave them: links with their targets, and files."""

    def __init__(self) -> None:
        self.links: dict[str, str] = {}
        self.files: set[str] = set()
        # What each folder holds, so that removing one looks at nothing else.
        self._below: dict[str, set[str]] = {}
        # Paths that the current layer has brought, which its own whiteouts spare.
        self._fresh: set[str] = set()
        # Folders that the current layer has hidden: hiding one many times takes the time of once.
        self._hidden: set[str] = set()
        self._size, self._most = 0, 0

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Look at a file or hard link while its content can be read. For derived classes."""

    def enter(self, path: str) -> None:
        """Note a folder that a layer names. For derived classes."""

    def parents(self) -> set[str]:
        """Return the folders above all paths."""
        return {folder for folder, held in self._below.items() if held}

    def apply(self, layer: Layer) -> None:
        """Put one layer on top (OCI image specification, layer.md)."""
        self.begin()
        with layer_tar(layer) as archive:
            for member in members(archive):
                path = path_of(member)
                if self.take(path, kind_of(member), member.linkname):
                    self.look(archive, member, path)

    def begin(self) -> None:
        """Begin a layer. The bound is read here: asking for it at each path takes longer than the rest."""
        self._most = TREE_SIZE.value
        self._fresh.clear()
        self._hidden.clear()

    def resolve(self, path: str) -> str | None:
        """Follow links to a file; None when the path leads nowhere."""
        done = followed(path, self.links)
        return done if done in self.files else None

    def take(self, path: str, kind: Kind, target: str) -> bool:
        """Apply one entry of a layer, and return whether it is a file, or a hard link, that is now there.

        `target` is a link's. The entry may also be a whiteout, by its name.
        """
        folder, name = posixpath.split(path)
        # An opaque whiteout hides what lower layers have in its folder, and keeps the folder.
        if name == ".wh..wh..opq":
            self._hide(folder)
            return False
        if name.startswith(".wh."):
            hidden = posixpath.join(folder, name[4:])
            if hidden not in self._fresh:
                self.forget(hidden)
            self._hide(hidden)
            return False
        # A folder takes the place of a file or link, but what lies below it stays.
        if kind is Kind.FOLDER:
            self.forget(path)
            self.enter(path)
            return False
        self._clear(path)
        self._place(path)
        self._fresh.add(path)
        if kind is Kind.LINK:
            self.links[path] = target
        is_file = kind in {Kind.FILE, Kind.HARD_LINK}
        if is_file:
            self.files.add(path)
        return is_file

    def _place(self, path: str) -> None:
        """Record a new path, and each folder above it as a folder even if it was a file."""
        self.forget(path)
        self._count(path)
        self._hang(path)

    def _hang(self, path: str) -> None:
        """Record a path in the folder above it, and that in the next one."""
        while path:
            folder = posixpath.dirname(path)
            held = self._below.setdefault(folder, set())
            if path in held:
                return
            held.add(path)
            self._count(path)
            if folder in self.files:
                self.forget(folder)
            path = folder

    def _count(self, path: str) -> None:
        """Count a path against the limit of the tree's size. Raises InputError."""
        self._size += len(path)
        if self._size > self._most:
            raise TREE_SIZE.exceeded("the length of all paths")

    def _hide(self, path: str) -> None:
        """Remove what lower layers have below a path: a whiteout spares its own layer."""
        if path not in self._hidden:
            self._hidden.add(path)
            self._clear(path, spared=self._fresh)

    def _clear(self, path: str, spared: AbstractSet[str] = frozenset()) -> None:
        """Remove everything below a path, except for `spared`."""
        waiting, kept = [path], []
        while waiting:
            folder = waiting.pop()
            for inner in self._below.pop(folder, ()):
                if inner in spared:
                    kept.append(inner)
                else:
                    self.forget(inner)
                waiting.append(inner)
        # With the folders above them, so that a later layer finds them below those.
        for inner in kept:
            self._hang(inner)

    def forget(self, path: str) -> None:
        """Drop a path that a later layer removes or replaces."""
        self.links.pop(path, None)
        self.files.discard(path)


class PackageTree(Tree):
    """A tree with the content of the files that say which packages are there; `what` it is of, in errors."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.found: dict[str, bytes] = {}
        self._what = what
        self._read = 0

    def describes_packages(self, path: str) -> bool:
        """Return whether the content of a file is kept. For derived classes."""
        raise NotImplementedError

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Keep the content of a file. Raises InputError above the limits."""
        if not self.describes_packages(path):
            return
        if member.islnk():
            self.keep_same(path, member.linkname)
            return
        PACKAGE_FILE_SIZE.check(member.size, f"the {self._what}'s /{path}")
        if stream := archive.extractfile(member):
            self.keep(path, stream.read())

    def keep(self, path: str, content: bytes) -> None:
        """Keep the content of a file. Raises InputError above the limit for all of them."""
        # What a later layer removes counts too: it was in memory.
        self._read += len(content)
        PACKAGE_FILES.check(self._read, f"what the {self._what} says of its packages")
        self.found[path] = content

    def keep_same(self, path: str, target: str) -> None:
        """Keep for a hard link what is kept of its target."""
        if (same := self.found.get(posixpath.normpath(target).lstrip("/"))) is not None:
            self.found[path] = same

    def forget(self, path: str) -> None:
        """Drop a path."""
        super().forget(path)
        self.found.pop(path, None)
