"""What differs between a commit and the files on the disk, by content: not by time, and not by line ends or filters.

Git's index says at once which files did not change since git wrote or examined them. Only the others are read. Files
that git ignores do not count: no commit has them to compare with.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from toolkit.git.repository import Repository

_LINK, _SUBMODULE = "120000", "160000"
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")
_POINTER_SIZE = 1024
# The `raw` form is the one for programs: no settings of the user or the repository change it.
_RAW = ("--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")


class Difference(Struct, frozen=True, kw_only=True):
    """A path that differs. Its blob at the start, None for a new one, is in `repository`.

    `mode` is the one at the start, empty for a new path. A path may be that of a folder: a submodule whose earlier
    commit is not here, or a repository that git does not track.
    """

    what: Literal["added", "changed", "removed"]
    repository: Repository
    mode: str = ""
    blob: str | None = None


def differences(repository: Repository, tree: str, *, below: str = ".") -> dict[str, Difference]:
    """Return what differs between a commit or tree and the files on the disk, by path from the top, with slashes.

    `below` is the folder to compare, from the top. Names that are not UTF-8 have surrogates in them, as Python's paths
    do. Raises OutsideError when git fails.
    """
    # A name may begin as one of git's patterns.
    folder = f":(literal){below}"
    # One of the two reads the index, the other one the folders.
    with ThreadPoolExecutor(1) as pool:
        listing = pool.submit(repository.git.get, "ls-files", "-z", "--others", "--exclude-standard", "--", folder)
        compared = repository.git.get("diff-index", *_RAW, tree, "--", folder)
        untracked = {os.fsdecode(name).removesuffix("/") for name in listing.result().split(b"\0") if name}
    found, unread = _read_raw(repository, compared)
    # A file that was taken out of the index is still on the disk.
    for path in untracked:
        known = found.get(path)
        found[path] = replace(known, what="changed") if known else Difference(what="added", repository=repository)
        if known:
            unread.add(path)
    for path in _equal(repository, {path: found[path] for path in sorted(unread)}):
        del found[path]
    if (repository.top / ".gitmodules").is_file():
        _descend(repository, found)
    return found


def old_contents(found: Mapping[str, Difference]) -> dict[str, bytes | None]:
    """Return the content of each path at the start; None for a new file, or if the clone does not have it."""
    contents: dict[str, bytes | None] = dict.fromkeys(found)
    by_repository: dict[Path, list[str]] = {}
    for path, difference in found.items():
        if difference.blob:
            by_repository.setdefault(difference.repository.top, []).append(path)
    for paths in by_repository.values():
        names = [found[path].blob or "" for path in paths]
        contents |= zip(paths, found[paths[0]].repository.blobs(names), strict=True)
    return contents


def _read_raw(repository: Repository, data: bytes) -> tuple[dict[str, Difference], set[str]]:
    """Return the differences in the output of `git diff-index`, and the paths whose content git did not read."""
    found: dict[str, Difference] = {}
    unread: set[str] = set()
    parts = iter(data.split(b"\0"))
    for header in parts:
        if not header:
            break
        before, after, old, new, status = header.decode().removeprefix(":").split(" ")
        path = os.fsdecode(next(parts))
        if status == "U" and path in found:
            continue  # A conflict is listed besides the difference itself.
        if before == "000000":
            found[path] = Difference(what="added", repository=repository)
            continue
        what: Literal["changed", "removed"] = "removed" if status == "D" else "changed"
        found[path] = Difference(what=what, repository=repository, mode=before, blob=old)
        if what == "changed" and before == after and not new.strip("0"):
            unread.add(path)
    return found, unread


def _equal(repository: Repository, unread: Mapping[str, Difference]) -> Iterator[str]:
    """Return the paths whose files have the content of their blobs, as git would store them."""
    files: list[str] = []
    for path, known in unread.items():
        place = repository.top / path
        mode = _mode(place)
        # Git compares the executable bit itself, except for files outside of the index.
        if mode == known.mode == _LINK:
            if _blob_id(os.fsencode(place.readlink()), known) == known.blob:
                yield path
        elif mode and mode == known.mode:
            files.append(path)
    stored = _stored(repository, files, unread)
    yield from (path for path in files if stored.get(path) == unread[path].blob)
    yield from _same_large_files(repository, [path for path in files if stored.get(path) != unread[path].blob], unread)


def _mode(place: Path) -> str | None:
    """Return the mode of a file as git writes it; None for anything but files and links."""
    try:
        status = place.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return _LINK
    return ("100755" if status.st_mode & stat.S_IXUSR else "100644") if stat.S_ISREG(status.st_mode) else None


def _stored(repository: Repository, files: Sequence[str], unread: Mapping[str, Difference]) -> dict[str, str]:
    """Return the ids of the blobs that git would store: line ends and encodings as `.gitattributes` say."""
    # The list has a name on each line.
    named = [path for path in files if "\n" not in path and not path.startswith('"')]
    if not named:
        return {}
    done = repository.git.try_("hash-object", "--stdin-paths", data=b"".join(os.fsencode(p) + b"\n" for p in named))
    ids = done.text.split()
    if not done.code and len(ids) == len(named):
        return dict(zip(named, ids, strict=True))
    # A file that went away meanwhile, or one whose encoding is not the one that the attributes name.
    return {path: _id_on_disk(repository.top / path, unread[path]) for path in files}


def _id_on_disk(place: Path, known: Difference) -> str:
    """Return the id of a file's blob, stored as it is; empty if it cannot be read."""
    try:
        return _blob_id(place.read_bytes(), known)
    except OSError:
        return ""


