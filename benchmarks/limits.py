"""Measure a lower bound for any builder on this machine: the work itself, done with the standard library.

    python -m benchmarks.limits [--stack torch]

Needs the package index. Fetches the wheels of a stack and measures on one core: hashing and inflating them, hashing
their content, compiling their modules, writing them to disk, and sending them over loopback. Prints a table, and the
least seconds that each step of a build takes with all cores busy.
"""

import argparse
import hashlib
import marshal
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from benchmarks.tools import STACKS, Stack

_CHUNK = 1 << 20
_MB = 1_000_000
_SKIPPED = {"test", "tests"}


class Limit(Struct, frozen=True, kw_only=True):
    """One kind of work: its bytes, and the seconds that one core takes for them."""

    name: str
    size: int
    seconds: float


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Measure a lower bound for builds.")
    parser.add_argument("--stack", choices=STACKS, default="scikit-learn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="comp-limits-") as temporary:
        folder = Path(temporary)
        started = time.perf_counter()
        wheels = _fetched(STACKS[options.stack], folder)
        fetching = time.perf_counter() - started
        found = {limit.name: limit for limit in _limits(wheels, folder)}
    print(f"{len(wheels)} wheels, fetched by pip in {fetching:.1f} s.\n")
    print("| work | MB | MB/s on one core | s |\n|---|---|---|---|")
    for limit in found.values():
        print(
            f"| {limit.name} | {limit.size / _MB:.0f} | {limit.size / _MB / limit.seconds:.0f} | {limit.seconds:.2f} |"
        )
    cores = os.cpu_count() or 1
    layers = sum(found[name].seconds for name in ("inflate", "sha256 of the content", "sha256 of the wheels"))
    sending = sum(found[name].seconds for name in ("loopback", "sha256 of the wheels"))
    compiling = found["compile"].seconds
    bounds = {"layers": layers / cores, "bytecode": compiling / cores, "push": sending / cores}
    print(f"\nWith {cores} cores always busy, a build from cached wheels takes at least")
    whole = sum(bounds.values())
    print(", ".join(f"{name} {bound:.2f} s" for name, bound in bounds.items()) + f": {whole:.2f} s.")
    print(f"That is {cores * whole:.2f} s of processor time.")
    return 0


def _fetched(stack: Stack, folder: Path) -> list[Path]:
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join(stack.requirements) + "\n")
    deps = ["--no-deps"] if stack.left_out else []
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--no-cache-dir", *deps]
    subprocess.run([*command, "--dest", str(folder / "wheels"), "-r", str(wanted)], check=True)
    return sorted((folder / "wheels").glob("*.whl"))


def _limits(wheels: Sequence[Path], folder: Path) -> Iterator[Limit]:
    packed = sum(wheel.stat().st_size for wheel in wheels)
    contents = [data for wheel in wheels for data in _contents(wheel)]
    plain = sum(map(len, contents))
    yield Limit(
        name="sha256 of the wheels", size=packed, seconds=_timed(lambda: [_hash(_chunks(one)) for one in wheels])
    )
    yield Limit(name="inflate", size=plain, seconds=_timed(lambda: [None for one in wheels for _ in _contents(one)]))
    yield Limit(name="sha256 of the content", size=plain, seconds=_timed(lambda: _hash(iter(contents))))
    sources = [source for wheel in wheels for source in _modules(wheel)]
    size = sum(len(text) for _, text in sources)
    yield Limit(name="compile", size=size, seconds=_timed(lambda: _compile(sources)))
    writing = _timed(lambda: _write(wheels, folder / "copy"), time.perf_counter)
    yield Limit(name="write to disk", size=packed, seconds=writing)
    yield Limit(name="loopback", size=packed, seconds=_timed(lambda: _send(wheels)))


def _timed(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Return the seconds that some work takes: of the processor, which other programs do not change much."""
    started = clock()
    work()
    return clock() - started


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _hash(chunks: Iterator[bytes]) -> str:
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()


def _contents(wheel: Path) -> Iterator[bytes]:
    """Inflate a wheel's members by zlib, without checking their checksums."""
    with zipfile.ZipFile(wheel) as archive, wheel.open("rb") as stream:
        for member in archive.infolist():
            stream.seek(member.header_offset + 26)
            name, extra = (int.from_bytes(stream.read(2), "little") for _ in range(2))
            stream.seek(name + extra, os.SEEK_CUR)
            data = stream.read(member.compress_size)
            yield zlib.decompress(data, -15) if member.compress_type == zipfile.ZIP_DEFLATED else data


def _modules(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".py") and _SKIPPED.isdisjoint(name.split("/")[:-1]):
                yield name, archive.read(name)


def _compile(sources: Sequence[tuple[str, bytes]]) -> None:
    for name, source in sources:
        with suppress(SyntaxError, ValueError):
            marshal.dumps(compile(source, name, "exec", dont_inherit=True))


def _write(wheels: Sequence[Path], copy: Path) -> None:
    with copy.open("wb") as target:
        for wheel in wheels:
            for chunk in _chunks(wheel):
                target.write(chunk)
        target.flush()
        os.fsync(target.fileno())


def _send(wheels: Sequence[Path]) -> None:
    """Send the wheels over a connection to this machine, whose other end discards them."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def receive() -> None:
            connection, _ = server.accept()
            with connection:
                while connection.recv(_CHUNK):
                    pass

        receiver = threading.Thread(target=receive)
        receiver.start()
        with socket.create_connection(server.getsockname()) as connection:
            for wheel in wheels:
                for chunk in _chunks(wheel):
                    connection.sendall(chunk)
        receiver.join()


if __name__ == "__main__":
    sys.exit(main())
