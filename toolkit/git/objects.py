"""The objects of a repository, one after another from one process of git: files, and what is in folders.

Nothing is checked out, so that links and strange names in a stranger's commit reach no file of this machine.
"""

import subprocess
import threading
import weakref
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct

from toolkit.errors import OutsideError
from toolkit.git.program import Git
from toolkit.limits import PATH_LENGTH, RECORD_SIZE, TREE_SIZE, Limit

_FILE_MODES = {b"100644", b"100755", b"100664"}
_FOLDER_MODES = {b"40000", b"040000"}


class TreeEntry(Struct, frozen=True, kw_only=True):
    """One name in a folder of a commit; a link or a submodule is neither a file nor a folder."""

    id: str
    is_file: bool
    is_folder: bool


_NOTHING: Mapping[str, TreeEntry] = MappingProxyType({})


class _Object(Struct, frozen=True):
    """An object: its id, its kind and its content."""

    id: str
    kind: str
    data: bytes


class Objects:
    """The objects of the repository in which `git` runs. Safe to share between threads.

    Names are ids, or `COMMIT:PATH`. Every method raises OutsideError if git ends early.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def blob(self, name: str, limit: Limit = RECORD_SIZE) -> bytes | None:
        """Return the content of a file; None if it is missing. Raises InputError for one above the limit."""
        found = self._read(name, limit)
        return found.data if found and found.kind == "blob" else None

    def tree(self, name: str) -> Mapping[str, TreeEntry]:
        """Return what is in a folder, by name; empty if it is missing. Names that are not UTF-8 are left out."""
        found = self._read(name, TREE_SIZE)
        if found is None or found.kind != "tree":
            return _NOTHING
        return dict(_entries(found.data, len(found.id) // 2))

    def close(self) -> None:
        """End the process; another read starts a new one."""
        process, self._process = self._process, None
        if process:
            _end(process)

    def _read(self, name: str, limit: Limit) -> _Object | None:
        """Return an object; None if it is missing."""
        # A line end would make two names of one.
        if "\n" in name:
            return None
        with self._lock:
            if self._process is None:
                self._process = self._git.start("cat-file", "--batch")
                weakref.finalize(self, _end, self._process)
            try:
                return _asked(self._process, name, limit)
            except BaseException as error:
                # What is left of its answer would be read as the next one.
                self.close()
                if not isinstance(error, OSError | ValueError):
                    raise
                raise OutsideError(f"git cannot read {name} in {self._git.folder}: {error}") from error


def _asked(process: subprocess.Popen[bytes], name: str, limit: Limit) -> _Object | None:
    """Return the answer of `git cat-file --batch` to a name. Raises OSError and ValueError for one that is cut off."""
    given, taken = process.stdin, process.stdout
    if given is None or taken is None:
        raise ValueError("it has no pipes")
    given.write(name.encode(errors="surrogateescape") + b"\n")
    given.flush()
    # The id, the kind and the size; or the name, and that it is missing.
    header = taken.readline(2 * PATH_LENGTH.default)
    if not header.endswith(b"\n"):
        raise ValueError("it ended early")
    identity, kind, size = header.split(b" ") if header.count(b" ") == 2 else (b"", b"", b"")  # noqa: PLR2004
    if not size.strip().isdigit():
        return None
    limit.check(int(size), name.partition(":")[2] or name)
    data = taken.read(int(size) + 1)
    if len(data) != int(size) + 1:
        raise ValueError("it ended early")
    return _Object(identity.decode(), kind.decode(), data[:-1])


def _entries(data: bytes, id_size: int) -> Iterator[tuple[str, TreeEntry]]:
    """Yield the entries of a tree: for each its mode, a space, its name, a zero, and the bytes of its id."""
    position = 0
    while position < len(data):
        head, zero, _ = data[position : position + PATH_LENGTH.default].partition(b"\0")
        mode, _, name = head.partition(b" ")
        end = position + len(head) + 1 + id_size
        if not zero or end > len(data):
            return
        identity = data[end - id_size : end].hex()
        position = end
        try:
            text = name.decode()
        except UnicodeDecodeError:
            continue
        yield text, TreeEntry(id=identity, is_file=mode in _FILE_MODES, is_folder=mode in _FOLDER_MODES)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and wait for it."""
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream:
            try:
                stream.close()
            except OSError:
                continue  # What was still to be written has no reader.
    process.wait()
