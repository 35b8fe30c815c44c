"""Progress as data: long work reports small records, the command line decides how to show them."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far one piece of work is: `done` of `total`, in bytes unless `unit` says otherwise."""

    task: str
    done: int
    total: int | None = None
    unit: str = "B"


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report to nobody."""
