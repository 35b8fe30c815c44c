"""Bytecode of wheels, kept in the cache: compiled once for each wheel, Python and zlib.

A blob holds the deflate streams of a wheel's `.pyc` files, then what they are as JSON, then the length of that.
"""

import json
import logging
import os
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from toolkit.cache import Cache
from toolkit.errors import OutsideError
from toolkit.oci.image import Image
from toolkit.oci.layer import Stream
from toolkit.progress import Progress, Report
from toolkit.python.base import BaseFacts
from toolkit.python.bytecode.interpreter import Interpreter, of_this_machine, runs_here, unpack
from toolkit.python.install import VENV, InstalledFile, placed_files
from toolkit.python.wheels import OpenWheel, Wheel, cache_suspected, open_wheel
from toolkit.threads import threads

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger(__name__)

# Raise it with any change of the program or the choice of files; it is part of what bytecode is known by.
BYTECODE_VERSION = 4

_SOURCE = struct.Struct("<II")
_RESULT = struct.Struct("<III")
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
_Work = list[tuple[list[InstalledFile], "Future[bytes]"]]


class Base(Protocol):
    """A base that wheels are compiled for: its image, and what is known of it."""

    @property
    def image(self) -> Image: ...  # noqa: D102 (the class says it)
    @property
    def facts(self) -> BaseFacts: ...  # noqa: D102


class Compiler:
    """Compiles for the bases of one build, with what interpreters can be had. Use it as a context manager.

    Work begins when wheels are announced, which may be done from several threads. Interpreters are unpacked when one
    is first needed, and removed at the end.
    """

    def __init__(self, bases: Sequence[Base], cache: Cache, report: Report) -> None:
        self._bases = bases
        self._cache = cache
        self._report = report
        self._stack = ExitStack()
        self._lock = threading.RLock()
        self._made: dict[str, tuple[Interpreter, str] | None] = {}
        self._work: dict[str, _Work] = {}
        self._folder: Path
        self._pool: ThreadPoolExecutor

    def __enter__(self) -> Self:
        # Before the threads, so that it outlives them.
        self._folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="comp-python-", ignore_cleanup_errors=True))
        )
        self._folder.chmod(0o755)
        self._pool = self._stack.enter_context(threads(os.cpu_count() or 1))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def prepare(self) -> None:
        """Begin to find out what compiles: of a base that is seen for the first time, that takes a while."""
        for base in self._bases:
            self._pool.submit(self._versions, base)

    def announce(self, wheel: Wheel, base: Base) -> None:
        """Begin to compile a wheel for a base, unless the cache has its bytecode or nothing can compile it.

        Raises InputError for a wheel that cannot be read.
        """
        with self._lock:
            versions = self._versions(base)
            if versions is None or self._known(wheel, base, versions):
                return
            interpreter = self._interpreter(base)
            if wheel.sha256 in self._work or interpreter is None:
                return
            work = self._work[wheel.sha256] = []
        call = partial(_run, interpreter, wheel, versions)
        work += [(files, self._pool.submit(call, files)) for files in _batches(wheel, base.facts.minor)]

    def compile(self, wheels: Sequence[Wheel], base: Base) -> tuple[Bytecode, ...] | None:
        """Give the bytecode of the wheels for a base, as far as they have modules; None without an interpreter.

        Raises OutsideError when the interpreter fails.
        """
        versions = self._versions(base)
        if versions is None:
            return None
        found = {wheel.sha256: self._known(wheel, base, versions) for wheel in wheels}
        missing = [wheel for wheel in wheels if not found[wheel.sha256]]
        for wheel in missing:
            self.announce(wheel, base)
        batches = [files for wheel in missing for files, _ in self._work.get(wheel.sha256, ())]
        advance = self._advancing(sum(map(len, batches)))
        for wheel in missing:
            found[wheel.sha256] = self._finished(wheel, base, versions, advance)
        return tuple(bytecode for bytecode in found.values() if bytecode)

    def _advancing(self, total: int) -> Callable[[int], None]:
        """Give a function that reports that so many more modules are compiled."""
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self._report(Progress(task="bytecode", done=done, total=total, unit="modules"))

        return advance

    def _finished(self, wheel: Wheel, base: Base, versions: str, advance: Callable[[int], None]) -> Bytecode:
        work = self._work.pop(wheel.sha256, None)
        if work is None:
            raise OutsideError(
                "the interpreter that compiled before does not run any more",
                hint="`bytecode = false` in [tool.comp] leaves bytecode out; another COMP_CACHE_DIR looks for one anew",
            )
        sha256, _ = self._cache.keep_blob(_blob(work, advance))
        self._cache.write_record("bytecode", _key(wheel, base, versions), {"sha256": sha256})
        return self._bytecode(wheel, sha256)

    def _known(self, wheel: Wheel, base: Base, versions: str) -> Bytecode | None:
        record = self._cache.record("bytecode", _key(wheel, base, versions))
        sha256 = str((record or {}).get("sha256", ""))
        return self._bytecode(wheel, sha256) if sha256 and self._cache.has_blob(sha256) else None

    def _bytecode(self, wheel: Wheel, sha256: str) -> Bytecode:
        return Bytecode(wheel=wheel.filename, sha256=sha256, path=self._cache.blob_path(sha256))

    def _versions(self, base: Base) -> str | None:
        """Tell which Python and zlib compile for a base, without unpacking what is known."""
        with self._lock:
            return self._found_versions(base)

    def _found_versions(self, base: Base) -> str | None:
        for helper in self._helpers(base):
            key = {"image": str(helper.image.digest), "python": helper.facts.python, "program": BYTECODE_VERSION}
            versions = (self._cache.record("interpreter", key) or {}).get("versions")
            if not isinstance(versions, str):
                found = self._unpacked(helper)
                if found is None:
                    # Not noted: what kept it from running may be gone the next time.
                    continue
                versions = found[1]
                self._cache.write_record("interpreter", key, {"versions": versions})
            if versions.split(" ")[0] == base.facts.version:
                return versions
        ours = self._ours(base.facts.version)
        return ours[1] if ours else None

    def _interpreter(self, base: Base) -> Interpreter | None:
        unpacked = (found for helper in self._helpers(base) if (found := self._unpacked(helper)))
        found = next(unpacked, None) or self._ours(base.facts.version)
        return found[0] if found else None

    def _helpers(self, base: Base) -> Iterator[Base]:
        """List the bases whose interpreter runs here and is of the version: bytecode is the same on every processor."""
        for helper in (base, *self._bases):
            if runs_here(helper.image) and helper.facts.version == base.facts.version:
                yield helper

    def _unpacked(self, base: Base) -> tuple[Interpreter, str] | None:
        """Give the interpreter of a base with its versions; None when it does not run."""
        name = str(base.image.digest)
        if name not in self._made:
            folder = self._folder / str(len(self._made))
            folder.mkdir()
            folder.chmod(0o755)
            self._made[name] = _that_runs(unpack(base.image, base.facts, folder))
        return self._made[name]

    def _ours(self, version: str) -> tuple[Interpreter, str] | None:
        if version not in self._made:
            self._made[version] = _that_runs(of_this_machine(version))
        return self._made[version]


