"""All that keeps something from being published, in one error: those who mend it see everything at once."""

from collections.abc import Callable
from typing import TypeVar, cast

from toolkit.errors import InputError
from toolkit.words import counted

_Result = TypeVar("_Result")


class Problems:
    """The faults that were found so far."""

    def __init__(self) -> None:
        self._found: list[InputError] = []

    def collect(self, check: Callable[[], _Result]) -> _Result:
        """Return what a check returns. After an InputError the result is not to be used: `check_none` comes first.

        Any other error passes: a server that does not answer is not the user's to mend.
        """
        try:
            return check()
        except InputError as error:
            # Two components of a project may share one.
            if _described(error) not in map(_described, self._found):
                self._found.append(error)
            return cast("_Result", None)

    def check_none(self) -> None:
        """Raise the InputError that was found, or one that lists all of them."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            lines = "\n".join(f"  {_described(problem)}" for problem in self._found)
            raise InputError(f"{counted(len(self._found), 'problem')}:\n{lines}")


def _described(problem: InputError) -> str:
    """Return a problem with its place and its advice, on one line."""
    where = f"{problem.where}: " if problem.where else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{where}{problem.message}{hint}"
