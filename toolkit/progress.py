"""Progress as data: long work reports small records, and the command line shows them."""

from collections.abc import Callable
from contextvars import ContextVar

from msgspec import Struct

# The component that a thread works on, in a command on many: what is printed meanwhile begins with its name.
SUBJECT: ContextVar[str] = ContextVar("subject", default="")


class Progress(Struct, frozen=True, kw_only=True):
    """The state of one task: `done` of `total` (None if unknown), in bytes unless `unit` names another."""

    task: str
    done: int
    total: int | None = None
    unit: str = "B"


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report nothing."""
