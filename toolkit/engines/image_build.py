"""One build of a Dockerfile, as every engine is asked for it, and how it failed."""

import logging
import re
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.dockerfile.prepared import Prepared
from toolkit.progress import Progress, Report
from toolkit.selective import Selective

log = logging.getLogger(__name__)

# The last lines of a step that an error shows.
TAIL = 12
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


class ImageBuild(Selective, frozen=True, kw_only=True):
    """A Dockerfile with its context, for one platform.

    `dockerfile` is a copy whose lines `prepared` knows; `ignore` the file of patterns that counts, None without
    one. `arguments` are build arguments; `predefined` those that engines know. `secrets` and `ssh` are in the words of
    `docker build`. `folder` is a temporary one for the engine's own files.
    """

    HIDDEN = frozenset({"arguments", "predefined"})

    dockerfile: Path
    prepared: Prepared
    context: Path
    ignore: Path | None
    platform: str
    target: str | None
    arguments: Mapping[str, str]
    predefined: Mapping[str, str]
    secrets: tuple[str, ...]
    ssh: tuple[str, ...]
    epoch: str | None
    folder: Path


class Failure(Struct, frozen=True, kw_only=True):
    """Why a build failed: in a line of the original Dockerfile, or `line` is None; with the last lines of a step."""

    message: str
    line: int | None = None
    output: tuple[str, ...] = ()

    @property
    def is_outside(self) -> bool:
        """Whether the Dockerfile and its context are not to blame."""
        return self.line is None or bool(_NO_SPACE.search(self.message) or _NO_SPACE.search(" ".join(self.output)))


class Transcript:
    """What an engine prints: passed on to the log as it comes, and a bounded end of it for an error."""

    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report
        self.tail: deque[str] = deque(maxlen=TAIL)

    def hear(self, line: str) -> None:
        """Take the next line."""
        if line.strip():
            log.debug("%s: %s", self._name, line.rstrip())
            self.tail.append(line.rstrip())

    def reached(self, done: int, total: int) -> None:
        """Report how many steps are done, as far as their number is known."""
        self._report(Progress(task="Dockerfile", done=done, total=total, unit="steps"))
