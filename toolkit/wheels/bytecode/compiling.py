"""Bytecode of wheels, kept in the cache: compiled once for each wheel and interpreter.

The identity of an interpreter is a hash of all its files, so bytecode that a base's own one compiled serves only bases
with the very same one. A blob holds the deflate streams of a wheel's `.pyc` files, then their index as JSON, then the
length of that.
"""

import json
import logging
import os
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from msgspec import Struct

from toolkit.cache.failures import unreadable
from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.image_paths import VENV, site_packages
from toolkit.jail.consent import Consent
from toolkit.oci.file import File, Stream
from toolkit.progress import Progress, Report, silent
from toolkit.python.target import Base
from toolkit.system import temporary
from toolkit.system.threads import threads
from toolkit.system.turns import Turns
from toolkit.wheels.bytecode.choosing import BYTECODE_VERSION, Chosen, Interpreters, Known
from toolkit.wheels.bytecode.interpreter import DoesNotRunError, TooMuchError
from toolkit.wheels.bytecode.results import SOURCE, Result, read_results
from toolkit.wheels.install import PlacedFile, placed_files
from toolkit.wheels.wheel import OpenWheel, Wheel, cache_suspected, open_wheel

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger(__name__)

_TRAILER = struct.Struct("<Q")
# Sources of one call, in bytes: enough that starting an interpreter does not count.
_BATCH = 3_000_000
# Pipelines do not import them, and they are half of pandas (docs/decisions/0014-bytecode.md).
_NEVER_IMPORTED = {"test", "tests"}


class Bytecode(Struct, frozen=True, kw_only=True):
    """The bytecode of one wheel, as a blob in the cache."""

    wheel: str
    digest: Digest
    path: Path

    @property
    def is_empty(self) -> bool:
        """Whether the wheel had no modules to compile."""
        return self.path.stat().st_size <= len("[]") + _TRAILER.size


class _Compiled(Record, frozen=True, kw_only=True):
    """The blob with the bytecode of a wheel, as one interpreter makes it."""

    KIND: ClassVar[str] = "bytecode"

    digest: Digest


# A wheel, and the full version of the Python that compiles it: the bases of one build may have different ones.
_Job = tuple[Digest, str]
# The batches of a wheel: sources, and the results to come.
_Work = list[tuple[list[PlacedFile], "Future[list[Result]]"]]


class Compilers:
    """The compilers of one command, in which builds on the same bases share all work. Use it as a context manager.

    Interpreters are unpacked when one is first needed, and removed at the end.
    """

    def __init__(self, cache: Cache, consent: Consent | None = None) -> None:
        self._cache = cache
        self.consent = consent or Consent()
        self._stack = ExitStack()
        self._guard = threading.Lock()
        self._works: dict[object, _SharedWork] = {}
        self._folder: Path
        self._pool: ThreadPoolExecutor

    def __enter__(self) -> Self:
        # Before the threads, so that it outlives them.
        self._folder = self._stack.enter_context(temporary.folder("python"))
        self._folder.chmod(0o755)
        self._pool = self._stack.enter_context(threads(os.cpu_count() or 1))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def of(self, bases: Sequence[Base], report: Report = silent) -> "Compiler":
        """Return the compiler for a build on these bases; one may compile for another."""
        key = tuple((base.itself.digest, base.facts.python, base.facts.version) for base in bases)
        with self._guard:
            if key not in self._works:
                folder = self._folder / str(len(self._works))
                folder.mkdir()
                # The interpreter may run as another user (65534), who has to be able to enter the folder.
                folder.chmod(0o755)
                self._works[key] = _SharedWork(Interpreters(self._cache, self.consent, folder, bases))
            return Compiler(self._cache, report, self._works[key], self._pool)


class _SharedWork:
    """The interpreters for some bases, and the wheels that they compile now."""

    def __init__(self, interpreters: Interpreters) -> None:
        # It guards the interpreters, which are not safe to share between threads.
        self.lock = threading.RLock()
        self.interpreters = interpreters
        # One thread begins with a wheel and one keeps its bytecode, whichever builds need it.
        self.turns = Turns()
        self.under_way: dict[_Job, _Work] = {}


