"""Run a program that may print without end: its lines are passed on as they come, and none is kept here."""

import codecs
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from toolkit.system import lifeline

_CHUNK = 1 << 16
# Characters of a line that are passed on; a bar of progress is one line without an end.
LONGEST = 4000
# Seconds that a program has to tidy up after it was asked to end.
_GRACE = 5


def follow(
    command: Sequence[str],
    hear: Callable[[str], object],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> int:
    """Return the exit code of a program, negative for a signal; `hear` gets each line of stdout and stderr.

    A longer line than `LONGEST` comes in parts. However the block is left, the program has ended; on Linux it ends even
    if this process is killed. Raises OSError when it cannot be started.
    """
    with subprocess.Popen(
        _tied(command, environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        cwd=folder,
        env=environment,
    ) as process:
        try:
            if process.stdout:
                _pass_on(process.stdout.fileno(), hear)
            return process.wait()
        finally:
            if process.poll() is None:
                _end(process)


def _tied(command: Sequence[str], environment: Mapping[str, str]) -> Sequence[str]:
    """Return a command that ends with this process; the command itself where that is not possible."""
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None or not sys.platform.startswith("linux"):
        return command
    return [sys.executable, "-I", "-S", lifeline.__file__, str(os.getpid()), program, *command[1:]]


def _pass_on(descriptor: int, hear: Callable[[str], object]) -> None:
    """Pass on lines until the output ends; a carriage return ends one, too."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    lines = Lines(hear)
    while chunk := os.read(descriptor, _CHUNK):
        lines.take(decoder.decode(chunk))
    lines.end()


class Lines:
    """Passes on text that comes in pieces as lines; of one that does not end, a part as soon as it is `LONGEST`."""

    def __init__(self, hear: Callable[[str], object]) -> None:
        self._hear = hear
        self._rest = ""

    def take(self, text: str) -> None:
        """Take the next piece."""
        *lines, rest = (self._rest + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines:
            self._pass_on(line)
        whole = len(rest) - len(rest) % LONGEST
        if whole:
            self._pass_on(rest[:whole])
        self._rest = rest[whole:]

    def end(self) -> None:
        """Pass on a last line without an end."""
        if self._rest:
            self._hear(self._rest)
        self._rest = ""

    def _pass_on(self, line: str) -> None:
        """Pass on a line, in parts if it is long."""
        for start in range(0, max(len(line), 1), LONGEST):
            self._hear(line[start : start + LONGEST])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program: a build that it began elsewhere ends with it if it has time to say so."""
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
