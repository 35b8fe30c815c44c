"""The cache: content-addressed blobs and small JSON records, safe under concurrent writers and `kill -9`.

    blobs/sha256/<2 hex>/<64 hex>      bytes, verified while written
    records/<kind>/<2 hex>/<64 hex>.json   facts derived from inputs, keyed by the sha256 of those inputs

Everything is written to a temporary name and renamed. A blob that exists is whole; a record that does not
parse counts as absent. Losing the cache loses only time. Beside them lie folders that others keep here, each made
under a name of its own and renamed: `bases/`, `environments/`, `layouts/`. `uv/` is the cache of uv, and `home/` is
for what other tools keep where the user has no home that can be written.

What is used gets the present time: file systems are often mounted so that they do not record it. A process that uses
the cache shares a lock on it until it ends; while there is one, pruning keeps what was used of late.
"""

import fcntl
import functools
import hashlib
import json
import logging
import os
import re
import shutil
import stat
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs

from toolkit.atomic import made_parents, replacing, temporary_beside, write_bytes
from toolkit.errors import CompError, LostError, MachineError, OutsideError, RemoteError
from toolkit.home import can_be_written
from toolkit.redaction import clean
from toolkit.temporary import left_over, remove

log = logging.getLogger(__name__)

# The file whose lock the users of a cache share.
_LOCK = ".in-use"

KINDS = ("blobs", "records", "bases", "environments", "layouts", "uv", "home")
# Kinds that are one entry each: another program keeps order inside.
_WHOLE = ("uv", "home")
_UV_LOCK = ".lock"

# What the cache holds, by its path below the root; nothing else is ever counted or removed.
_ENTRIES = {
    "blobs": re.compile(r"blobs/sha256/[0-9a-f]{2}/[0-9a-f]{64}"),
    "records": re.compile(r"records/[^/]+/[0-9a-f]{2}/[0-9a-f]{64}\.json"),
    "bases": re.compile(r"bases/debian-[^/]+"),
    "environments": re.compile(r"environments/[0-9a-f]{32}"),
    "layouts": re.compile(r"layouts/[0-9a-f]{64}"),
    "uv": re.compile("uv"),
    "home": re.compile("home"),
}
_LEFTOVER = re.compile(
    r"\.blob[-.][^/]+\.tmp|(?:blobs/sha256|records/[^/]+)/[0-9a-f]{2}/\.[0-9a-f]{64}[^/]*\.tmp"
    r"|(?:bases|environments|layouts)/\.(?:base|new|gone|comp)-[^/]+|\.gone-home"
)
_CHUNK = 1 << 20
# What came of a blob is kept from this size on.
_WORTH_KEEPING = 1 << 20
# What is left of a broken transfer, or of a writer that holds no lock, is kept for so many seconds.
_SECONDS_ALIVE = 3600
# While a process uses the cache, what was used in the last so many seconds stays: no build takes longer.
_SECONDS_HELD = 86_400
# Writers hold their files and folders of these names.
_LOCKED_NAME = re.compile(r"\.comp-[^/]+|.*\.[0-9a-f]{8}\.tmp")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing in the cache: a file or a folder, its size in bytes, and when it was last used (seconds since 1970).

    `leftover` marks what a killed process has left; `kind` is one of `KINDS`, for a leftover where it lies.
    """

    kind: str
    path: Path
    size: int
    used: float
    leftover: bool = False


class Part:
    """What came of a blob so far: `size` bytes, whether they came now or before a transfer broke."""

    def __init__(self, stream: BinaryIO, sha256: str) -> None:
        self._stream, self._sha256 = stream, sha256
        self._hasher, self.size = hashlib.sha256(), 0
        while chunk := stream.read(_CHUNK):
            self._hasher.update(chunk)
            self.size += len(chunk)

    @property
    def sha256(self) -> str:
        """The hex digest of what came so far."""
        return self._hasher.hexdigest()

    @property
    def is_whole(self) -> bool:
        """Whether this is the blob."""
        return self.sha256 == self._sha256

    def write(self, chunk: bytes) -> None:
        """Take in what follows."""
        self._stream.write(chunk)
        # A process may be killed at any time, and what came should stay.
        self._stream.flush()
        self._hasher.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Forget what came."""
        self._stream.seek(0)
        self._stream.truncate()
        self._hasher, self.size = hashlib.sha256(), 0


