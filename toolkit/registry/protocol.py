"""What every kind of component registry can do; `toolkit.registry.opening` opens one.

What a reader returns is verified: contents have the digests that their release names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from toolkit.registry.entry import Entry
from toolkit.registry.fault import Checked, Fault, Garbage
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.place import Place
from toolkit.registry.release import Release
from toolkit.registry.semver import Version


class Registry(Protocol):
    """A component registry that can be read. Every method raises OutsideError for what is damaged or unreachable."""

    @property
    def place(self) -> Place:
        """Where it is, without a login."""

    def names(self) -> list[Name]:
        """Return the name of every component, in order."""

    def versions(self, name: Name) -> list[Version]:
        """Return the versions of a component, in order, yanked ones included; empty if it does not exist."""

    def release(self, name: Name, version: Version) -> Release:
        """Return one release, which is known to exist."""

    def content(self, release: Release, path: str) -> bytes:
        """Return a file of a release, verified. `path` is `CONTRACT` or one of `release.files`, else KeyError."""

    def marks(self, name: Name) -> Marks:
        """Return the marks of a component; empty for one that does not exist."""

    def entries(self, words: Iterable[str] = ()) -> Iterator[Entry]:
        """Yield the entry of each component that `matches` all words, in the order of names.

        It may be a moment behind the releases.
        """


class WritableRegistry(Registry, Protocol):
    """A component registry that takes releases."""

    def publish(self, release: Release, contents: Mapping[str, bytes]) -> bool:
        """Add a release with the contents of its files, by path; return False if the same contract is there already.

        Of several publishers of one version exactly one wins, or the loser learns who won. Raises InputError that
        names both digests for a version that is published with another contract.
        """

    def change_marks(self, name: Name, change: Callable[[Marks], Marks]) -> Marks:
        """Change the marks of a component in one step, and return them."""


@runtime_checkable
class Reindexable(Protocol):
    """A registry that has files or artifacts derived from its releases, and can make them again."""

    def reindex(self) -> int:
        """Make everything again that is derived, and return the number of components."""


@runtime_checkable
class Verifiable(Protocol):
    """A registry whose parts can be checked against each other."""

    def faults(self, checked: Checked) -> Iterator[Fault]:
        """Yield every fault; `checked` counts what was seen."""


@runtime_checkable
class Collectable(Protocol):
    """A registry in which files can lie that no release has."""

    def garbage(self) -> list[Garbage]:
        """Return these files, in order, without those that a publisher may be at work on."""

    def collect(self, garbage: Iterable[Garbage]) -> list[Garbage]:
        """Remove what is still garbage, and return it."""


@runtime_checkable
class Batching(Protocol):
    """A registry in which each change costs a question to its server, unless many are sent together."""

    def hold(self) -> None:
        """Keep what is published and marked from now on, which this object shows and others do not see yet."""

    def send(self) -> bool:
        """Publish all that was held in one step; return False if another publisher was faster.

        Then, and after an error, nothing of it is published, and this object shows what the others have.
        """
