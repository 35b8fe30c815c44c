"""System packages: the base with Debian packages on it, as the lock pins them, or else as archives have them now."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from toolkit.cache.records import Record
from toolkit.config.project import Project
from toolkit.errors import InputError, Location
from toolkit.job.context import BuildContext
from toolkit.python.base import read_facts
from toolkit.python.system_pins import SystemPin, SystemPins
from toolkit.python.target import Base
from toolkit.requirements.lock import Lock
from toolkit.system.threads import at_once

if TYPE_CHECKING:
    from toolkit.debian.fetching import Mirrors
    from toolkit.debian.index import Index
    from toolkit.debian.package import Package
    from toolkit.debian.system import BaseSystem

log = logging.getLogger(__name__)


class _Choice(Record, frozen=True, kw_only=True):
    """The packages that were chosen for a base on one day."""

    KIND: ClassVar[str] = "debian-choice"

    packages: tuple[SystemPin, ...]


def with_system_packages(
    project: Project,
    bases: Sequence[Base],
    lock: Lock | None,
    context: BuildContext,
    *,
    locked: bool = False,
    upgrade: bool = False,
) -> tuple[Base, ...]:
    """Return the bases with the packages of `system-packages` on them; as they are without this setting.

    The pins of a lock stay, as long as they are for this base and these packages; else the versions that they name come
    before newer ones. What was chosen for a base today is chosen for the next component too, unless it is an `upgrade`.
    With `locked` pins that cannot stay are an error. Raises InputError for packages that do not go
    onto the base, OutsideError for an archive that cannot be read.
    """
    if not project.system_packages:
        return tuple(bases)
    return at_once(lambda base: _with_packages(project, base, lock, context, locked=locked, upgrade=upgrade), bases)


def _with_packages(
    project: Project, base: Base, lock: Lock | None, context: BuildContext, *, locked: bool, upgrade: bool
) -> Base:
    """Return one base with its packages."""
    old = lock.system.get(base.target.platform) if lock and not upgrade else None
    if locked and not project.base_overridden and not _is_fresh(project, base, old):
        raise _stale(project, lock, old)
    key = "debian base", base.image.digest, project.system_packages, old, project.python, upgrade
    return context.shared.get(key, lambda: _made(project, base, old, context, upgrade=upgrade))


def _made(project: Project, base: Base, old: SystemPins | None, context: BuildContext, *, upgrade: bool) -> Base:
    """Make one base with its packages."""
    from toolkit.debian.adding import mirrors_of, with_packages

    def mirrors() -> "Mirrors":
        """Return the command's client for the mirrors of this base."""
        return context.shared.get(
            ("debian mirrors", base.image.digest),
            lambda: mirrors_of(base.image, base.target.platform, context.cache, context.environ, context.report),
        )

    fresh = _is_fresh(project, base, old)
    pins = old.packages if old and fresh else _chosen(project, base, old, context, mirrors, upgrade=upgrade)
    _check_archives(project, base, pins, context)
    image = with_packages(
        base.image,
        [_package(pin) for pin in pins],
        project.system_packages,
        context.cache,
        mirrors,
        lambda line: log.warning("%s", line),
    )
    return replace(
        base,
        image=image,
        plain=base.image,
        facts=read_facts(image, context.cache, python=project.python),
        system=SystemPins(wanted=project.system_packages, base=base.image.digest, image=image.digest, packages=pins),
    )


def _is_fresh(project: Project, base: Base, pins: SystemPins | None) -> bool:
    """Return whether pins are for the packages of the settings and for this base."""
    return pins is not None and (pins.wanted, pins.base) == (project.system_packages, base.image.digest)


def _stale(project: Project, lock: Lock | None, pins: SystemPins | None) -> InputError:
    """Return the error for a lock whose pins cannot stay."""
    command = "`comp lock --all`" if project.shared_lock else "`comp lock`"
    if lock is None:
        problem, hint = "is missing", f"{command} writes it"
    else:
        what = "has no `system-packages`" if pins is None else "pins system packages for other settings or another base"
        problem, hint = what, f"{command} brings it up to date"
    return InputError(f"the lock {problem}", where=Location(path=project.lock_file), hint=hint)


def _chosen(
    project: Project,
    base: Base,
    old: SystemPins | None,
    context: BuildContext,
    mirrors: Callable[[], "Mirrors"],
    *,
    upgrade: bool,
) -> tuple[SystemPin, ...]:
    """Choose the packages for a base from its archives: once a day, unless it is an `upgrade`."""
    from toolkit.debian.adding import choose, index_for
    from toolkit.debian.keys import VARIABLE
    from toolkit.debian.sources import MIRROR_VARIABLE

    platform = base.target.platform

    def index(system: "BaseSystem") -> "Index":
        """Return what the archives offer, read once for all components on the base."""
        return context.shared.get(
            ("debian index", base.image.digest),
            lambda: index_for(system, platform, mirrors(), context.cache),
        )

    def made() -> _Choice:
        """Choose now."""
        log.info("choosing system packages for %s on %s", ", ".join(project.system_packages), platform)
        kept = old.versions if old else {}
        try:
            found = choose(base.image, project.system_packages, context.cache, index, kept=kept)
        except InputError as error:
            raise _placed(project, error) from error
        return _Choice(packages=tuple(map(_pin, found)))

    key = {
        "base": str(base.image.digest),
        "wanted": list(project.system_packages),
        "kept": sorted((old.versions if old else {}).items()),
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "archives": [context.environ.get(name, "") for name in (MIRROR_VARIABLE, VARIABLE)],
    }
    # Reading the archives takes seconds, and the next component on the base most often asks for the same.
    choice = None if upgrade else context.cache.recall(_Choice, key)
    if choice is None:
        choice = made()
        context.cache.remember(key, choice)
    return choice.packages


def _check_archives(project: Project, base: Base, pins: Sequence[SystemPin], context: BuildContext) -> None:
    """Raise InputError for a pin from an archive that the base does not have: others may have written the lock."""
    foreign = [pin for pin in pins if "://" in pin.archive]
    if not foreign:
        return
    from toolkit.debian.sources import sources_of
    from toolkit.debian.system import read_base_system

    system = read_base_system(base.image, context.cache)
    known = {source.archive for source in sources_of(system.release, system.sources, foreign[0].architecture)}
    if strange := [pin for pin in foreign if pin.archive not in known]:
        raise InputError(
            f"{strange[0].name} is pinned from {strange[0].archive}, which is no archive of the base",
            where=Location(path=project.lock_file),
            hint="`comp lock --upgrade` chooses from the base's archives",
        )


def _placed(project: Project, error: InputError) -> InputError:
    """Return an error about the setting with its place."""
    where = error.where or project.where_set("system-packages")
    return InputError(error.message, where=where, hint=error.hint)


def _pin(package: "Package") -> SystemPin:
    """Return the pin of a chosen package."""
    if package.digest is None:
        raise AssertionError(package)  # An index lists none without.
    return SystemPin(
        name=package.name,
        version=package.version,
        architecture=package.architecture,
        archive=package.archive,
        path=package.path,
        digest=package.digest,
    )


def _package(pin: SystemPin) -> "Package":
    """Return the package of a pin, as far as it is needed to fetch and unpack it."""
    from toolkit.debian.package import Package

    return Package(
        name=pin.name,
        version=pin.version,
        architecture=pin.architecture,
        archive=pin.archive,
        path=pin.path,
        digest=pin.digest,
    )
