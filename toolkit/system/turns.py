"""Work that several threads need: for each key one thread does it, and the others wait."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

from toolkit.errors import LostError, OutsideError

_Value = TypeVar("_Value")

# Seconds to wait for a turn. Longer work is rather done twice than never: its holder may hang.
_LONGEST_WAIT = 600.0


class Turns:
    """Turns at work that several threads need: for each key one thread works, and the others wait.

    A turn only saves work. Look again whether the work is done when yours comes, and expect to do it twice: a thread
    that has waited for `seconds` goes on without a turn, so that two threads that wait for each other end.
    """

    def __init__(self, seconds: float = _LONGEST_WAIT) -> None:
        self._seconds = seconds
        self._guard = threading.Lock()
        self._turns: dict[Hashable, _Turn] = {}

    @contextmanager
    def of(self, key: Hashable) -> Iterator[None]:
        """Hold the turn of a key. A thread may hold one more than once."""
        with self._guard:
            turn = self._turns.setdefault(key, _Turn())
            turn.users += 1
        held = False
        try:
            held = turn.lock.acquire(timeout=self._seconds)
            yield
        finally:
            if held:
                turn.lock.release()
            with self._guard:
                turn.users -= 1
                if not turn.users:
                    del self._turns[key]


class _Turn:
    """The lock of one key, and how many threads hold it or wait for it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users = 0


class Shared:
    """Values that threads share: the first who asks for one makes it, and the others wait for it.

    A failure outside, such as that of a server, is shared as well. An InputError is not: each component reports it with
    its own place.
    """

    def __init__(self) -> None:
        self._turns = Turns()
        self._values: dict[Hashable, object] = {}
        self._failures: dict[Hashable, OutsideError] = {}

    def only(self, kind: str) -> "Shared":
        """Return the values whose key begins with `kind`; the others are made anew, and failures are tried again."""
        kept = Shared()
        kept._values = {key: value for key, value in self._values.items() if isinstance(key, tuple) and key[0] == kind}
        return kept

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """Return the value of a key, made by `make` if it is new. Values of one key have one type."""
        with self._turns.of(key):
            if key in self._failures:
                raise self._failures[key]
            if key not in self._values:
                try:
                    self._values[key] = make()
                except LostError:
                    raise  # A new try makes again what the cache lost.
                except OutsideError as error:
                    self._failures[key] = error
                    raise
            return cast("_Value", self._values[key])
