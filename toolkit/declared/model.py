"""The records of a component's declarations."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, field

from toolkit.declared.quantity import Quantity


class Amounts(Struct, frozen=True, kw_only=True):
    """Amounts of the resources that every node has; None if it is not declared."""

    cpu: Quantity | None = None
    memory: Quantity | None = None
    ephemeral_storage: Quantity | None = None

    def items(self) -> Iterator[tuple[str, Quantity]]:
        """Yield the declared amounts, by the names that Kubernetes gives them."""
        named = (("cpu", self.cpu), ("memory", self.memory), ("ephemeral-storage", self.ephemeral_storage))
        yield from ((name, amount) for name, amount in named if amount is not None)


class Accelerator(Struct, frozen=True, kw_only=True):
    """Accelerators: the name that Kubernetes schedules them by, such as `nvidia.com/gpu`, and their number."""

    type: str
    count: int = 1


class Resources(Struct, frozen=True, kw_only=True):
    """The most that a component may use, and what has to be free for it to start.

    `requests` holds only what the author declares beside a limit; Kubernetes requests as much as the limit otherwise.
    """

    limits: Amounts = field(default_factory=Amounts)
    requests: Amounts = field(default_factory=Amounts)
    accelerator: Accelerator | None = None


class KeyOf(Struct, frozen=True, kw_only=True):
    """One key of a Kubernetes secret or config map: where a variable's value comes from, never the value itself.

    An `optional` one may be missing, and then the variable is not set.
    """

    kind: Literal["secret", "config-map"]
    name: str
    key: str
    optional: bool = False


def _empty() -> Mapping[str, str]:
    """Return the default of `constants`; before Python 3.12 a mapping proxy has no hash, so a field cannot hold one."""
    return MappingProxyType({})


def _no_keys() -> Mapping[str, KeyOf]:
    """Return the default of `references`."""
    return MappingProxyType({})


class Declared(Struct, frozen=True, kw_only=True):
    """Everything that a component declares: its resources, and the variables of its environment by name.

    `constants` have their values; `references` name the key of a secret or of a config map.
    """

    resources: Resources = field(default_factory=Resources)
    constants: Mapping[str, str] = field(default_factory=_empty)
    references: Mapping[str, KeyOf] = field(default_factory=_no_keys)