def _that_runs(interpreter: Interpreter | None) -> tuple[Interpreter, str] | None:
    versions = interpreter.versions() if interpreter else None
    return (interpreter, versions) if interpreter and versions else None


def compiled_files(bytecode: Bytecode) -> Iterator[CompiledFile]:
    """List what a blob holds, in order of path. Raises OutsideError when the cache lost it."""
    try:
        size = bytecode.path.stat().st_size
        (length,) = _TRAILER.unpack(_read(bytecode.path, size - _TRAILER.size, _TRAILER.size))
        listed = json.loads(_read(bytecode.path, size - _TRAILER.size - length, length))
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


def _key(wheel: Wheel, base: Base, versions: str) -> Mapping[str, object]:
    return {
        "wheel": wheel.sha256,
        "versions": versions,
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


def _run(interpreter: Interpreter, wheel: Wheel, versions: str, files: Sequence[InstalledFile]) -> bytes:
    """Compile one batch; return the results as the program gives them, without their first line."""
    frames = []
    members = tuple(file.member for file in files if file.member)
    # What else the wheel holds was looked at when the batches were made.
    with cache_suspected((wheel,)), wheel.path.open("rb") as stream:
        opened = OpenWheel(wheel, stream, members)
        for file in files:
            source = opened.read(file.member) if file.member else b""
            path = f"/{file.path}".encode()
            frames += [_SOURCE.pack(len(path), len(source)), path, source]
    try:
        said, _, results = interpreter.compile(b"".join(frames)).partition(b"\n")
    except (OSError, subprocess.SubprocessError) as error:
        raise OutsideError(
            f"the base's Python cannot compile {wheel.filename}: {error}",
            hint="`bytecode = false` in [tool.comp] leaves bytecode out",
        ) from error
    if said.decode() != versions:
        raise OutsideError(f"the base's Python says that it is {said!r}, expected {versions}")
    return results


def _blob(parts: _Work, advance: Callable[[int], None]) -> Iterator[bytes]:
    listed: list[tuple[str, int, int, int]] = []
    for files, future in parts:
        results, position = future.result(), 0
        advance(len(files))
        for file in files:
            plain, crc, deflated = _RESULT.unpack_from(results, position)
            position += _RESULT.size
            if deflated:
                listed.append((compiled_path(file.path), deflated, plain, crc))
                yield results[position : position + deflated]
            position += deflated
    index = json.dumps(listed, separators=(",", ":")).encode()
    yield index + _TRAILER.pack(len(index))


def compiled_path(path: str) -> str:
    """Say where Python looks for the bytecode of a source in site-packages (PEP 3147)."""
    folder, _, name = path.rpartition("/")
    tag = path.removeprefix(f"{VENV}/lib/python").partition("/")[0].replace(".", "")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-{tag}.pyc"
