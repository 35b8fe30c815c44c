"""Which bases components stand on: those of their locks, those on this disk, and those that the environment names."""

import enum
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.project import Project, default_base, is_on_disk
from toolkit.errors import CompError
from toolkit.job.bases import platforms_of
from toolkit.job.lock import existing_lock
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import Reference, parse_reference


class Held(enum.StrEnum):
    """What holds a component to one image of its base."""

    LOCK = "lock"
    SETTINGS = "settings"
    DISK = "disk"
    NOTHING = "nothing"


class UsedBase(Struct, frozen=True, kw_only=True):
    """A base that components stand on.

    `name` is the reference without its digest, or `layout:DIR` or `archive:FILE` with the whole path. `reference` has
    the digest that the locks or the settings hold, None on disk and for a component without a lock. `platform` is the
    first of the first component.
    """

    name: str
    held: Held
    reference: Reference | None
    platform: Platform
    components: tuple[Project, ...]

    @property
    def tag(self) -> Reference | None:
        """The reference without its digest, which may name another image by now; None without a tag to ask for."""
        if self.reference is None or (self.held is Held.SETTINGS and not self.reference.tag):
            return None
        return replace(self.reference, digest=None)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the components."""
        return tuple(project.name for project in self.components)


def used_bases(projects: Sequence[Project]) -> tuple[UsedBase, ...]:
    """Return the bases of components, each with the components that are held to the same image, by name.

    A component whose base or lock is invalid is left out: its build reports it. So is one whose Dockerfile names it.
    """
    groups: dict[tuple[str, str, str], UsedBase] = {}
    for project in projects:
        for base in _of(project):
            key = base.name, str(base.reference), str(base.held)
            known = groups.get(key)
            groups[key] = replace(known, components=(*known.components, project)) if known else base
    return tuple(groups[key] for key in sorted(groups))


def _of(project: Project) -> Iterator[UsedBase]:
    """Yield the base of one component, or nothing if it is invalid or only the Dockerfile knows it."""
    if project.is_dockerfile_alone:
        return
    try:
        text, platforms = project.base or default_base(project), platforms_of(project)
        if is_on_disk(text):
            scheme, _, path = text.partition(":")
            name, held, reference = f"{scheme}:{Path(path).absolute()}", Held.DISK, None
        else:
            named = parse_reference(text)
            name = replace(named, digest=None).familiar
            held, reference = _holding(project, named)
    except CompError:
        return
    if platforms:
        yield UsedBase(name=name, held=held, reference=reference, platform=platforms[0], components=(project,))


def _holding(project: Project, named: Reference) -> tuple[Held, Reference | None]:
    """Return what holds a component to one image, and that image."""
    if named.digest:
        return Held.SETTINGS, named
    if not project.base_overridden:
        lock = existing_lock(project)
        # A lock for another name is replaced by the next build.
        if lock and lock.base and replace(lock.base, digest=None) == named:
            return Held.LOCK, lock.base
    return Held.NOTHING, None
