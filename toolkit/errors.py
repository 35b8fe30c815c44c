"""The error tree with the exit code of each branch, and the findings of readers and the linter.

    CompError
    ├── InputError      1   the user's code, contract, requirements or data are wrong or missing
    │   └── FindingsError   a document has faults; `findings` are all of them
    ├── UsageError      2   the command line is wrong
    └── OutsideError    3   a remote, an engine, the network or the disk failed; trying again may help
        ├── RemoteError     a server refused or failed; `status` says how
        │   └── NoAnswerError   no whole answer arrived: the server, or the network before it, is down
        │       └── SlowError   a server takes too long; another try at once would take as long
        ├── MachineError    the operating system refused; `reason` is its own words
        └── LostError       the cache has lost data during the work; a new try makes it again

A message says what failed and on what. The cause travels as `__cause__` (`raise … from …`), the advice as
`hint`. Readers and the linter collect findings instead of stopping at the first. Nothing here prints: `toolkit.cli`
does.
"""

from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct

from toolkit.edits import Fix


class Location(Struct, frozen=True, kw_only=True):
    """A place in a file. Lines and columns count from 1; without them the place is the whole file or line.

    In a notebook, `cell` counts all cells from 1, and `line` counts the lines of the cell.
    """

    path: Path
    cell: int | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None

    def __str__(self) -> str:
        # The form `path:line:column` is the one that editors and terminals make links of.
        # A line break in a name would make lines of what follows, which could look like findings of other files.
        path = str(self.path).replace("\n", "\\n")
        cell = None if self.cell is None else f"cell {self.cell}"
        return ":".join(str(part) for part in (path, cell, self.line, self.column) if part is not None)


class Severity(StrEnum):
    """The severity of a finding; only an error makes `comp lint` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


# About one file, more than anyone reads: foreign text may be all errors.
MOST_FINDINGS: Final = 1000


class Finding(Struct, frozen=True, kw_only=True):
    """One remark: `rule` is a stable id such as C010, `message` says what is wrong, `help` says what to do.

    `fix` is what `comp lint --fix` would change; None if it is left to the author.
    """

    rule: str
    severity: Severity
    message: str
    where: Location
    help: str = ""
    fix: Fix | None = None


class CompError(Exception):
    """Every error that ends a command with a message instead of a traceback."""

    # That of our own bugs: only subclasses are raised.
    exit_code = 4

    def __init__(self, message: str, *, where: Location | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint


class InputError(CompError):
    """What a command reads is wrong or missing: a component, its code, a contract, a release, a registry."""

    exit_code = 1


class FindingsError(InputError):
    """A document could not be read; `findings` are all reasons, and the message is the first one."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"{first.message} [{first.rule}]{more}", where=first.where, hint=first.help or None)
        self.findings = findings


class UsageError(CompError):
    """The command line is wrong: an option, a word of a fixed list, or what does not go together."""

    exit_code = 2


class OutsideError(CompError):
    """A remote, an engine, the network or the disk failed."""

    exit_code = 3


class MachineError(OutsideError):
    """The operating system refused a call; `reason` is its own words."""

    def __init__(self, message: str, *, reason: str, hint: str) -> None:
        super().__init__(f"{message}: {reason}", hint=hint)
        self.reason = reason


class LostError(OutsideError):
    """Data that the cache had when the work began is gone: another process may have pruned it."""


class RemoteError(OutsideError):
    """A server refused or failed; `status` is the HTTP status, 0 without an answer."""

    def __init__(
        self, message: str, *, status: int = 0, where: Location | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class NoAnswerError(RemoteError):
    """A server cannot be reached, or its answer broke off: what was seen of it earlier may stand in."""


class SlowError(NoAnswerError):
    """A server took longer than REQUEST_TIME to answer, or sent less than TRANSFER_RATE."""