class Compiler:
    """Compiles for the bases of one build, with the interpreters at hand. `Compilers` makes it.

    Work begins when wheels are announced, which may be done from several threads.
    """

    def __init__(self, cache: Cache, report: Report, work: _SharedWork, pool: "ThreadPoolExecutor") -> None:
        self._cache = cache
        self._report = report
        self._work = work
        self._pool = pool

    def prepare(self) -> None:
        """Begin to look for interpreters for the bases, which takes a while for a base that is new."""
        for base in self._work.interpreters.bases:
            self._pool.submit(self._prepared, base)

    def announce(self, wheel: Wheel, base: Base) -> None:
        """Begin to compile a wheel for a base, unless the cache has its bytecode or nothing can compile it.

        Raises InputError for a wheel that cannot be read.
        """
        work, job = self._work, _job(wheel, base)
        if job in work.under_way:
            return
        # Reading a wheel takes a while: others wait, so that they do not take a part of its batches for all.
        with work.turns.of(job):
            if job in work.under_way or self._kept(wheel, base):
                return
            chosen = self._choose(base)
            if chosen:
                call = partial(_compiled, chosen, wheel)
                work.under_way[job] = [
                    (files, self._pool.submit(call, files)) for files in _batches(wheel, base.facts.minor)
                ]

    def compile(self, wheels: Sequence[Wheel], base: Base) -> tuple[Bytecode, ...] | None:
        """Return the bytecode of those wheels that have modules; None without an interpreter.

        Raises OutsideError when the interpreter fails.
        """
        found = {wheel.digest: self._kept(wheel, base) for wheel in wheels}
        missing = [wheel for wheel in wheels if not found[wheel.digest]]
        chosen = self._choose(base) if missing else None
        if missing and chosen is None:
            return None
        for wheel in wheels:
            self._cache.tally.note("bytecode", (wheel.digest, base.itself.digest), hit=found[wheel.digest] is not None)
        for wheel in missing:
            self.announce(wheel, base)
        batches = [files for wheel in missing for files, _ in self._work.under_way.get(_job(wheel, base), ())]
        advance = self._advancing(sum(map(len, batches)))
        for wheel in missing:
            if chosen:
                found[wheel.digest] = self._finished(wheel, base, chosen.known, advance)
        return tuple(bytecode for bytecode in found.values() if bytecode)

    def refusal(self, base: Base) -> str | None:
        """Return why the base's own interpreter does not compile; None when it does, or is for another machine."""
        return self._work.interpreters.refusal(base)

    def _prepared(self, base: Base) -> None:
        """Begin with the first interpreter that can compile for a base."""
        with self._work.lock:
            # The generator works only when asked; its first answer is what takes the time.
            next(self._work.interpreters.known(base), None)

    def _choose(self, base: Base) -> Chosen | None:
        """Return the interpreter that compiles for a base. None without one."""
        with self._work.lock:
            return self._work.interpreters.choose(base)

    def _advancing(self, total: int) -> Callable[[int], None]:
        """Return a function that adds to the number of compiled modules, and reports it."""
        done = 0

        def advance(count: int) -> None:
            """Count modules that were compiled, and report them."""
            nonlocal done
            done += count
            self._report(Progress(task="bytecode", done=done, total=total, unit="modules"))

        return advance

    def _finished(self, wheel: Wheel, base: Base, known: Known, advance: Callable[[int], None]) -> Bytecode:
        """Wait for a wheel's results, and keep them as a blob; or take the blob that another build kept meanwhile."""
        work, job = self._work, _job(wheel, base)
        with work.turns.of(job):
            # Another build may have failed over it, or the cache lost it: then it begins again.
            self.announce(wheel, base)
            if job not in work.under_way and (kept := self._kept(wheel, base)):
                return kept
            try:
                digest, _ = self._cache.store(_blob(work.under_way[job], advance))
                self._cache.remember(_key(wheel, base, known), _Compiled(digest=digest))
            finally:
                # After the record: others find one of the two.
                del work.under_way[job]
        return self._bytecode(wheel, digest)

    def _kept(self, wheel: Wheel, base: Base) -> Bytecode | None:
        """Return a wheel's bytecode from the cache, if one of the interpreters that can compile it made it."""
        with self._work.lock:
            for known in self._work.interpreters.known(base):
                record = self._cache.recall(_Compiled, _key(wheel, base, known))
                if record and self._cache.has_blob(record.digest):
                    return self._bytecode(wheel, record.digest)
        return None

    def _bytecode(self, wheel: Wheel, digest: Digest) -> Bytecode:
        """Return the record of a blob."""
        return Bytecode(wheel=wheel.filename, digest=digest, path=self._cache.blob_path(digest))


def compiled_files(bytecode: Bytecode) -> Iterator[File]:
    """List what a blob holds, in order of path. Raises OutsideError when the cache lost it."""
    try:
        size = bytecode.path.stat().st_size
        (length,) = _TRAILER.unpack(_read(bytecode.path, size - _TRAILER.size, _TRAILER.size))
        listed = json.loads(_read(bytecode.path, size - _TRAILER.size - length, length))
    # A blob that is gone is lost, and the build begins again; one that is damaged would stay so.
    except FileNotFoundError as error:
        raise unreadable(f"the bytecode of {bytecode.wheel} in the cache", error) from error
    except (OSError, ValueError, struct.error) as error:
        raise OutsideError(
            f"the bytecode of {bytecode.wheel} is damaged in the cache", hint="`comp cache verify`, then build again"
        ) from error
    start = 0
    for path, deflated, plain, crc in listed:
        chunks = partial(_piece, bytecode.path, start, deflated)
        place = (bytecode.digest, start)
        content = Stream(chunks=chunks, size=plain, crc=crc, raw=True, place=place)
        yield File(path=path, content=content, origin=f"the bytecode of {bytecode.wheel}")
        start += deflated


