"""Threads that do not delay the end of the process, and work in the context of the thread that gives them work."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import ParamSpec, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Parameters = ParamSpec("_Parameters")


class _Executor(ThreadPoolExecutor):
    """An executor whose work sees the context variables of the thread that submits it, as Python's threads do not."""

    def submit(
        self, fn: Callable[_Parameters, _Result], /, *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> Future[_Result]:
        """Have a thread call the function."""
        context = copy_context()
        return super().submit(lambda: context.run(fn, *args, **kwargs))


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Return an executor, whose work is done when the block ends. After an error, work that has not begun is dropped.

    An interruption does not wait for work that is under way.
    """
    # Not as a context manager, which waits for all work, even when it is interrupted.
    executor = _Executor(count)
    try:
        yield executor
    except Exception:
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown(wait=True)


def at_once(work: Callable[[_Item], _Result], items: Sequence[_Item], *, most: int = 8) -> tuple[_Result, ...]:
    """Return `work(item)` for every item, in order, worked out in threads. Raises the first failure."""
    if len(items) <= 1:
        return tuple(work(item) for item in items)
    with threads(min(most, len(items))) as executor:
        return tuple(executor.map(work, items))
