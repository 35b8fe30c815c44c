"""Run a program to its end, with a bound on time and on what it prints.

Only the program itself is waited for: a child of it that still holds its output is not. The program is killed when
the time is over, when it prints too much, and when the caller is interrupted.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from toolkit import limits

_CHUNK = 1 << 16
# How often to look whether the program ended while its output stays open.
_PAUSE = 0.05
# Reads that empty the largest pipe that Linux makes without asking (pipe(7), "Pipe capacity").
_FULL_PIPE = (1 << 20) // _CHUNK


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """How a program ended (negative: by that signal, as in `subprocess`), and what it printed."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """What it printed on stdout, as text."""
        return self.out.decode(errors="replace")

    @property
    def error_text(self) -> str:
        """What it printed on stderr, as text."""
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
) -> Finished:
    """Run a program with `data` on stdin; give its exit code and output.

    `session` gives it a session of its own, which is killed as a whole. Without one it may still ask for a password
    on the terminal. `name` is what errors call it; the whole command line may be long, and hold a password. Raises
    OSError when it cannot be started, subprocess.TimeoutExpired after so many seconds, and InputError when it prints
    more than the limit.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE if data else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd=folder,
        env=environment,
        start_new_session=session,
    ) as process:
        try:
            talk = _Talk(process, data, name or Path(command[0]).name)
            return _finished(process, talk, time.monotonic() + seconds, seconds)
        finally:
            _kill(process, whole=session)


def _kill(process: subprocess.Popen[bytes], *, whole: bool) -> None:
    if whole:
        # Also after its end: what is left of the session has no reader any more.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _finished(process: subprocess.Popen[bytes], talk: "_Talk", deadline: float, seconds: float) -> Finished:
    with talk.selector:
        while talk.goes_on and process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(talk.name, seconds)
            talk.step(min(left, _PAUSE))
        # What a pipe still holds when the program has ended was written before that; more may come from its children.
        steps = 0
        while steps < _FULL_PIPE and talk.step(0):
            steps += 1
    try:
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise subprocess.TimeoutExpired(talk.name, seconds) from None
    return Finished(code=code, out=bytes(talk.read[0]), err=bytes(talk.read[1]))


class _Talk:
    """What goes to and comes from one program, which errors call `name`."""

    def __init__(self, process: subprocess.Popen[bytes], data: bytes, name: str) -> None:
        self.read = (bytearray(), bytearray())
        self.selector = selectors.DefaultSelector()
        self._rest = memoryview(data)
        self.name = name
        self._bound = limits.PROGRAM_OUTPUT.value
        for stream, kept in ((process.stdout, self.read[0]), (process.stderr, self.read[1])):
            if stream:
                os.set_blocking(stream.fileno(), False)
                self.selector.register(stream, selectors.EVENT_READ, kept)
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
            self.selector.register(process.stdin, selectors.EVENT_WRITE)

    @property
    def goes_on(self) -> bool:
        """Tell whether there is still something to read or to write."""
        return bool(self.selector.get_map())

    def step(self, pause: float) -> bool:
        """Read and write what can be now; tell whether anything could be read."""
        any_read = False
        for key, _ in self.selector.select(pause):
            if key.data is None:
                self._write(key.fileobj)  # type: ignore[arg-type] # one of the pipes
            else:
                any_read = self._read(key.fileobj, key.data) or any_read  # type: ignore[arg-type] # likewise
        return any_read

    def _write(self, stream: IO[bytes]) -> None:
        try:
            self._rest = self._rest[os.write(stream.fileno(), self._rest[:_CHUNK]) :]
        except BrokenPipeError:
            self._rest = memoryview(b"")
        if not self._rest:
            self.selector.unregister(stream)
            stream.close()

    def _read(self, stream: IO[bytes], kept: bytearray) -> bool:
        chunk = os.read(stream.fileno(), _CHUNK)
        if not chunk:
            self.selector.unregister(stream)
            return False
        kept += chunk
        if len(kept) > self._bound:
            raise limits.PROGRAM_OUTPUT.exceeded(f"the output of {self.name}")
        return True
