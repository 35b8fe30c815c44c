"""The file system of an image, from its layers in order, without unpacking it (OCI image specification, layer.md)."""

import posixpath
import tarfile
from collections.abc import Set as AbstractSet

from toolkit.limits import TREE_SIZE
from toolkit.oci.contents import layer_tar, members
from toolkit.oci.image import Layer

_MOST_LINKS = 40


class Tree:
    """The paths of an image as its layers leave them: links with their targets, and files."""

    def __init__(self) -> None:
        self.links: dict[str, str] = {}
        self.files: set[str] = set()
        # What each folder holds, so that removing one looks at nothing else.
        self._below: dict[str, set[str]] = {}
        self._fresh: set[str] = set()
        self._hidden: set[str] = set()
        self._size = 0

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Take note of a file or hard link when it comes by; for those who derive from this class."""

    def apply(self, layer: Layer) -> None:
        """Put one layer on top (OCI image specification, layer.md)."""
        self._fresh.clear()
        self._hidden.clear()
        with layer_tar(layer) as archive:
            for member in members(archive):
                self._take(archive, member)

    def resolve(self, path: str) -> str | None:
        """Follow links; None when the path leads nowhere."""
        parts, done, seen = path.strip("/").split("/"), "", 0
        while parts:
            part = parts.pop(0)
            if part in {"", "."}:
                continue
            done = posixpath.dirname(done) if part == ".." else posixpath.join(done, part)
            if done in self.links:
                seen += 1
                if seen > _MOST_LINKS:
                    return None
                target = self.links[done]
                parts = target.split("/") + parts
                done = "" if target.startswith("/") else posixpath.dirname(done)
        return done if done in self.files else None

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = posixpath.normpath(member.name).lstrip("/")
        folder, name = posixpath.split(path)
        if name == ".wh..wh..opq":
            self._hide(folder)
            return
        if name.startswith(".wh."):
            hidden = posixpath.join(folder, name[4:])
            if hidden not in self._fresh:
                self.forget(hidden)
            self._hide(hidden)
            return
        if member.isdir():
            self.forget(path)
            return
        self._clear(path)
        self._place(path)
        if member.issym():
            self.links[path] = member.linkname
        elif member.isreg() or member.islnk():
            self.files.add(path)
            self.look(archive, member, path)
        self._fresh.add(path)

    def _place(self, path: str) -> None:
        """Make room for a path: it is new, and each folder above it is one and no file."""
        self.forget(path)
        self._count(path)
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
        self._size += len(path)
        TREE_SIZE.check(self._size, "the length of all paths")

    def _hide(self, path: str) -> None:
        """Remove what lower layers have below a path: a whiteout spares its own layer."""
        if path not in self._hidden:
            self._hidden.add(path)
            self._clear(path, spared=self._fresh)

    def _clear(self, path: str, spared: AbstractSet[str] = frozenset()) -> None:
        """Remove what a path holds, but for what is `spared`."""
        waiting = [path]
        while waiting:
            folder = waiting.pop()
            for inner in self._below.pop(folder, ()):
                if inner in spared:
                    self._below.setdefault(folder, set()).add(inner)
                else:
                    self.forget(inner)
                waiting.append(inner)

    def forget(self, path: str) -> None:
        """Drop a path that a later layer removes or replaces."""
        self.links.pop(path, None)
        self.files.discard(path)
