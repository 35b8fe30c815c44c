"""One use of a component by a pipeline: what it passes, what it takes, and how it names the component."""

from pathlib import Path
from typing import Literal

from msgspec import Struct

from toolkit.errors import Location


class Unknown(Struct, frozen=True, kw_only=True):
    """Something that is known only when the code runs; `named` is the component that it is about, None for any."""

    where: Location
    message: str
    named: "Named | None" = None


class Named(Struct, frozen=True, kw_only=True):
    """How a use names its component.

    `places` are the paths that may be meant, `address` is that of a contract on the web, `title` the component's name.
    """

    places: tuple[Path, ...] = ()
    address: str = ""
    title: str = ""


class Passed(Struct, frozen=True, kw_only=True):
    """One argument: by name, or by its position with an empty name. `value` is what a constant is, else None."""

    where: Location
    name: str = ""
    position: int = 0
    value: str | float | bool | list[object] | dict[str, object] | None = None


class Taken(Struct, frozen=True, kw_only=True):
    """One output that is handed on; the name is empty for `task.output`, the only one."""

    where: Location
    name: str = ""


class Use(Struct, kw_only=True):
    """One step of a pipeline.

    `form` says how arguments are matched with inputs: graphs name them as the contract does. A compiled pipeline has
    its own copy of the contract, and breaks only when it is compiled again. `spreads` is the place of `**arguments`.
    """

    named: Named
    pipeline: str
    step: str
    where: Location
    form: Literal["python", "graph", "compiled"] = "python"
    passed: list[Passed]
    taken: list[Taken]
    spreads: Location | None = None

    def __str__(self) -> str:
        return f"step {self.step} of {self.pipeline}"


class Uses(Struct, kw_only=True):
    """What one file uses."""

    uses: list[Use]
    unknown: list[Unknown]
