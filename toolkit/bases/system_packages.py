"""Whether Debian has newer packages than those that the locks of components add to their bases."""

import logging
from collections.abc import Iterator, Sequence

from msgspec import Struct

from toolkit.bases.opening import open_base, pulled
from toolkit.bases.used import UsedBase
from toolkit.debian.adding import choose, index_for, mirrors_of
from toolkit.errors import CompError
from toolkit.job.context import BuildContext
from toolkit.job.lock import existing_lock
from toolkit.python.system_pins import SystemPins

log = logging.getLogger(__name__)


class NewerPackage(Struct, frozen=True, kw_only=True):
    """A Debian package that has a newer version than the locks of some components, which add it to one base."""

    base: UsedBase
    name: str
    pinned: str
    newest: str
    components: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.pinned} -> {self.newest} ({', '.join(self.components)})"


def newer_system_packages(bases: Sequence[UsedBase], context: BuildContext) -> tuple[NewerPackage, ...]:
    """Return the packages that `comp lock --upgrade` would take in a newer version, base after base, by name.

    Packages are chosen anew on the bases that the locks name; of a base or an archive that cannot be had, a warning
    says so.
    """
    return tuple(package for base in bases for package in _newer(base, context))


def _newer(base: UsedBase, context: BuildContext) -> Iterator[NewerPackage]:
    """Yield what is newer for the components on a base, each change once with all its components."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for pins, components in _pins(base):
        try:
            newest = _newest(base, pins, context)
        except CompError as error:
            log.warning("%s: its system packages are not compared: %s", ", ".join(components), error.message)
            continue
        for name, version in newest.items():
            if pins.versions.get(name, version) != version:
                found.setdefault((name, pins.versions[name], version), []).extend(components)
    for (name, pinned, version), components in sorted(found.items()):
        yield NewerPackage(base=base, name=name, pinned=pinned, newest=version, components=tuple(components))


def _pins(base: UsedBase) -> Iterator[tuple[SystemPins, list[str]]]:
    """Yield the pins of system packages on a base, with the names of the components that have them."""
    pinned: dict[SystemPins, list[str]] = {}
    for project in base.components:
        lock = existing_lock(project)
        if lock and (pins := lock.system.get(base.platform)):
            pinned.setdefault(pins, []).append(project.name)
    yield from pinned.items()


def _newest(base: UsedBase, pins: SystemPins, context: BuildContext) -> dict[str, str]:
    """Return the version of each package that would be chosen now; empty if the base is another one by now."""
    image = (
        pulled(base.reference, base.platform, context)
        if base.reference
        else open_base(base.name, base.platform, context).image
    )
    if image.digest != pins.base:
        return {}
    mirrors = mirrors_of(image, base.platform, context.cache, context.environ, context.report)
    chosen = choose(
        image,
        pins.wanted,
        context.cache,
        lambda system: context.shared.get(
            ("debian index", image.digest), lambda: index_for(system, base.platform, mirrors, context.cache)
        ),
    )
    return {package.name: package.version for package in chosen}
