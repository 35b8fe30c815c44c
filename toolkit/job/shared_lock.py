"""One lock for many components: one resolution of all that they require; each installs what it needs."""

import logging
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from packaging.version import Version

from toolkit.config.project import Project
from toolkit.errors import InputError, Location
from toolkit.job.bases import open_bases
from toolkit.job.context import BuildContext
from toolkit.job.lock import is_fresh, system_pins, wrong_pins
from toolkit.job.publishers import with_publishers
from toolkit.job.resolve import built, requirements_on
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Base
from toolkit.requirements.lock import Lock, inputs_digest
from toolkit.requirements.pin import Pin
from toolkit.requirements.project_sources import source_digests
from toolkit.requirements.requirement_set import exactly
from toolkit.requirements.resolve import resolve
from toolkit.requirements.uv_settings import settings_digest
from toolkit.requirements.verify import question, remember
from toolkit.system.threads import at_once

if TYPE_CHECKING:
    from toolkit.digest import Digest
    from toolkit.requirements.requirement_set import RequirementSet

log = logging.getLogger(__name__)

_HINT = 'change one of them, or set lock = "each" in [tool.comp.workspace], so that each component locks for itself'


class _Want(Struct, frozen=True, kw_only=True):
    """What one component requires on one of its bases."""

    project: Project
    base: Base
    required: "RequirementSet"


def lock_projects(
    projects: Sequence[Project],
    old: Mapping[Path, Lock],
    context: BuildContext,
    *,
    upgrade: bool = False,
    check: bool = False,
) -> dict[Path, Lock]:
    """Return the locks of components by their folders, with one version of each package on each kind of base.

    The `old` ones stay if all of them are what the settings ask for; else their versions are kept where they fit. With
    `upgrade` newer versions and bases are taken. With `check` nothing is resolved: components whose locks are not what
    the settings ask for are left out. Raises InputError, with the names of two components, for requirements
    that exclude each other; else as `refresh_lock` does.
    """
    kept = {} if upgrade else old
    opened = at_once(
        lambda project: open_bases(project, context, lock=kept.get(project.folder), upgrade=upgrade), projects
    )
    bases = {project.folder: of_project for project, of_project in zip(projects, opened, strict=True)}
    right = [
        project for project in projects if _is_right(project, bases[project.folder], kept.get(project.folder), context)
    ]
    anew = not check and len(right) < len(projects)
    if not anew:
        projects = right
        pins = {project.folder: dict(old[project.folder].pins) for project in projects}
    else:
        log.info("resolving for %d components", len(projects))
        pins = _resolved(projects, bases, kept, context)
    locks = {}
    for project in projects:
        first = bases[project.folder][0]
        minor = first.facts.minor
        inputs = inputs_digest(project, minor, source_digests(project, context.environ))
        before = old.get(project.folder)
        # A base for one run is not recorded, and does not take the place of the one that is.
        pinned = first.pinned or (before.base if before and project.base_overridden else None)
        lock = Lock(inputs=inputs, python=minor, pins=pins[project.folder], base=pinned)
        lock = replace(lock, system=system_pins(project, bases[project.folder], before, context))
        if anew:
            # The publisher of a package is the same for all components.
            lock = with_publishers(project, lock, old.values(), bases[project.folder], context)
        elif before:
            lock = replace(lock, publishers=before.publishers)
        locks[project.folder] = lock
    return locks


def _is_right(project: Project, bases: Sequence[Base], lock: Lock | None, context: BuildContext) -> bool:
    """Return whether a lock is what the settings ask for, and its pins are what is required."""
    fresh = lock is not None and is_fresh(project, lock, bases[0].facts.minor, context.environ)
    return fresh and lock is not None and not wrong_pins(project, bases, lock, context)


def _resolved(
    projects: Sequence[Project], bases: Mapping[Path, Sequence[Base]], kept: Mapping[Path, Lock], context: BuildContext
) -> dict[Path, dict[Platform, tuple[Pin, ...]]]:
    """Resolve for all components together, and return the pins of each."""
    # One after the other: a wheel that is built for one component serves the others.
    wants = [
        _Want(project=project, base=base, required=requirements_on(project, base, _pins(kept, project, base), context))
        for project in projects
        for base in bases[project.folder]
    ]
    groups: dict[object, list[_Want]] = {}
    for want in wants:
        groups.setdefault(_group(want), []).append(want)
    versions = _versions(pin for lock in kept.values() for pins in lock.pins.values() for pin in pins)
    chosen: dict[Path, dict[Platform, tuple[Pin, ...]]] = {project.folder: {} for project in projects}
    for group in groups.values():
        exact = _chosen_together(group, versions, context)
        # What the first kind of base has, the others take if they can.
        versions |= exact
        for want in group:
            pins = _part_of(want, exact, context)
            remember(want.required, pins, context.cache)
            chosen[want.project.folder][want.base.target.platform] = pins
    _check_versions(wants, chosen)
    return chosen


