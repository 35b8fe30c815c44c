"""The logs of steps: their last lines for people, and no secrets in what is kept."""

import re
from collections.abc import Collection
from pathlib import Path

from toolkit.redaction import HIDDEN

# Shorter texts are parts of ordinary words.
_SHORTEST = 4
_TAIL = 1 << 16


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log; none if it is missing."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _TAIL))
            return stream.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


def hide_secrets(path: Path, secrets: Collection[str]) -> None:
    """Take the values of secrets out of a log that has ended: a step may print its own.

    A log without them is left as it is. Values of fewer than four characters are not looked for. It may be called
    while the process leaves, and before there is a log.
    """
    lines = {line for secret in secrets for line in secret.encode().splitlines() if len(line) >= _SHORTEST}
    if not lines or not path.exists():
        return
    # The longest first: one may contain another.
    pattern = re.compile(b"|".join(re.escape(line) for line in sorted(lines, key=len, reverse=True)))
    with path.open("rb") as log:
        if not any(pattern.search(line) for line in log):
            return
        log.seek(0)
        # Not a temporary file of `atomic`, since a process that leaves makes no more of them.
        new = path.with_name(f".{path.name}.new")
        with new.open("wb") as shorter:
            shorter.writelines(pattern.sub(HIDDEN.encode(), line) for line in log)
        new.replace(path)
