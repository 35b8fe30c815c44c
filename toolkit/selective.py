"""Records that keep fields out of their `repr`, such as passwords, or out of comparisons."""

from typing import ClassVar

from msgspec import Struct


class Selective(Struct, frozen=True):
    """The base of such records: `HIDDEN` names the fields that `repr` leaves out, `IGNORED` those not compared."""

    HIDDEN: ClassVar[frozenset[str]] = frozenset()
    IGNORED: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in self.HIDDEN)
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        return self._compared() == other._compared() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._compared())

    def _compared(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name not in self.IGNORED)
