"""What the place of a registry can do, as `comp registry doctor` finds it out by trying."""

from typing import Literal

from msgspec import Struct

State = Literal["yes", "no", "unknown"]


class Ability(Struct, frozen=True, kw_only=True):
    """One thing that a place may be able to do: whether it is, what was `found`, and what that means for the registry.

    `needed` is whether publishing fails, or is not safe, without it.
    """

    name: str
    state: State
    found: str
    meaning: str
    needed: bool = False


def ability(name: str, found: str, meaning: str, *, able: bool | None, needed: bool = False) -> Ability:
    """Return an ability; None for `able` if it could not be found out."""
    state: State = "unknown" if able is None else "yes" if able else "no"
    return Ability(name=name, state=state, found=found, meaning=meaning, needed=needed)
