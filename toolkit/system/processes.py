"""Run a program to its end, with a bound on its time and on its output.

Only the program itself is waited for, not a child that still holds its output. It is killed when the time is over, when
it prints too much, and when the caller is interrupted.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from msgspec import Struct

from toolkit import limits

_CHUNK = 1 << 16
# How often to look whether the program ended while its output stays open.
_PAUSE = 0.05
# Reads that empty the largest pipe that Linux makes without asking (pipe(7), "Pipe capacity").
_FULL_PIPE = (1 << 20) // _CHUNK


class Finished(Struct, frozen=True, kw_only=True):
    """The exit code of a program (negative for a signal, as in `subprocess`), and its output."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """The stdout, as text."""
        return self.out.decode(errors="replace")

    @property
    def error_text(self) -> str:
        """The stderr, as text."""
        return self.err.decode(errors="replace")


def run(
    command: Sequence[str],
    *,
    seconds: float,
    data: bytes = b"",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    session: bool = False,
    name: str | None = None,
    hear: Callable[[str], object] | None = None,
) -> Finished:
    """Return the exit code and output of a program, run with `data` on stdin.

    `session` gives it a session of its own, which is killed as a whole; without one it can ask for a password on the
    terminal. `name` stands for it in errors, since the command line may be long or hold a password. `hear` gets each
    line of its output while it runs. Raises OSError when it cannot be started, subprocess.TimeoutExpired after so many
    seconds, InputError when it prints more than the limit.
    """
    with subprocess.Popen(
        command,
        # Without data a program reads an end at once, and not what the user types for comp.
        stdin=subprocess.PIPE if data else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # The selector sees the pipes alone, and not what a buffer of Python holds back.
        bufsize=0,
        cwd=folder,
        env=environment,
        start_new_session=session,
    ) as process:
        try:
            talk = _Talk(process, data, name or Path(command[0]).name, hear)
            return _finished(process, talk, time.monotonic() + seconds, seconds)
        finally:
            # Also after an error: the output is too long, the time is over, or the caller is interrupted.
            _kill(process, whole=session)


def _kill(process: subprocess.Popen[bytes], *, whole: bool) -> None:
    """End a program that runs, or with `whole` every process of its session."""
    if whole:
        # Even after its end: the output of what is left of the session has no reader.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _finished(process: subprocess.Popen[bytes], talk: "_Talk", deadline: float, seconds: float) -> Finished:
    """Return how a program ended. Raise TimeoutExpired at the deadline, InputError for too much output."""
    with talk.selector:
        # The end of the program counts, as its children may keep the pipes open.
        while talk.goes_on and process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(talk.name, seconds)
            talk.step(min(left, _PAUSE))
        # The pipe holds what the program wrote before its end; more than a full pipe comes from its children.
        steps = 0
        while steps < _FULL_PIPE and talk.step(0):
            steps += 1
    try:
        # A program may close its output and run on.
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise subprocess.TimeoutExpired(talk.name, seconds) from None
    talk.report(ended=True)
    return Finished(code=code, out=bytes(talk.read[0]), err=bytes(talk.read[1]))


class _Talk:
    """The input and output of one program, which errors call `name`."""

    def __init__(
        self, process: subprocess.Popen[bytes], data: bytes, name: str, hear: Callable[[str], object] | None
    ) -> None:
        self.read = (bytearray(), bytearray())
        self._hear = hear
        # How much of each output was heard.
        self._heard = [0, 0]
        self.selector = selectors.DefaultSelector()
        self._rest = memoryview(data)
        self.name = name
        # For each of the two outputs.
        self._bound = limits.PROGRAM_OUTPUT.value
        for stream, kept in ((process.stdout, self.read[0]), (process.stderr, self.read[1])):
            if stream:
                # A program that prints while it does not read would block both sides for ever.
                os.set_blocking(stream.fileno(), False)
                self.selector.register(stream, selectors.EVENT_READ, kept)
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
            self.selector.register(process.stdin, selectors.EVENT_WRITE)

    @property
    def goes_on(self) -> bool:
        """Whether there is more to read or to write."""
        return bool(self.selector.get_map())

    def step(self, pause: float) -> bool:
        """Read and write as much as is possible now, and return whether anything was read."""
        any_read = False
        for key, _ in self.selector.select(pause):
            if key.data is None:
                self._write(key.fileobj)  # type: ignore[arg-type] # one of the pipes
            else:
                any_read = self._read(key.fileobj, key.data) or any_read  # type: ignore[arg-type] # likewise
        return any_read

    def _write(self, stream: IO[bytes]) -> None:
        """Write a chunk of what is left, and close the pipe after the last."""
        try:
            self._rest = self._rest[os.write(stream.fileno(), self._rest[:_CHUNK]) :]
        except BrokenPipeError:
            # A program need not read its input; its exit code says whether that matters.
            self._rest = memoryview(b"")
        if not self._rest:
            self.selector.unregister(stream)
            stream.close()

    def _read(self, stream: IO[bytes], kept: bytearray) -> bool:
        """Read what is there, and return whether there was anything. Raise InputError beyond the limit."""
        chunk = os.read(stream.fileno(), _CHUNK)
        if not chunk:
            self.selector.unregister(stream)
            return False
        kept += chunk
        if len(kept) > self._bound:
            raise limits.PROGRAM_OUTPUT.exceeded(f"the output of {self.name}")
        self.report()
        return True

    def report(self, *, ended: bool = False) -> None:
        """Pass on the complete lines of both outputs; after the end also a last one without a line end."""
        if self._hear is None:
            return
        for index, kept in enumerate(self.read):
            start = self._heard[index]
            stop = len(kept) if ended else kept.rfind(b"\n", start) + 1
            for line in kept[start:stop].decode(errors="replace").splitlines():
                self._hear(line)
            self._heard[index] = max(start, stop)
