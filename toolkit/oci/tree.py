"""The file system of an image, from its layers in order, without unpacking it (OCI image specification, layer.md)."""

import posixpath
import tarfile
from collections.abc import Set as AbstractSet

from toolkit.oci.contents import layer_tar
from toolkit.oci.image import Layer

_MOST_LINKS = 40


class Tree:
    """The paths of an image as its layers leave them: links with their targets, files, folders that held some."""

    def __init__(self) -> None:
        self.links: dict[str, str] = {}
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self._fresh: set[str] = set()

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Take note of a file or hard link when it comes by; for those who derive from this class."""

    def apply(self, layer: Layer) -> None:
        """Put one layer on top (OCI image specification, layer.md)."""
        self._fresh.clear()
        with layer_tar(layer) as archive:
            for member in archive:
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
            self._remove_below(folder, spared=self._fresh)
            return
        if name.startswith(".wh."):
            self._remove(posixpath.join(folder, name[4:]), spared=self._fresh)
            return
        if member.isdir():
            self.forget(path)
            return
        self._remove(path)
        if member.issym():
            self.links[path] = member.linkname
        elif member.isreg() or member.islnk():
            self.files.add(path)
            self.look(archive, member, path)
        self._fresh.add(path)
        while folder and folder not in self.folders:
            self.folders.add(folder)
            folder = posixpath.dirname(folder)

    def _remove(self, path: str, spared: AbstractSet[str] = frozenset()) -> None:
        if path not in spared:
            self.forget(path)
        self._remove_below(path, spared)

    def _remove_below(self, folder: str, spared: AbstractSet[str] = frozenset()) -> None:
        """Remove what a folder holds, but for what is `spared`: a whiteout hides the layers below, not its own."""
        if folder in self.folders:
            prefix = f"{folder}/"
            for path in (*self.links, *self.files):
                if path.startswith(prefix) and path not in spared:
                    self.forget(path)

    def forget(self, path: str) -> None:
        """Drop a path that a later layer removes or replaces."""
        self.links.pop(path, None)
        self.files.discard(path)
