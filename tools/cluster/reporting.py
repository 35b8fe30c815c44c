"""Progress on the screen: one line for each thing that is done, with its seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from msgspec import Struct

_LINES = 20


def last_lines(text: str, count: int = _LINES) -> str:
    """Return the end of a log, indented."""
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-count:]) or "  (no output)"


class Steps(Struct, frozen=True, kw_only=True):
    """Where progress goes, a line at a time."""

    PREFIX: ClassVar[str] = "cluster: "

    write: Callable[[str], None]

    def say(self, text: str) -> None:
        """Report something."""
        self.write(f"{self.PREFIX}{text}")

    @contextmanager
    def timed(self, text: str) -> Iterator[None]:
        """Report that something is done, and how long it took."""
        began = time.monotonic()
        yield
        self.say(f"{text} in {time.monotonic() - began:.1f} s")
