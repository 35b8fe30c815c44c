"""Threads that do not keep anybody who wants to leave."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_One = TypeVar("_One")
_Made = TypeVar("_Made")


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Give an executor. When the block ends, its work is done; after an error, what has not begun is dropped.

    Whoever interrupts is not made to wait for work that is under way.
    """
    executor = ThreadPoolExecutor(count)
    try:
        yield executor
    except Exception:
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown(wait=True)


def at_once(work: Callable[[_One], _Made], items: Sequence[_One], *, most: int = 8) -> tuple[_Made, ...]:
    """Do the same for every item, in threads, and return what comes of it in order; the first failure is raised."""
    if len(items) <= 1:
        return tuple(work(item) for item in items)
    with threads(min(most, len(items))) as executor:
        return tuple(executor.map(work, items))
