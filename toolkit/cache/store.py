"""The cache: content-addressed blobs and small JSON records, safe under concurrent writers and `kill -9`.

    blobs/sha256/<2 hex>/<64 hex>          bytes, verified while written
    records/<kind>/<2 hex>/<64 hex>.json   facts derived from inputs, keyed by the sha256 of those inputs

Everything is written to a temporary name and renamed. A blob that exists is whole; a record that does not fit its
class counts as absent. Beside them lie folders that other parts keep here, each made under a name of its own and
renamed: `bases/`, `environments/`, `layouts/`, `registries/`. `uv/` is uv's own cache, and `home/` serves other tools
as a home if the user's cannot be written.

Whatever is used gets the present time. A process that uses the cache shares a lock on it until it ends; meanwhile
pruning keeps what was used of late.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from toolkit.cache import failures
from toolkit.cache.location import find_root
from toolkit.cache.partial import PartialBlob, open_partial
from toolkit.cache.records import Record
from toolkit.cache.sharing import SharedLock
from toolkit.cache.tally import Tally, TallyKind
from toolkit.digest import Digest, canonical_json
from toolkit.errors import CompError, MachineError, RemoteError
from toolkit.redaction import clean
from toolkit.system.atomic import made_parents, replacing, temporary_beside, write_bytes
from toolkit.system.turns import Turns

if TYPE_CHECKING:
    from toolkit.cache.pruning import CacheEntry

log = logging.getLogger(__name__)

_CHUNK = 1 << 20
R = TypeVar("R", bound=Record)


class Cache:
    """One cache folder. `tally` counts what this object was asked for, if its users note it there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tally = Tally()
        self._lock = SharedLock(root)
        self._turns = Turns()
        self._warned = False
        # What `recall_or_make` returned: it follows from its key, so it stays right.
        self._known: dict[Path, Record] = {}

    @classmethod
    def default(cls, environ: Mapping[str, str] | None = None) -> "Cache":
        """Return the user's cache: `COMP_CACHE_DIR`, else the platform's folder, else one among temporary files.

        Raises OutsideError if none of them can be written.
        """
        return cls(find_root(os.environ if environ is None else environ))

    @property
    def uv(self) -> Path:
        """The folder of uv's own cache."""
        return self.root / "uv"

    @property
    def spare_home(self) -> Path:
        """The home of the tools that we call, if the user's cannot be written."""
        return self.root / "home"

    def blob_path(self, digest: Digest) -> Path:
        """Return where the blob is or would be; it counts as used."""
        path = self._blob_path(digest)
        self.use(path)
        return path

    def has_blob(self, digest: Digest) -> bool:
        """Return whether the blob is here; it counts as used."""
        return self.use(self._blob_path(digest))

    def use(self, path: Path) -> bool:
        """Record that a file or folder of the cache is used, and return whether it is here.

        It then stays at least as long as this process. A path elsewhere is left as it is.
        """
        # A time set there would change a file of the user.
        if not path.is_relative_to(self.root):
            return path.exists()
        # Before the time is set: a process that prunes meanwhile counts this one.
        self._lock.share()
        try:
            os.utime(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            # Another user's, or read-only.
            return path.exists()
        return True

    def read_blob(self, digest: Digest) -> Iterator[bytes]:
        """Yield the blob's bytes in chunks, hashed on the way.

        Raises OutsideError if they cannot be read, and at the end if their digest is another.
        """
        path, hasher = self.blob_path(digest), hashlib.sha256()
        try:
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    hasher.update(chunk)
                    yield chunk
        except OSError as error:
            raise failures.unreadable(path, error) from error
        if hasher.hexdigest() != digest.hex:
            raise failures.damaged(path, Digest(hasher.hexdigest()))

    def read_verified(self, digest: Digest) -> bytes | None:
        """Return the whole blob; None if it is missing or damaged, so that the caller gets it anew."""
        try:
            data = self.blob_path(digest).read_bytes()
        except OSError:
            return None
        return data if Digest.of(data) == digest else None

    def store_verified(self, chunks: Iterable[bytes], digest: Digest, *, what: str) -> Path:
        """Store bytes that must have a digest, and return their path. `what` names them in errors.

        Raises OutsideError if their digest is another, and then stores nothing.
        """
        path = self._blob_path(digest)
        hasher = hashlib.sha256()
        with self._writing(), replacing(path) as stream:
            for chunk in chunks:
                hasher.update(chunk)
                stream.write(chunk)
            if hasher.hexdigest() != digest.hex:
                raise failures.wrong_content(what, Digest(hasher.hexdigest()), digest)
        return path

    def store(self, chunks: Iterable[bytes]) -> tuple[Digest, int]:
        """Store bytes whose digest is not known yet; return it and their size."""
        hasher, size = hashlib.sha256(), 0
        # At the root, as the folder of the blob is known only when its digest is.
        with self._writing(), temporary_beside(self.root / "blob") as temporary:
            for chunk in chunks:
                hasher.update(chunk)
                size += len(chunk)
                temporary.stream.write(chunk)
            # Only a whole blob on the disk gets its name, for `has_blob` looks at the name alone.
            temporary.finish(0o644)
            digest = Digest(hasher.hexdigest())
            path = self._blob_path(digest)
            with made_parents(path):
                temporary.path.replace(path)
        return digest, size

    @contextmanager
    def partial(self, digest: Digest) -> Iterator[PartialBlob | None]:
        """Open the part of a blob that arrived before, to continue it; None while another process or thread does so.

        At the end of the block it becomes the blob if it is whole. Otherwise it is kept for the next time unless it is
        small; `prune` removes one that is never continued.
        """
        with self._writing(), open_partial(self._blob_path(digest), digest) as part:
            yield part

    def fill(self, digest: Digest, arriving: Callable[[int], Generator[tuple[int, bytes]]], *, what: str) -> None:
        """Store a blob that arrives from elsewhere, continuing where an earlier try ended.

        `arriving` takes the position to start from, and yields chunks with their positions, from 0 if it cannot start
        there. What arrives is kept for the next time if the transfer breaks. `what` names the blob in errors. Raises
        OutsideError if its digest is another, and then keeps nothing.
        """
        with self.partial(digest) as part:
            # Waiting for the other could take as long as its transfer, so the blob is transferred twice.
            if part is None:
                with closing(arriving(0)) as chunks:
                    self.store_verified((chunk for _, chunk in chunks), digest, what=what)
                return
            while not part.is_whole:
                before = part.size
                try:
                    with closing(arriving(before)) as chunks:
                        for start, chunk in chunks:
                            if start == 0:
                                # The server began at 0 although it was asked for the rest.
                                part.restart()
                            part.write(chunk)
                except RemoteError:
                    raise  # The transfer broke: the part stays, and the next try continues it.
                except CompError:
                    # The content was refused, so that its beginning is not worth keeping.
                    part.restart()
                    raise
                if part.is_whole:
                    return
                actual = part.digest
                part.restart()
                # The earlier part may be of another file, or damaged: try once more from the beginning.
                if not before:
                    raise failures.wrong_content(what, actual, digest)

    def recall(self, form: type[R], key: object) -> R | None:
        """Return the record of this class for `key` (any JSON value); None if it is missing or does not fit."""
        path = self._record_path(form, key)
        try:
            return form.from_dict(json.loads(path.read_bytes())) if self.use(path) else None
        except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
            # A record is only a shortcut: what was derived once can be derived again.
            return None
        except OSError as error:
            raise failures.unreadable_cache(self.root, error) from error

    def remember(self, key: object, record: Record) -> None:
        """Keep a record for `key`, without any login in it. A cache that is read-only keeps none, and warns once."""
        # Cleaned here, since a record may hold addresses, and stays on the disk.
        data = canonical_json(clean(record.to_dict()), ascii_only=True)
        try:
            with self._writing():
                # A record that a crash of the machine emptied counts as absent, so it need not wait for the disk: that
                # takes milliseconds, and a build writes up to fifty records.
                write_bytes(self._record_path(type(record), key), data, synced=False)
        except MachineError as error:
            # What lies in it still helps: machines may share a volume that one of them fills.
            if not failures.is_read_only(error):
                raise
            with self._turns.of("warning"):
                if not self._warned:
                    log.warning("%s: what this command finds out is not kept", error.message)
                    self._warned = True

    def recall_or_make(
        self, form: type[R], key: object, make: Callable[[], R], *, counted: TallyKind | None = None
    ) -> R:
        """Return the record for `key`; if it is missing, make and keep it. One thread makes it, the others wait.

        It is `counted` in the tally as a thing of that kind.
        """
        path = self._record_path(form, key)
        # A build asks for many of them twice, and the builds of a collection ask for the same.
        if path in self._known:
            return cast("R", self._known[path])
        known = self.recall(form, key)
        if counted:
            self.tally.note(counted, path, hit=known is not None)
        if known is None:
            with self.turn(path):
                known = self.recall(form, key)
                if known is None:
                    known = make()
                    self.remember(key, known)
        self._known[path] = known
        return known

    def turn(self, *key: Hashable) -> AbstractContextManager[None]:
        """Hold the turn of this process at making something for the cache; see `Turns`."""
        return self._turns.of(key)

    def adopt(self, path: Path, record: bytes) -> None:
        """Keep a record that another cache had at this path."""
        with self._writing():
            write_bytes(path, record, synced=False)

    def entries(self) -> "Iterator[CacheEntry]":
        """List what is here, in order of path."""
        # Imported here and below: builds, which use the cache most, never prune.
        from toolkit.cache.pruning import list_entries

        return list_entries(self.root)

    def damaged(self) -> "Iterator[CacheEntry]":
        """List the blobs whose bytes no longer have the digest that is their name."""
        from toolkit.cache.pruning import damaged_blobs

        return damaged_blobs(self.root)

    def prune(self, *, older_than: float) -> "tuple[CacheEntry, ...]":
        """Remove what was not used for `older_than` seconds, and what dead processes left; return what was removed.

        What a process is writing stays, whatever its age. While another process uses the cache, what was used in the
        last day stays too.
        """
        from toolkit.cache import pruning

        with self._writing(), self._lock.alone() as alone:
            return pruning.prune(self.root, older_than=older_than, alone=alone)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Share the lock, and turn failures of the disk into one error."""
        self._lock.share()
        try:
            yield
            # The cache may be new.
            self._lock.share()
        except (ConnectionError, TimeoutError):
            raise  # From where the bytes come, not from the disk.
        except (OSError, MachineError) as error:
            raise failures.unwritable_cache(self.root, error) from error

    def _blob_path(self, digest: Digest) -> Path:
        """Return where a blob lies, without counting it as used."""
        return self.root / "blobs" / "sha256" / digest.hex[:2] / digest.hex

    def _record_path(self, form: type[Record], key: object) -> Path:
        """Return where the record of this class for `key` lies."""
        # Escaped, since a key may hold a path that is not UTF-8.
        name = Digest.of(canonical_json(key, ascii_only=True)).hex
        return self.root / "records" / form.KIND / name[:2] / f"{name}.json"