class Cache:
    """One cache folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock: int | None = None
        self._opening = threading.Lock()

    @classmethod
    def default(cls) -> "Cache":
        """Use `COMP_CACHE_DIR`, else the platform's cache folder, else one of this user's among temporary files.

        Raises OutsideError when there is no place at all.
        """
        named = os.environ.get("COMP_CACHE_DIR")
        # Absolute, since some of those who are told of places in it run in folders of their own.
        return cls(Path(named).absolute() if named else _default_root())

    @property
    def uv(self) -> Path:
        """Where uv keeps what it needs again."""
        return self.root / "uv"

    @property
    def spare_home(self) -> Path:
        """What serves the tools that we call as a home, where the user's cannot be written."""
        return self.root / "home"

    def blob_path(self, sha256: str) -> Path:
        """Return where the blob with this hex digest is or would be; it counts as used."""
        path = self._blob_path(sha256)
        self.use(path)
        return path

    def has_blob(self, sha256: str) -> bool:
        """Return whether the blob is here; it counts as used."""
        return self.use(self._blob_path(sha256))

    def use(self, path: Path) -> bool:
        """Record that a file or folder of the cache is used, and return whether it is here.

        It then stays at least as long as this process. A path elsewhere is left as it is.
        """
        if not path.is_relative_to(self.root):
            return path.exists()
        self._share()
        try:
            os.utime(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            # Another user's, or read-only.
            return path.exists()
        return True

    def read_blob(self, sha256: str) -> Iterator[bytes]:
        """Give the blob's bytes in chunks, and hash them on the way.

        Raises OutsideError at the end when they are not the blob's any more, and when they cannot be read.
        """
        path, hasher = self.blob_path(sha256), hashlib.sha256()
        try:
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    hasher.update(chunk)
                    yield chunk
        except OSError as error:
            raise unreadable(path, error) from error
        if hasher.hexdigest() != sha256:
            raise OutsideError(f"{path} is damaged: its sha256 is {hasher.hexdigest()}", hint=_VERIFY)

    def small_blob(self, sha256: str) -> bytes | None:
        """Return a blob whole; None when it is missing or damaged, so that it has to be had anew."""
        try:
            data = self.blob_path(sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def add_blob(self, chunks: Iterable[bytes], *, sha256: str, what: str) -> Path:
        """Store bytes that must hash to `sha256` and return their path.

        `what` names them in the error. Raises OutsideError when they hash to something else, and then stores nothing.
        """
        path = self._blob_path(sha256)
        hasher = hashlib.sha256()
        with self._writing(), replacing(path) as stream:
            for chunk in chunks:
                hasher.update(chunk)
                stream.write(chunk)
            if hasher.hexdigest() != sha256:
                raise wrong_content(what, hasher.hexdigest(), sha256)
        return path

    @contextmanager
    def part(self, sha256: str) -> Iterator[Part | None]:
        """Open what came of a blob before, to go on with it; None while another process or thread does so.

        At the end of the block it becomes the blob if it is whole. Otherwise it is kept for the next time, if it is
        not small; what nobody goes on with, `prune` removes.
        """
        path = self._blob_path(sha256)
        file = path.with_name(f".{sha256}.part.tmp")
        with self._writing():
            file.parent.mkdir(parents=True, exist_ok=True)
            with _locked(file) as stream:
                if stream is None:
                    yield None
                    return
                part = Part(stream, sha256)
                try:
                    yield part
                except (ConnectionError, TimeoutError):
                    raise
                except OSError:
                    # The disk takes no more; what came is in the way.
                    part.restart()
                    raise
                finally:
                    if part.is_whole:
                        os.fsync(stream.fileno())
                        file.replace(path)
                    elif part.size < _WORTH_KEEPING:
                        file.unlink(missing_ok=True)

    def fill(self, sha256: str, arriving: Callable[[int], Generator[tuple[int, bytes]]], *, what: str) -> None:
        """Store a blob that comes from elsewhere, from where an earlier try ended.

        `arriving` gives chunks with where they begin, from the byte on that it is told, or from 0 if that cannot be.
        What comes stays for the next time, if it breaks off. `what` names the blob in the error. Raises OutsideError
        when it hashes to something else, and then keeps nothing.
        """
        with self.part(sha256) as part:
            if part is None:
                with closing(arriving(0)) as chunks:
                    self.add_blob((chunk for _, chunk in chunks), sha256=sha256, what=what)
                return
            while not part.is_whole:
                before = part.size
                try:
                    with closing(arriving(before)) as chunks:
                        for start, chunk in chunks:
                            if start == 0:
                                part.restart()
                            part.write(chunk)
                except RemoteError:
                    raise  # The transfer broke off: what came stays, and the next try goes on from there.
                except CompError:
                    part.restart()
                    raise
                if part.is_whole:
                    return
                got = part.sha256
                part.restart()
                # What had come before may be of another file, or damaged: once more from the beginning.
                if not before:
                    raise wrong_content(what, got, sha256)

    def keep_blob(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store bytes of which nothing is known yet, and return their sha256 and size."""
        hasher, size = hashlib.sha256(), 0
        with self._writing(), temporary_beside(self.root / "blob") as made:
            for chunk in chunks:
                hasher.update(chunk)
                size += len(chunk)
                made.stream.write(chunk)
            made.finish(0o644)
            path = self._blob_path(hasher.hexdigest())
            with made_parents(path):
                made.path.replace(path)
        return hasher.hexdigest(), size

    def record(self, kind: str, key: object) -> dict[str, Any] | None:
        """Return the record of `kind` for `key` (any JSON value), None when there is none."""
        path = self._record_path(kind, key)
        try:
            parsed = json.loads(path.read_bytes()) if self.use(path) else None
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise OutsideError(
                f"cannot read the cache {self.root}: {error.strerror or error}", hint=_ANOTHER_FOLDER
            ) from error
        return parsed if isinstance(parsed, dict) else None

    def write_record(self, kind: str, key: object, value: dict[str, Any]) -> None:
        """Remember `value` for `key`, without any login in it."""
        with self._writing():
            write_bytes(self._record_path(kind, key), json.dumps(clean(value), sort_keys=True).encode())

    def entries(self) -> Iterator[Entry]:
        """List what is here, in order of path. Links are never followed, and foreign files are passed over."""
        for path in sorted(self._candidates()):
            below = path.relative_to(self.root).as_posix()
            leftover = _LEFTOVER.fullmatch(below) is not None
            kind = below.partition("/")[0] if "/" in below or below in _WHOLE else "blobs"
            if leftover or _ENTRIES[kind].fullmatch(below):
                try:
                    size, used = _measured(path)
                except FileNotFoundError:
                    continue  # Somebody else removed it, or gave it its name, meanwhile.
                yield Entry(kind=kind, path=path, size=size, used=used, leftover=leftover)

    def prune(self, *, older_than: float) -> tuple[Entry, ...]:
        """Remove what was not used for `older_than` seconds, and what dead processes left; return what went.

        What a process is writing stays, whatever its age. While another process uses the cache, what was used in the
        last day stays too.
        """
        with self._writing(), self._alone() as alone:
            if not alone and older_than < _SECONDS_HELD:
                log.info("another process uses the cache: what was used in the last day stays")
            now = time.time()
            unused = now - (older_than if alone else max(older_than, _SECONDS_HELD))
            return tuple(entry for entry in self.entries() if _removed(entry, unused=unused, now=now))

    def damaged(self) -> Iterator[Entry]:
        """Give the blobs whose bytes are no longer what their name says."""
        for entry in self.entries():
            if entry.kind == "blobs" and not entry.leftover:
                with entry.path.open("rb") as stream:
                    if hashlib.file_digest(stream, "sha256").hexdigest() != entry.path.name:
                        yield entry

    def _candidates(self) -> Iterator[Path]:
        yield from self.root.glob(".blob*.tmp")
        yield from self.root.glob(".gone-home")
        for kind in KINDS:
            top = self.root / kind
            if top.is_symlink() or not top.is_dir():
                continue
            if kind in _WHOLE:
                yield from [top] if any(path.name != _UV_LOCK for path in top.iterdir()) else []
            elif kind in {"blobs", "records"}:
                for folder, _, names in os.walk(top):
                    yield from (Path(folder, name) for name in names)
            else:
                yield from (path for path in top.iterdir() if not path.is_symlink())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._share()
        try:
            yield
            # The cache may be new.
            self._share()
        except (ConnectionError, TimeoutError):
            raise  # From where the bytes come, not from the disk.
        except (OSError, MachineError) as error:
            reason = error.reason if isinstance(error, MachineError) else error.strerror or str(error)
            raise MachineError(f"cannot write to the cache {self.root}", reason=reason, hint=_ANOTHER_FOLDER) from error

    def _blob_path(self, sha256: str) -> Path:
        return self.root / "blobs" / "sha256" / sha256[:2] / sha256

    def _share(self) -> None:
        """Hold the cache, if there is one, together with others, until this object goes."""
        with self._opening:
            if self._lock is not None:
                return
            try:
                self._lock = os.open(self.root / _LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError:
                return  # What cannot be written to is not pruned either.
            weakref.finalize(self, os.close, self._lock)
            with suppress(OSError):
                fcntl.flock(self._lock, fcntl.LOCK_SH)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Keep others from beginning to use the cache; False where some do already, who are not kept from anything."""
        if not self.root.is_dir():
            yield True
            return
        self._share()
        if self._lock is None:
            yield False
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Trying for the whole lock may have lost the share in it.
            with suppress(OSError):
                fcntl.flock(self._lock, fcntl.LOCK_SH)
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _record_path(self, kind: str, key: object) -> Path:
        text = json.dumps(key, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        return self.root / "records" / kind / digest[:2] / f"{digest}.json"


_VERIFY = "`comp cache verify` removes what is damaged; then try again"
_ANOTHER_FOLDER = "free some space, `comp cache prune`, or name another folder with COMP_CACHE_DIR"


def unreadable(what: object, error: OSError) -> OutsideError:
    """Return the error for something in the cache that cannot be read: a LostError when it is gone."""
    message = f"cannot read {what}: {error.strerror or error}"
    return (LostError if isinstance(error, FileNotFoundError) else OutsideError)(message, hint=_VERIFY)


def wrong_content(what: str, got: str, expected: str) -> OutsideError:
    """Say that bytes do not hash to what they should; both as hex sha256."""
    return OutsideError(
        f"{what} does not have the expected content: sha256 {got}, expected {expected}",
        hint="the file changed on its server, or was damaged on the way; try again",
    )


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO | None]:
    """Open a file that only one at a time may change; None while another has it."""
    while True:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                mine = False  # Or there are no locks here.
            else:
                if not _is_at(stream, path):
                    continue  # Whoever had it before gave it another name.
                mine = True
            yield stream if mine else None
            return


def _is_at(stream: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _measured(path: Path) -> tuple[int, float]:
    """Give the size in bytes and the time of the last use, of a file or of everything in a folder."""
    facts = path.lstat()
    if not path.is_dir():
        return facts.st_size, facts.st_mtime
    files = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    return sum(file.lstat().st_size for file in files), facts.st_mtime


def _removed(entry: Entry, *, unused: float, now: float) -> bool:
    """Remove an entry that was not used since `unused`, or is left over; return whether it was."""
    if entry.leftover:
        return _leftover_removed(entry, now)
    if entry.used > unused:
        return False
    if entry.kind == "uv":
        return _emptied(entry.path)
    # Under another name first, so that nothing takes half of it for whole.
    name = entry.path.name.lstrip(".")
    doomed = entry.path.with_name(f".gone-{name}" if entry.path.is_dir() else f".{name}.gone.tmp")
    if doomed.is_dir():
        shutil.rmtree(doomed, ignore_errors=True)
    try:
        entry.path.rename(doomed)
    except FileNotFoundError:
        return False
    if doomed.lstat().st_mtime > unused:
        # A process began to use it meanwhile; what came in its place is as good.
        with suppress(OSError):
            if not entry.path.exists():
                doomed.rename(entry.path)
                return False
    _remove(doomed)
    return True


def _leftover_removed(entry: Entry, now: float) -> bool:
    """Remove what a writer left, unless it is alive, or the rest of a transfer that may go on."""
    if not _LOCKED_NAME.fullmatch(entry.path.name) and now - entry.used < _SECONDS_ALIVE:
        return False
    with left_over(entry.path) as dead:
        if dead:
            _remove(entry.path)
    return dead


def _default_root() -> Path:
    try:
        place = Path(platformdirs.user_cache_dir("comp"))
    except RuntimeError:
        # The machine knows no home of this user; older versions give a relative path then.
        place = Path("~/.cache/comp")
    if place.is_absolute() and can_be_written(place):
        return place
    spare = Path(tempfile.gettempdir(), f"comp-cache-{os.getuid()}").absolute()
    try:
        spare.mkdir(mode=0o700, exist_ok=True)
        facts = spare.lstat()
    except OSError as error:
        raise OutsideError(
            f"neither {place} nor {spare} can be a cache: {error.strerror or error}",
            hint="name a folder that can be written with COMP_CACHE_DIR",
        ) from error
    # Where all may write, another user may have put it there.
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) & 0o077:
        raise OutsideError(
            f"{place} cannot be written, and {spare} is not a folder of this user alone",
            hint="name a folder that can be written with COMP_CACHE_DIR",
        )
    _mention(place, spare)
    return spare


@functools.cache
def _mention(place: Path, spare: Path) -> None:
    """Say it once, however often the cache is asked for."""
    log.info("%s cannot be written, so the cache is %s; COMP_CACHE_DIR names another", place, spare)


def _emptied(folder: Path) -> bool:
    """Remove what is in uv's cache unless a uv works with it; tell which.

    Whatever works there holds a shared lock of `.lock`, and what empties it an exclusive one, as `uv cache clean` does.
    """
    lock = folder / _UV_LOCK
    with _locked(lock) as mine:
        if mine is None:
            return False
        for path in folder.iterdir():
            if path != lock:
                _remove(path)
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        remove(path)
    else:
        path.unlink(missing_ok=True)