def _piece(path: Path, start: int, length: int) -> Iterator[bytes]:
    """Yield one part of a blob."""
    yield _read(path, start, length)


def _read(path: Path, start: int, length: int) -> bytes:
    """Return one part of a blob."""
    with path.open("rb") as stream:
        stream.seek(start)
        return stream.read(length)


def _job(wheel: Wheel, base: Base) -> _Job:
    """Return what tells the compilation of a wheel from others under way."""
    return wheel.digest, base.facts.version


def _key(wheel: Wheel, base: Base, known: Known) -> Mapping[str, object]:
    """Return everything that decides the bytecode of a wheel."""
    return {
        "wheel": wheel.digest.hex,
        "interpreter": known.identity,
        "versions": known.versions,
        "minor": base.facts.minor,
        "program": BYTECODE_VERSION,
    }


def _batches(wheel: Wheel, minor: str) -> Iterator[list[PlacedFile]]:
    """Divide the modules of a wheel, in order of path, into batches of about the same size."""
    with cache_suspected((wheel,)), open_wheel(wheel) as opened:
        files = [placed for placed in placed_files(opened, minor=minor) if _is_module(placed, minor)]
    batch: list[PlacedFile] = []
    size = 0
    # The order of the batches is that of the blob, so it must not depend on the archive's.
    for placed in sorted(files, key=lambda placed: placed.file.path):
        batch.append(placed)
        size += placed.file.size
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _is_module(placed: PlacedFile, minor: str) -> bool:
    """Return whether a file is a module to compile: from the wheel, in site-packages, not of a test."""
    folder, path = f"{site_packages(minor)}/", placed.file.path
    inner = path.removeprefix(folder).split("/")[:-1]
    return (
        placed.member is not None
        and path.startswith(folder)
        and path.endswith(".py")
        and _NEVER_IMPORTED.isdisjoint(inner)
    )


def _compiled(chosen: Chosen, wheel: Wheel, files: Sequence[PlacedFile]) -> list[Result]:
    """Compile one batch. A source that needs too much memory or time is left out, with a warning."""
    try:
        answer = chosen.interpreter.compile(_sources(wheel, files))
        return read_results(answer, len(files), chosen.known.versions)
    except DoesNotRunError as error:
        raise OutsideError(
            f"the base's Python cannot compile {wheel.filename}: {error}",
            hint="`bytecode = false` in [tool.comp] leaves bytecode out",
        ) from error
    except TooMuchError as error:
        if len(files) == 1:
            name = files[0].file.path.rpartition("/site-packages/")[2]
            log.warning("%s of %s has no bytecode: %s", name, wheel.filename, error)
            return [Result()]
    # One of them is the cause; halve the batch to find it, and compile the others.
    middle = len(files) // 2
    halves = (_compiled(chosen, wheel, half) for half in (files[:middle], files[middle:]))
    return [result for half in halves for result in half]


def _sources(wheel: Wheel, files: Sequence[PlacedFile]) -> bytes:
    """Return sources in the form that program.py reads."""
    frames = []
    members = tuple(member for _, member in files if member)
    # The other members were checked when the batches were made.
    with cache_suspected((wheel,)), wheel.path.open("rb") as stream:
        opened = OpenWheel(wheel, stream, members)
        for file, member in files:
            source = opened.read(member) if member else b""
            path = f"/{file.path}".encode()
            frames += [SOURCE.pack(len(path), len(source)), path, source]
    return b"".join(frames)


def _blob(parts: _Work, advance: Callable[[int], None]) -> Iterator[bytes]:
    """Yield the content of a blob, each batch when it is compiled."""
    listed: list[tuple[str, int, int, int]] = []
    for files, future in parts:
        results = future.result()
        advance(len(files))
        for placed, result in zip(files, results, strict=True):
            # A source that does not compile has no bytecode, and Python reports it when it is imported.
            if result.deflated:
                listed.append((compiled_path(placed.file.path), len(result.deflated), result.plain, result.crc))
                yield result.deflated
    index = json.dumps(listed, separators=(",", ":")).encode()
    yield index + _TRAILER.pack(len(index))


def compiled_path(path: str) -> str:
    """Return the path of the bytecode of a source in site-packages (PEP 3147)."""
    folder, _, name = path.rpartition("/")
    tag = path.removeprefix(f"{VENV}/lib/python").partition("/")[0].replace(".", "")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-{tag}.pyc"
