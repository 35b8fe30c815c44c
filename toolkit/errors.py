"""The error tree and the exit code of each branch.

    CompError
    ├── InputError      1   what the user gave is wrong: code, contract, requirements, data
    ├── UsageError      2   the command line is wrong
    └── OutsideError    3   a remote, an engine, the network or the disk failed; trying again may help
        ├── RemoteError     a server refused or failed; `status` says how
        │   └── SlowError   a server takes too long; another try at once would take as long
        ├── MachineError    the operating system refused; `reason` is its own words
        └── LostError       the cache has lost what it had when the work began: it can be made again

A message says what failed and on what. The cause travels as `__cause__` (`raise … from …`), the advice as
`hint`. Nothing here prints: `toolkit.cli` does.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A place in a file; lines and columns count from 1, a missing one means the whole file or line.

    In a notebook `cell` counts all cells from 1, and the line is one of the cell.
    """

    path: Path
    cell: int | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None

    def __str__(self) -> str:
        cell = None if self.cell is None else f"cell {self.cell}"
        return ":".join(str(part) for part in (self.path, cell, self.line, self.column) if part is not None)


class CompError(Exception):
    """Anything that ends a command with a message instead of a traceback."""

    exit_code = 4

    def __init__(self, message: str, *, where: Location | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint


class InputError(CompError):
    """The component, its code, its contract or its requirements are wrong."""

    exit_code = 1


class UsageError(CompError):
    """The command line asks for something that does not exist or does not go together."""

    exit_code = 2


class OutsideError(CompError):
    """A remote, an engine, the network or the disk failed."""

    exit_code = 3


class MachineError(OutsideError):
    """The operating system refused what was asked of it; `reason` is its own words."""

    def __init__(self, message: str, *, reason: str, hint: str) -> None:
        super().__init__(f"{message}: {reason}", hint=hint)
        self.reason = reason


class LostError(OutsideError):
    """Something that the cache had when the work began is not there any more."""


class RemoteError(OutsideError):
    """A server refused or failed; `status` is the HTTP status, 0 when there was no answer."""

    def __init__(
        self, message: str, *, status: int = 0, where: Location | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class SlowError(RemoteError):
    """A server took longer than a request may, or moved less than a transfer has to."""