def _pins(locks: Mapping[Path, Lock], project: Project, base: Base) -> Sequence[Pin]:
    """Return the pins that a component had on a platform."""
    lock = locks.get(project.folder)
    return lock.pins.get(base.target.platform, ()) if lock else ()


def _versions(pins: Iterable[Pin]) -> dict[str, str]:
    """Return the version of each package, as far as it is no pre-release: to prefer one would be to ask for it."""
    return {pin.name: pin.version for pin in pins if not Version(pin.version).is_prerelease}


def _group(want: _Want) -> object:
    """Return what components have to have in common to be resolved by one call of uv."""
    target, required = want.base.target, want.required
    return (
        *(target.platform, target.version, target.libc, target.libc_version),
        *(settings_digest(required.indexes), tuple(sorted(required.present.items())), want.project.allow_builds),
    )


def _chosen_together(group: Sequence[_Want], versions: Mapping[str, str], context: BuildContext) -> dict[str, str]:
    """Return the version of each package that all components of a group can take."""
    together = _joined(group)
    elsewhere = {*together.present, *(pin.name for pin in together.local)}
    preferred = [exactly(name, version) for name, version in sorted(versions.items()) if name not in elsewhere]
    try:
        choices = resolve(together, context.cache, preferred=preferred)
    except InputError as error:
        raise _conflict(group, error, context) from error
    return {choice.name: choice.version for choice in choices if choice.name not in elsewhere}


def _joined(group: Sequence[_Want]) -> "RequirementSet":
    """Return all requirements of a group. Raises InputError for two projects of one name."""
    local: dict[str, tuple[Pin, _Want]] = {}
    hashes: dict[str, frozenset[Digest]] = {}
    for want in group:
        for pin in want.required.local:
            other, first = local.setdefault(pin.name, (pin, want))
            if other.digest != pin.digest:
                raise InputError(
                    f"{first.project.name} and {want.project.name} take {pin.name} from different places",
                    where=Location(path=want.project.pyproject),
                    hint=_HINT,
                )
        for name, allowed in want.required.hashes.items():
            hashes[name] = hashes.get(name, allowed) & allowed
    sets = [want.required for want in group]
    return replace(
        sets[0],
        requirements=tuple(dict.fromkeys(text for one in sets for text in one.requirements)),
        # Another tool's lock of one component says nothing about what the others require.
        constraints=tuple(dict.fromkeys(text for one in sets for text in one.narrowing)),
        locked=None,
        local=tuple(pin for pin, _ in local.values()),
        addressed=frozenset().union(*(one.addressed for one in sets)),
        hashes=hashes,
    )


def _part_of(want: _Want, exact: Mapping[str, str], context: BuildContext) -> tuple[Pin, ...]:
    """Return what one component installs: uv, held to the versions of all, leaves out what it does not require."""
    local = {pin.name for pin in want.required.local}
    held = [exactly(name, version) for name, version in exact.items() if name not in local]
    required = replace(want.required, constraints=(*want.required.constraints, *held))
    choices = context.shared.get(
        ("part", question(required), want.project.allow_builds), lambda: resolve(required, context.cache)
    )
    return tuple(built(want.project, choice, want.base, context) for choice in choices)


def _check_versions(wants: Sequence[_Want], chosen: Mapping[Path, Mapping[Platform, Sequence[Pin]]]) -> None:
    """Raise InputError if components on one kind of base have two versions of a package."""
    seen: dict[tuple[Platform, str, str], tuple[str, Project]] = {}
    for want in wants:
        platform, minor = want.base.target.platform, want.base.target.minor
        for pin in chosen[want.project.folder][platform]:
            version, other = seen.setdefault((platform, minor, pin.name), (pin.version, want.project))
            if version != pin.version:
                raise InputError(
                    f"{other.name} takes {pin.name} {version}, and {want.project.name} takes {pin.version}: "
                    f"they cannot lock together",
                    where=Location(path=want.project.pyproject),
                    hint=_HINT,
                )


def _conflict(group: Sequence[_Want], error: InputError, context: BuildContext) -> InputError:
    """Return the error that names two components whose requirements exclude each other; else the error itself."""
    # Those that require the same fail alike.
    different = list({question(want.required): want for want in group}.values())
    # The first one that does not go with those before it: all pairs would be too many to try.
    place = bisect_left(range(len(different) - 1), 1, key=lambda last: bool(_failure(different[: last + 1], context)))
    want = different[place]
    if alone := _failure([want], context):
        return alone
    for other in different[:place]:
        if failure := _failure([other, want], context):
            return InputError(
                f"{other.project.name} and {want.project.name} cannot lock together: {failure.message}",
                where=Location(path=want.project.pyproject),
                hint=_HINT,
            )
    names = ", ".join(want.project.name for want in different)
    return InputError(f"{names} cannot lock together: {error.message}", where=error.where, hint=_HINT)


def _failure(group: Sequence[_Want], context: BuildContext) -> InputError | None:
    """Return why some components cannot be resolved together. None if they can."""
    try:
        resolve(_joined(group), context.cache)
    except InputError as error:
        return error
    return None
