"""What those who look after a registry learn of its files, as data: faults, and what can go."""

from msgspec import Struct


class Fault(Struct, frozen=True, kw_only=True):
    """One fault: the file at `path` below the registry, what is wrong with it, and what to do.

    `derived` is whether the file can be made again, so that nothing is lost.
    """

    path: str
    message: str
    help: str
    derived: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class Checked(Struct, kw_only=True):
    """How much was checked, and the `unused` files that no release has; a verification counts in it.

    `scope` says what was looked at where that is not everything that the registry consists of.
    """

    components: int = 0
    releases: int = 0
    files: int = 0
    unused: int = 0
    scope: str = ""


class Garbage(Struct, frozen=True, kw_only=True):
    """A file that can go: its path below the registry, and its bytes."""

    path: str
    size: int
