"""What lists, search and the catalogue know of a component, without reading its releases.

An entry is derived: it says what the newest release says, and `toolkit.registry.release` has the truth.
"""

from collections.abc import Iterable

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.interface.model import Input, Output
from toolkit.registry.marks import Marks
from toolkit.registry.release import Release
from toolkit.registry.semver import Version, newest

# Characters of a description: what fits a line or two of a list.
_DESCRIPTION = 300
# Digits of a digest: enough to tell two states of one component from each other.
_MARKS = 16


class Port(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An input or output; `kind` is `parameter` or `artifact`, and only inputs are optional."""

    name: str
    type: str
    kind: str
    optional: bool = False


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One component: its newest release, and how many versions it has.

    `marks` changes whenever a mark of the component does, such as a yank of an older version; empty without marks. Its
    fields have the types of JSON, so that ten thousand lines are read in a moment.
    """

    name: str
    version: str
    versions: int
    digest: str
    title: str
    description: str
    published: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    deprecated: str | None = None
    superseded_by: str | None = None
    yanked: bool = False
    marks: str = ""

    def matches(self, words: Iterable[str]) -> bool:
        """Return whether every word is in the name, title, description, tags, or in the ports' names and types."""
        ports = (*self.inputs, *self.outputs)
        searched = [
            self.name,
            self.title,
            self.description,
            *self.tags,
            *(f"{port.name} {port.type}" for port in ports),
        ]
        text = " ".join(searched).lower()
        return all(word.lower() in text for word in words)


def entry_of(release: Release, versions: int, marks: Marks) -> Entry:
    """Return the entry of a component whose newest release is `release`."""
    first = release.description.strip().partition("\n\n")[0]
    description = " ".join(first.split())
    deprecated = marks.deprecated
    return Entry(
        name=str(release.name),
        version=str(release.version),
        versions=versions,
        digest=str(release.digest),
        title=release.title,
        description=description if len(description) <= _DESCRIPTION else description[: _DESCRIPTION - 1] + "…",
        published=release.published,
        inputs=tuple(map(_port, release.interface.inputs)),
        outputs=tuple(map(_port, release.interface.outputs)),
        tags=release.tags,
        authors=release.authors,
        deprecated=deprecated.reason if deprecated else None,
        superseded_by=str(deprecated.superseded_by) if deprecated and deprecated.superseded_by else None,
        yanked=release.version in marks.yanked,
        marks=Digest.of(marks.to_bytes()).hex[:_MARKS] if marks.yanked or marks.deprecated else "",
    )


def newest_version(versions: Iterable[Version], marks: Marks) -> Version | None:
    """Return the newest version that is not yanked, stable if there is one; of yanked ones if there are no others."""
    every = list(versions)
    return newest(version for version in every if version not in marks.yanked) or newest(every)


def _port(port: Input | Output) -> Port:
    """Return a port of an interface."""
    optional = isinstance(port, Input) and (port.optional or port.default is not None)
    return Port(name=port.name, type=port.type, kind=port.kind.value, optional=optional)
