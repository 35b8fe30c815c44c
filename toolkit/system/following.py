"""Run a program that may print without end: its lines are passed on as they come, and none is kept here."""

import codecs
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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

    A longer line than `LONGEST` comes in parts. However the block is left, the program has ended. Raises OSError when
    it cannot be started.
    """
    with subprocess.Popen(
        command,
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


def _pass_on(descriptor: int, hear: Callable[[str], object]) -> None:
    """Pass on lines until the output ends; a carriage return ends one, too."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    while chunk := os.read(descriptor, _CHUNK):
        *lines, rest = (rest + decoder.decode(chunk)).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines:
            _in_parts(line, hear)
        while len(rest) > LONGEST:
            hear(rest[:LONGEST])
            rest = rest[LONGEST:]
    if rest:
        hear(rest)


def _in_parts(line: str, hear: Callable[[str], object]) -> None:
    """Pass on a line, in parts if it is long."""
    for start in range(0, max(len(line), 1), LONGEST):
        hear(line[start : start + LONGEST])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program: a build that it began elsewhere ends with it if it has time to say so."""
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
