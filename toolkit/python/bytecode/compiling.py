"""Bytecode of wheels, kept in the cache: compiled once for each wheel and interpreter.

An interpreter is known by the hash of all files that make it up, so what a base's own one compiled serves only bases
that have the very same one. A blob holds the deflate streams of a wheel's `.pyc` files, then what they are as JSON,
then the length of that.
"""

import json
import logging
import os
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from toolkit import temporary
from toolkit.cache import Cache, unreadable
from toolkit.errors import OutsideError
from toolkit.jail.consent import Consent
from toolkit.oci.layer import Stream
from toolkit.progress import Progress, Report
from toolkit.python.bytecode.choosing import BYTECODE_VERSION, Base, Chosen, Interpreters, Known
from toolkit.python.bytecode.interpreter import DoesNotRunError, TooMuchError
from toolkit.python.bytecode.results import SOURCE, Result, read_results
from toolkit.python.install import VENV, InstalledFile, placed_files
from toolkit.python.wheels import OpenWheel, Wheel, cache_suspected, open_wheel
from toolkit.threads import threads

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger(__name__)

_TRAILER = struct.Struct("<Q")
# Sources of one call, in bytes: enough that starting an interpreter does not count.
_BATCH = 3_000_000
_NEVER_IMPORTED = {"test", "tests"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bytecode:
    """What was compiled of one wheel, as a blob in the cache. `sha256` identifies its content."""

    wheel: str
    sha256: str
    path: Path

    @property
    def is_empty(self) -> bool:
        """Tell whether the wheel had no modules to compile."""
        return self.path.stat().st_size <= len("[]") + _TRAILER.size


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledFile:
    """One `.pyc` below the root of the image, without a leading slash, and its content."""

    path: str
    content: Stream


# The batches of a wheel: sources, and the results to come.
_Work = list[tuple[list[InstalledFile], "Future[list[Result]]"]]


class Compiler:
    """Compiles for the bases of one build, with what interpreters can be had. Use it as a context manager.

    Work begins when wheels are announced, which may be done from several threads. Interpreters are unpacked when one
    is first needed, and removed at the end.
    """

    def __init__(self, bases: Sequence[Base], cache: Cache, report: Report, consent: Consent | None = None) -> None:
        self._bases = bases
        self._cache = cache
        self._report = report
        self._consent = consent or Consent()
        self._stack = ExitStack()
        self._lock = threading.RLock()
        self._work: dict[str, _Work] = {}
        self._interpreters: Interpreters
        self._pool: ThreadPoolExecutor

    def __enter__(self) -> Self:
        # Before the threads, so that it outlives them.
        folder = self._stack.enter_context(temporary.folder("python"))
        folder.chmod(0o755)
        self._interpreters = Interpreters(self._bases, self._cache, self._consent, folder)
        self._pool = self._stack.enter_context(threads(os.cpu_count() or 1))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def prepare(self) -> None:
        """Begin to find out what compiles: of a base that is seen for the first time, that takes a while."""
        for base in self._bases:
            self._pool.submit(self._prepared, base)

    def announce(self, wheel: Wheel, base: Base) -> None:
        """Begin to compile a wheel for a base, unless the cache has its bytecode or nothing can compile it.

        Raises InputError for a wheel that cannot be read.
        """
        with self._lock:
            if wheel.sha256 in self._work or self._kept(wheel, base):
                return
            chosen = self._interpreters.choose(base)
            if chosen is None:
                return
            work = self._work[wheel.sha256] = []
        call = partial(_compiled, chosen, wheel)
        work += [(files, self._pool.submit(call, files)) for files in _batches(wheel, base.facts.minor)]

    def compile(self, wheels: Sequence[Wheel], base: Base) -> tuple[Bytecode, ...] | None:
        """Give the bytecode of the wheels for a base, as far as they have modules; None without an interpreter.

        Raises OutsideError when the interpreter fails.
        """
        with self._lock:
            found = {wheel.sha256: self._kept(wheel, base) for wheel in wheels}
            missing = [wheel for wheel in wheels if not found[wheel.sha256]]
            chosen = self._interpreters.choose(base) if missing else None
        if missing and chosen is None:
            return None
        for wheel in missing:
            self.announce(wheel, base)
        batches = [files for wheel in missing for files, _ in self._work.get(wheel.sha256, ())]
        advance = self._advancing(sum(map(len, batches)))
        for wheel in missing:
            if chosen:
                found[wheel.sha256] = self._finished(wheel, base, chosen.known, advance)
        return tuple(bytecode for bytecode in found.values() if bytecode)

    def refusal(self, base: Base) -> str | None:
        """Say why the base's own interpreter does not compile; None when it does, or is for another machine."""
        return self._interpreters.refusal(base)

    def _prepared(self, base: Base) -> None:
        with self._lock:
            next(self._interpreters.known(base), None)

    def _advancing(self, total: int) -> Callable[[int], None]:
        """Give a function that reports that so many more modules are compiled."""
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self._report(Progress(task="bytecode", done=done, total=total, unit="modules"))

        return advance

    def _finished(self, wheel: Wheel, base: Base, known: Known, advance: Callable[[int], None]) -> Bytecode:
        sha256, _ = self._cache.keep_blob(_blob(self._work.pop(wheel.sha256), advance))
        self._cache.write_record("bytecode", _key(wheel, base, known), {"sha256": sha256})
        return self._bytecode(wheel, sha256)

    def _kept(self, wheel: Wheel, base: Base) -> Bytecode | None:
        """Look for the bytecode of a wheel in the cache, as one of the interpreters that may compile it makes it."""
        for known in self._interpreters.known(base):
            record = self._cache.record("bytecode", _key(wheel, base, known))
            sha256 = str((record or {}).get("sha256", ""))
            if sha256 and self._cache.has_blob(sha256):
                return self._bytecode(wheel, sha256)
        return None

    def _bytecode(self, wheel: Wheel, sha256: str) -> Bytecode:
        return Bytecode(wheel=wheel.filename, sha256=sha256, path=self._cache.blob_path(sha256))


def compiled_files(bytecode: Bytecode) -> Iterator[CompiledFile]:
    """List what a blob holds, in order of path. Raises OutsideError when the cache lost it."""
    try:
        size = bytecode.path.stat().st_size
        (length,) = _TRAILER.unpack(_read(bytecode.path, size - _TRAILER.size, _TRAILER.size))
        listed = json.loads(_read(bytecode.path, size - _TRAILER.size - length, length))
    except FileNotFoundError as error:
        raise unreadable(f"the bytecode of {bytecode.wheel} in the cache", error) from error
    except (OSError, ValueError, struct.error) as error:
        raise OutsideError(
            f"the bytecode of {bytecode.wheel} is damaged in the cache", hint="`comp cache verify`, then build again"
        ) from error
    start = 0
    for path, deflated, plain, crc in listed:
        chunks = partial(_piece, bytecode.path, start, deflated)
        place = (bytecode.sha256, start)
        yield CompiledFile(path=path, content=Stream(chunks=chunks, size=plain, crc=crc, raw=True, place=place))
        start += deflated


def _piece(path: Path, start: int, length: int) -> Iterator[bytes]:
    yield _read(path, start, length)


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(start)
        return stream.read(length)


def _key(wheel: Wheel, base: Base, known: Known) -> Mapping[str, object]:
    return {
        "wheel": wheel.sha256,
        "interpreter": known.identity,
        "versions": known.versions,
        "minor": base.facts.minor,
        "prefix": VENV,
        "program": BYTECODE_VERSION,
    }


def _batches(wheel: Wheel, minor: str) -> Iterator[list[InstalledFile]]:
    """Divide the modules of a wheel, in order of path, into batches of about the same size."""
    with cache_suspected((wheel,)), open_wheel(wheel) as opened:
        files = [file for file in placed_files(opened, minor=minor) if _is_module(file, minor)]
    batch: list[InstalledFile] = []
    size = 0
    for file in sorted(files, key=lambda file: file.path):
        batch.append(file)
        size += file.member.size if file.member else 0
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _is_module(file: InstalledFile, minor: str) -> bool:
    folder = f"{VENV}/lib/python{minor}/site-packages/"
    inner = file.path.removeprefix(folder).split("/")[:-1]
    return (
        file.member is not None
        and file.path.startswith(folder)
        and file.path.endswith(".py")
        and _NEVER_IMPORTED.isdisjoint(inner)
    )


def _compiled(chosen: Chosen, wheel: Wheel, files: Sequence[InstalledFile]) -> list[Result]:
    """Compile one batch. A source that takes too much stays uncompiled, and is named in a warning."""
    try:
        said = chosen.interpreter.compile(_sources(wheel, files))
        return read_results(said, len(files), chosen.known.versions)
    except DoesNotRunError as error:
        raise OutsideError(
            f"the base's Python cannot compile {wheel.filename}: {error}",
            hint="`bytecode = false` in [tool.comp] leaves bytecode out",
        ) from error
    except TooMuchError as error:
        if len(files) == 1:
            name = files[0].path.rpartition("/site-packages/")[2]
            log.warning("%s of %s has no bytecode: %s", name, wheel.filename, error)
            return [Result()]
    # One of them is to blame; those beside it are compiled as if it were not there.
    middle = len(files) // 2
    halves = (_compiled(chosen, wheel, half) for half in (files[:middle], files[middle:]))
    return [result for half in halves for result in half]


def _sources(wheel: Wheel, files: Sequence[InstalledFile]) -> bytes:
    """Write sources as the program reads them."""
    frames = []
    members = tuple(file.member for file in files if file.member)
    # What else the wheel holds was looked at when the batches were made.
    with cache_suspected((wheel,)), wheel.path.open("rb") as stream:
        opened = OpenWheel(wheel, stream, members)
        for file in files:
            source = opened.read(file.member) if file.member else b""
            path = f"/{file.path}".encode()
            frames += [SOURCE.pack(len(path), len(source)), path, source]
    return b"".join(frames)


def _blob(parts: _Work, advance: Callable[[int], None]) -> Iterator[bytes]:
    listed: list[tuple[str, int, int, int]] = []
    for files, future in parts:
        results = future.result()
        advance(len(files))
        for file, result in zip(files, results, strict=True):
            if result.deflated:
                listed.append((compiled_path(file.path), len(result.deflated), result.plain, result.crc))
                yield result.deflated
    index = json.dumps(listed, separators=(",", ":")).encode()
    yield index + _TRAILER.pack(len(index))


def compiled_path(path: str) -> str:
    """Say where Python looks for the bytecode of a source in site-packages (PEP 3147)."""
    folder, _, name = path.rpartition("/")
    tag = path.removeprefix(f"{VENV}/lib/python").partition("/")[0].replace(".", "")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-{tag}.pyc"
