"""Unpacks what an interpreter of a base needs to start and to compile, and nothing else.

Paths are an image's, and go nowhere but below the folder that is given: what is written consists of plain files,
until links between them are made at the end.
"""

import errno
import hashlib
import os
import posixpath
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from toolkit import limits
from toolkit.errors import InputError, OutsideError
from toolkit.oci.image import Image
from toolkit.oci.tree import Tree
from toolkit.python.base import BaseFacts

_CHUNK = 1 << 20
# An interpreter's own libraries are smaller; those for GPUs, for example, are not.
_LARGEST_LIBRARY = 64 << 20
# Folders that a loader searches, with the name of a multiarch triplet in them or without.
_LIBRARY = re.compile(r"(?:usr/|usr/local/|opt/[^/]+/)?lib(?:32|64)?/(?:[^/]+-linux-[^/]+/)?[^/]+\.so(?:\.[\w.]+)?")
# The parts of the standard library that an interpreter needs to start and to compile.
_STANDARD = re.compile(r"(?:encodings/)?[^/]+\.py|lib-dynload/[^/]+\.so")
# What a disk says of paths that an image has and no file system can.
_IMPOSSIBLE = {errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EILSEQ}


class Unpacked(Struct, frozen=True, kw_only=True):
    """An interpreter in a folder: its path, its prefix and the folders of libraries there, without leading slashes.

    `identity` is a hash of all files and links that were unpacked; `tree` knows the image's paths.
    """

    program: str
    prefix: str
    libraries: Sequence[str]
    identity: str
    tree: Tree


def unpacked_interpreter(image: Image, facts: BaseFacts, folder: Path) -> Unpacked:
    """Put the base's interpreter under `folder`, readable by everybody.

    Raises InputError when the base does not have it as files, or too much of it, OutsideError when the disk fails.
    """
    program = facts.python.lstrip("/")
    # As Python finds it: above `bin/`.
    prefix = posixpath.dirname(posixpath.dirname(program))
    tree = _Unpacking(folder, program, f"{prefix}/lib/python{facts.minor}/")
    try:
        for layer in image.layers:
            tree.apply(layer)
        libraries = tree.link()
    except OSError as error:
        kind = InputError if error.errno in _IMPOSSIBLE else OutsideError
        raise kind(f"cannot unpack the base's Python: {error.strerror}: {error.filename}") from error
    if program not in tree.written:
        raise InputError(f"/{program} is not a file of the base")
    identity = hashlib.sha256(repr(sorted(tree.written.items())).encode()).hexdigest()
    return Unpacked(program=program, prefix=prefix, libraries=libraries, identity=identity, tree=tree)


class _Unpacking(Tree):
    """Writes what an interpreter needs while it goes through the layers; `written` has the content of each path."""

    def __init__(self, folder: Path, interpreter: str, standard: str) -> None:
        super().__init__()
        self.written: dict[str, str] = {}
        self._folder = folder
        self._interpreter = interpreter
        self._standard = standard
        self._size = 0

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Write a file that is needed."""
        if not self._wanted(path, member):
            return
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if member.islnk():
            original = posixpath.normpath(member.linkname).lstrip("/")
            if original not in self.written:
                return
            with (self._folder / original).open("rb") as source:
                self.written[path] = self._write(source, target)
        elif stream := archive.extractfile(member):
            self.written[path] = self._write(stream, target)

    def _write(self, source: IO[bytes], target: Path) -> str:
        """Copy a file and return its sha256. Raises InputError if all files together exceed the limit."""
        hasher = hashlib.sha256()
        with target.open("wb") as file:
            while chunk := source.read(_CHUNK):
                self._size += len(chunk)
                limits.INTERPRETER_FILES.check(self._size, "the base's Python")
                hasher.update(chunk)
                file.write(chunk)
        # Also for the user nobody, as which the interpreter may run.
        target.chmod(0o755)
        return hasher.hexdigest()

    def forget(self, path: str) -> None:
        """Drop a path, and what was written of it."""
        super().forget(path)
        if self.written.pop(path, None):
            (self._folder / path).unlink()

    def link(self) -> list[str]:
        """Make the links between the files that were written, and return the folders that hold libraries."""
        files = frozenset(self.written)
        for path in sorted(self.links):
            target = self.resolve(path)
            # Only links between files that were written: no link leads out of the folder.
            if target in files and path not in files and _LIBRARY.fullmatch(path):
                place = self._folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                # Relative, so that it holds both below this folder and in the jail, where the folder is the root.
                inside = os.path.relpath(f"/{target}", posixpath.dirname(f"/{path}"))
                place.symlink_to(inside)
                self.written[path] = f"-> {inside}"
        return sorted({posixpath.dirname(path) for path in self.written if _LIBRARY.fullmatch(path)})

    def _wanted(self, path: str, member: tarfile.TarInfo) -> bool:
        """Return whether an interpreter needs a file to start or to compile."""
        if path == self._interpreter:
            return True
        if path.startswith(self._standard):
            return _STANDARD.fullmatch(path.removeprefix(self._standard)) is not None
        return member.size <= _LARGEST_LIBRARY and _LIBRARY.fullmatch(path) is not None
