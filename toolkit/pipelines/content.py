"""The content of an artifact as a list of files: its digest, and its way into the cache and back."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.digest import Digest, canonical_json
from toolkit.errors import CompError, InputError
from toolkit.limits import OUTPUT_DEPTH
from toolkit.system.copying import kind_of
from toolkit.system.paths import leads_elsewhere

_CHUNK = 1 << 20


class Entry(Struct, frozen=True, kw_only=True):
    """A file, a folder or a link of an artifact; `path` is relative to it, and empty for the artifact itself.

    A file has a digest, a link a target, and a folder neither.
    """

    path: str
    digest: Digest | None = None
    target: str | None = None
    executable: bool = False


def entries_of(root: Path) -> tuple[Entry, ...]:
    """List an artifact's content in order of path. Raises InputError for a device or a pipe in it."""
    return tuple(_walk(root, "", 0))


def content_digest(entries: tuple[Entry, ...]) -> str:
    """Return the digest of an artifact: that of its bytes for a file, of the list of its content for a folder."""
    if len(entries) == 1 and entries[0].digest is not None:
        return str(entries[0].digest)
    listed = [[each.path, each.digest and each.digest.hex, each.target, each.executable] for each in entries]
    return str(Digest.of(canonical_json(listed, ascii_only=True)))


def keep(root: Path, entries: tuple[Entry, ...], cache: Cache) -> None:
    """Put the files of an artifact into the cache."""
    for entry in entries:
        if entry.digest is not None and not cache.has_blob(entry.digest):
            cache.store_verified(_chunks(root / entry.path), entry.digest, what=str(root / entry.path))


def restore(root: Path, entries: tuple[Entry, ...], cache: Cache) -> bool:
    """Write an artifact from the cache to `root`; return False, and leave nothing, if the cache has lost a part.

    Likewise for a path that leads out of `root`, which `entries_of` never lists.
    """
    if not _stay_inside(entries):
        return False
    try:
        for entry in entries:
            path = root / entry.path if entry.path else root
            if entry.digest is None and entry.target is None:
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if entry.target is not None:
                path.symlink_to(entry.target)
            elif entry.digest is not None:
                with path.open("wb") as stream:
                    stream.writelines(cache.read_blob(entry.digest))
                if entry.executable:
                    path.chmod(0o755)
    except CompError:
        remove(root)
        return False
    return True


def _stay_inside(entries: tuple[Entry, ...]) -> bool:
    """Whether no path leads up, or through a link."""
    links = {entry.path for entry in entries if entry.target is not None}
    paths = [PurePosixPath(entry.path) for entry in entries if entry.path]
    return not any(
        any(map(leads_elsewhere, path.parts)) or not links.isdisjoint(map(str, path.parents)) for path in paths
    )


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _walk(path: Path, relative: str, depth: int) -> Iterator[Entry]:
    """Yield a path, and everything below it."""
    OUTPUT_DEPTH.check(depth, "the depth of its folders")
    if path.is_symlink() and relative:
        yield Entry(path=relative, target=str(path.readlink()))
    elif path.is_dir():
        yield Entry(path=relative)
        for name in sorted(os.listdir(path)):  # noqa: PTH208 (names, in order)
            yield from _walk(path / name, f"{relative}/{name}" if relative else name, depth + 1)
    elif path.is_file():
        hasher = hashlib.sha256()
        for chunk in _chunks(path):
            hasher.update(chunk)
        yield Entry(path=relative, digest=Digest(hasher.hexdigest()), executable=os.access(path, os.X_OK))
    else:
        raise InputError(f"{path} is {kind_of(path.lstat().st_mode)}, expected a file or folder")


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