def _blob_id(data: bytes, known: Difference) -> str:
    """Return the id of a blob in the form of the known one: SHA-1, or SHA-256."""
    hasher = hashlib.sha256 if len(known.blob or "") == 64 else hashlib.sha1  # noqa: PLR2004 (digits of SHA-256)
    return hasher(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _same_large_files(repository: Repository, files: Sequence[str], unread: Mapping[str, Difference]) -> Iterator[str]:
    """Return the files of git LFS that have the content that their pointers name: their filter does not run here."""
    if not files:
        return
    data = b"".join(os.fsencode(path) + b"\0" for path in files)
    answers = repository.git.get("check-attr", "-z", "--stdin", "filter", data=data).split(b"\0")
    # Path, attribute and value, again and again.
    kept = [os.fsdecode(path) for path, value in zip(answers[::3], answers[2::3], strict=False) if value == b"lfs"]
    blobs = repository.blobs([unread[path].blob or "" for path in kept])
    for path, pointer in zip(kept, blobs, strict=True):
        match = _POINTER.match(pointer) if pointer and len(pointer) <= _POINTER_SIZE else None
        if match and _sha256(repository.top / path) == match[1].decode():
            yield path


def _sha256(place: Path) -> str:
    """Return the sha256 of a file, empty if it cannot be read."""
    try:
        with place.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _descend(repository: Repository, found: dict[str, Difference]) -> None:
    """Replace submodules by what differs in them, where their earlier commits are here."""
    lines = repository.git.get("ls-files", "-z", "--stage").split(b"\0")
    for line in lines:
        if not line.startswith(_SUBMODULE.encode()):
            continue
        words, _, name = line.partition(b"\t")
        path = os.fsdecode(name)
        known = found.get(path)
        folder = repository.top / path
        # A new submodule is new as a whole. One that is not checked out has no files.
        if (known and known.mode != _SUBMODULE) or not (folder / ".git").exists() or folder.is_symlink():
            continue
        inner = Repository.open(folder, repository.git.environ)
        commit = inner.commit((known.blob if known else None) or words.split(b" ")[1].decode())
        if inner.top != folder or commit is None:
            continue
        found.pop(path, None)
        found |= {f"{path}/{below}": difference for below, difference in differences(inner, commit).items()}
