"""Measure what a command costs, including its daemon: wall time, processor time and peak memory. Linux only.

This process becomes the parent of every orphan below it. The processor time of processes that ended is then in their
parent's account, and so in the sum over the tree.
"""

import ctypes
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from msgspec import Struct, field

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SUBREAPER = 36
_SAMPLED_EVERY = 0.02
_LONGEST = 900
# Installed programs have bytecode; a variable of this process must not keep it from being written.
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


class Cost(Struct, frozen=True):
    """Seconds of wall and processor time, and the peak of resident bytes."""

    wall: float = 0
    cpu: float = 0
    peak: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Return the cost of running one command after the other."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


class Command(Struct, frozen=True, kw_only=True):
    """One command line, with its folder and environment variables."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class _Process(Struct, frozen=True):
    pid: int
    parent: int
    state: str
    cpu: float
    resident: int


def adopt_orphans() -> None:
    """Make this process the parent of every orphan below it; call it before starting any process."""
    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)


def measure(command: Command, *, apart: frozenset[int]) -> Cost:
    """Run a command to its end and return its cost, including that of all other children except those in `apart`.

    Raises RuntimeError with the last lines of its output if it fails.
    """
    _bury()
    before = sum(process.cpu for process in _below(apart))
    log = command.folder / ".log"
    with log.open("wb") as stream:
        started = time.monotonic()
        running = subprocess.Popen(
            command.words,
            cwd=command.folder,
            env={**os.environ, **_COMPILED, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
        with _Sampler(apart) as sampler:
            used = _finish(running)
            wall = time.monotonic() - started
    text = log.read_text(errors="replace")
    log.unlink()
    if running.returncode:
        raise RuntimeError(f"{' '.join(command.words)} exited with {running.returncode}: {text[-3000:]}")
    # The command has ended; its own time is in `used`.
    others = sum(process.cpu for process in _below(apart)) - before
    return Cost(wall, used.ru_utime + used.ru_stime + others, sampler.peak)


def _finish(running: "subprocess.Popen[bytes]") -> resource.struct_rusage:
    stopper = threading.Timer(_LONGEST, running.kill)
    stopper.start()
    try:
        _, status, used = os.wait4(running.pid, 0)
    finally:
        stopper.cancel()
    running.returncode = os.waitstatus_to_exitcode(status)
    return used


class _Sampler(threading.Thread):
    """Samples the resident memory of the process tree.

    The kernel's own maximum does not help: a process started by vfork inherits that of its parent.
    """

    def __init__(self, apart: frozenset[int]) -> None:
        super().__init__(daemon=True)
        self.apart = apart
        self.peak = 0
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(_SAMPLED_EVERY):
            self.peak = max(self.peak, sum(process.resident for process in _below(self.apart)))


def _bury() -> None:
    """Reap the orphans that have ended."""
    for process in _processes():
        if process.parent == os.getpid() and process.state == "Z":
            os.waitpid(process.pid, 0)


def _below(apart: frozenset[int]) -> Iterator[_Process]:
    """Yield every process below this one, except those in `apart` and below them."""
    children: dict[int, list[_Process]] = {}
    for process in _processes():
        children.setdefault(process.parent, []).append(process)
    waiting = children.get(os.getpid(), [])
    while waiting:
        process = waiting.pop()
        if process.pid not in apart:
            yield process
            waiting.extend(children.get(process.pid, []))


def _processes() -> Iterator[_Process]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text(errors="replace")
        except OSError:
            continue  # The process has ended.
        # proc(5): the name in brackets may contain any character. The fields after it start with field 3, the state.
        fields = text[text.rindex(")") + 2 :].split()
        cpu = sum(int(ticks) for ticks in fields[11:15]) / _TICKS
        yield _Process(int(folder.name), int(fields[1]), fields[0], cpu, int(fields[21]) * _PAGE)
