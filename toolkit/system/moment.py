"""Work that looks at many files at one moment: what was read or found once is not looked for again.

Folders of a repository have the same parents, so a thousand of them would read the same settings a thousand times.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

# A variable of the context, since readers that lie deep have no other way to know: not of other threads.
_KEPT: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def one_moment() -> Iterator[None]:
    """Keep results of `once` until the block ends. Within it, changes of the files that were read are not seen.

    A block within a block is a part of it.
    """
    if _KEPT.get() is not None:
        yield
        return
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def once(key: Hashable, make: Callable[[], T]) -> T:
    """Return the result that `make` had for this key in the block of `one_moment`; call it outside of a block."""
    kept = _KEPT.get()
    if kept is None:
        return make()
    if key not in kept:
        kept[key] = make()
    result: T = kept[key]
    return result
