"""The lock: what the requirements came to on the bases, written down, and when it has to be written anew."""

import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NoReturn

from msgspec.structs import replace

from toolkit.config.project import Project, default_base
from toolkit.errors import InputError, Location, OutsideError
from toolkit.job.bases import open_bases, platforms_of
from toolkit.job.context import BuildContext
from toolkit.job.resolve import requirements_on, resolve_on
from toolkit.oci.descriptor import Platform
from toolkit.python.system_pins import SystemPins
from toolkit.python.target import Base
from toolkit.requirements.lock import Lock, inputs_digest
from toolkit.requirements.lock_file import read_lock, write_lock
from toolkit.requirements.project_sources import source_digests
from toolkit.requirements.shared_lock import read_shared_lock, write_shared_lock
from toolkit.system.threads import at_once

if TYPE_CHECKING:
    from toolkit.requirements.verify import Problem

log = logging.getLogger(__name__)

_MOST_PROBLEMS = 10


def locked_bases(
    project: Project,
    context: BuildContext,
    *,
    only: Platform | None = None,
    locked: bool = False,
    write: bool = True,
    upgrade: bool = False,
    on_open: Callable[[Sequence[Base]], object] = lambda _: None,
) -> tuple[tuple[Base, ...], Lock]:
    """Return the base of each platform, or `only` of one, and the lock for all platforms, see `refresh_lock`.

    With `upgrade` the base is looked up anew too. `on_open` gets the bases before the lock is resolved, which may take
    a while. Raises as `open_bases` and `refresh_lock` do, and InputError for a component that has a Dockerfile.
    """
    if project.dockerfile and project.is_dockerfile_alone:
        raise InputError(
            f"{project.name} has nothing to lock: its Dockerfile installs what it needs",
            where=project.dockerfile.where,
            hint="pin versions in the Dockerfile, and its base by digest",
        )
    lock = None if upgrade else existing_lock(project)
    bases = open_bases(project, context, lock=lock, only=only, locked=locked, upgrade=upgrade)
    on_open(bases)
    return bases, refresh_lock(project, bases, context, upgrade=upgrade, write=write, locked=locked)


def refresh_lock(
    project: Project,
    bases: Sequence[Base],
    context: BuildContext,
    *,
    upgrade: bool = False,
    write: bool = True,
    locked: bool = False,
) -> Lock:
    """Return the lock, resolved again only if it is not what the settings ask for, and write it if it changed.

    A lock is verified for the platforms of `bases`: others may have written it. With `upgrade` it is resolved again in
    any case, and newer versions are taken; without, pins that still fit are kept. Without `write` the file stays as it
    is; with `locked` a lock that would change is an error. Raises InputError when a pinned wheel does not fit the base.
    """
    old = existing_lock(project)
    fresh = old if old and is_fresh(project, old, bases[0].facts.minor, context.environ) and not upgrade else None
    # The digest in a lock shows only that the settings did not change: pins can be changed beside it.
    wrong = wrong_pins(project, bases, fresh, context) if fresh else ()
    kept = None if wrong else fresh
    if locked and not kept:
        _refuse(project, old, wrong)
    # Pins that are wrong are no preference for the new ones.
    anew = {problem.name for problem in wrong}
    if project.shared_lock and write and not kept and context.relock:
        lock = _locked_together(project, bases, context, upgrade=upgrade)
    else:
        lock = kept or _locked_anew(project, bases, old, context, anew=anew, upgrade=upgrade)
    if old and not upgrade:
        _check_replaced(project, old, lock)
    if wrong:
        log.warning("%s does not meet the requirements and is written anew: %s", project.lock_file.name, _listed(wrong))
    # All platforms share one reference, so the first base stands for all.
    if bases[0].pinned:
        lock = replace(lock, base=bases[0].pinned)
    lock = replace(lock, system=system_pins(project, bases, old, context))
    # The base may be another than the lock was made on, from the command line or by a tag that moved.
    for base in bases:
        _check_fit(project, base, lock)
    if lock != old:
        if locked:
            # The pins of wheels were kept, so the base alone can differ.
            changed = old is not None and old.system != lock.system
            _refuse_because(
                project,
                "names other system packages, or another digest of the base with them"
                if changed
                else "does not name this base by digest",
            )
        if write:
            _write(project, lock, context)
    return _without_addresses(lock) if kept else lock


def system_pins(
    project: Project, bases: Sequence[Base], old: Lock | None, context: BuildContext
) -> Mapping[Platform, SystemPins]:
    """Return the pins of system packages for all platforms, however many of their bases are open."""
    # As with the base's digest: what is for one run does not leak into a committed file.
    if project.base_overridden:
        return old.system if old else {}
    if not project.system_packages:
        return {}
    found = {base.target.platform: base.system for base in bases if base.system}
    kept = {
        platform: pins
        for platform, pins in (old.system if old else {}).items()
        if platform in platforms_of(project) and pins.wanted == project.system_packages
    }
    known = kept | found
    if known.keys() != {*platforms_of(project)}:
        # One file holds all platforms, so it is written for all of them.
        bases = open_bases(project, context, lock=old)
        known |= {base.target.platform: base.system for base in bases if base.system}
    return {platform: known[platform] for platform in platforms_of(project) if platform in known}


def existing_lock(project: Project) -> Lock | None:
    """Read the project's lock, or its part of the lock of its collection. None if it has none, or a Dockerfile."""
    if project.is_dockerfile_alone:
        return None
    if project.shared_lock:
        return read_shared_lock(project.shared_lock).get(project.folder) if project.shared_lock.is_file() else None
    return read_lock(project.lock) if project.lock.is_file() else None


def empty_lock(project: Project) -> Lock:
    """Return the lock of a component without dependencies, before there is a base to lock for."""
    minor = default_base(project).removeprefix("python:").removesuffix("-slim")
    return Lock(inputs="", python=minor, pins=dict.fromkeys(platforms_of(project), ()))


def is_fresh(project: Project, lock: Lock | None, minor: str, environ: Mapping[str, str]) -> bool:
    """Return whether the lock is what the settings ask for."""
    return (
        lock is not None
        and lock.python == minor
        and lock.inputs == inputs_digest(project, minor, source_digests(project, environ))
        and lock.platforms == platforms_of(project)
        # A base for one run has its own packages, which no lock records.
        and (project.base_overridden or _has_system_packages(project, lock))
    )


def _has_system_packages(project: Project, lock: Lock) -> bool:
    """Return whether a lock pins the packages of `system-packages` on every platform."""
    wanted = {platform: project.system_packages for platform in platforms_of(project) if project.system_packages}
    return {platform: pins.wanted for platform, pins in lock.system.items()} == wanted


def has_built(lock: Lock) -> bool:
    """Return whether the lock has wheels that were built here: an index has none of these."""
    return any(pin.source for pins in lock.pins.values() for pin in pins)


def _locked_together(project: Project, bases: Sequence[Base], context: BuildContext, *, upgrade: bool) -> Lock:
    """Lock the whole collection anew, once for all of a command, and return the component's part."""
    if context.relock:
        context.relock(project, context, upgrade)
    lock = existing_lock(project)
    if lock is None or not is_fresh(project, lock, bases[0].facts.minor, context.environ):
        # The base of one component may be another than the collection's lock is for: that of the command line.
        return _locked_anew(project, bases, lock, context, anew=frozenset(), upgrade=False)
    return lock


def _write(project: Project, lock: Lock, context: BuildContext) -> None:
    """Write a lock: its own file, or its part of the collection's."""
    if project.shared_lock is None:
        write_lock(project.lock, lock)
    else:
        # Components that are built at once write parts of one file.
        with context.cache.turn("shared lock", project.shared_lock):
            locks = read_shared_lock(project.shared_lock) if project.shared_lock.is_file() else {}
            old = locks.get(project.folder)
            if old is None or replace(old, base=lock.base, system=lock.system) != lock:
                # Other versions for one component alone would be against the agreement of all.
                log.warning("%s is stale: `comp lock --all` brings it up to date", project.shared_lock)
                return
            if old == lock:
                return
            write_shared_lock(project.shared_lock, {**locks, project.folder: lock})
    log.info("wrote %s", project.lock_file)


def _locked_anew(
    project: Project,
    bases: Sequence[Base],
    old: Lock | None,
    context: BuildContext,
    *,
    anew: AbstractSet[str | None],
    upgrade: bool,
) -> Lock:
    """Resolve for all platforms, however many of their bases are open, and look up who published the files."""
    from toolkit.job.publishers import with_publishers

    kept = None if upgrade else old
    if len(bases) < len(platforms_of(project)):
        # One file holds all platforms, so a lock for some of them would drop the others.
        bases = open_bases(project, context, lock=kept)
    pins, minor = resolve_on(project, bases, kept, context, anew=anew), bases[0].facts.minor
    inputs = inputs_digest(project, minor, source_digests(project, context.environ))
    lock = Lock(inputs=inputs, python=minor, pins=pins)
    return with_publishers(project, lock, [old] if old else [], bases, context)


def wrong_pins(project: Project, bases: Sequence[Base], lock: Lock, context: BuildContext) -> tuple["Problem", ...]:
    """List the problems of the lock's pins on these bases, each once."""
    from toolkit.requirements.verify import problems

    required = [requirements_on(project, base, lock.pins[base.target.platform], context) for base in bases]
    by_base = at_once(lambda each: problems(each, lock.pins[each.target.platform], context.cache), required)
    return tuple({problem.text: problem for of_base in by_base for problem in of_base}.values())


def _without_addresses(lock: Lock) -> Lock:
    """Drop the addresses that stand in a lock: others may have written them, and the index has its own."""
    return replace(
        lock,
        pins={platform: tuple(replace(pin, url=None) for pin in pins) for platform, pins in lock.pins.items()},
    )


def _refuse(project: Project, old: Lock | None, wrong: Sequence["Problem"]) -> NoReturn:
    """Raise InputError saying why the lock cannot stay as it is."""
    if old is None:
        _refuse_because(project, "is missing", hint="`comp lock` writes it")
    if wrong:
        _refuse_because(project, f"does not meet the requirements: {_listed(wrong)}")
    _refuse_because(project, "is stale: the settings changed since it was written")


def _refuse_because(project: Project, problem: str, hint: str = "`comp lock` brings it up to date") -> NoReturn:
    """Raise InputError with the reason."""
    if project.shared_lock:
        hint = hint.replace("`comp lock`", "`comp lock --all`")
    raise InputError(f"the lock {problem}", where=Location(path=project.lock_file), hint=hint)


def _listed(wrong: Sequence["Problem"]) -> str:
    """Return the first problems in one line, and how many more there are."""
    shown = "; ".join(map(str, wrong[:_MOST_PROBLEMS]))
    return shown if len(wrong) <= _MOST_PROBLEMS else f"{shown}; and {len(wrong) - _MOST_PROBLEMS} more"


def _check_replaced(project: Project, old: Lock, new: Lock) -> None:
    """Refuse a file with a pinned one's name and another content. A wheel that was built here may differ."""
    digests = {(pin.name, pin.filename): pin.digest for pins in new.pins.values() for pin in pins if not pin.source}
    for pin in (pin for pins in old.pins.values() for pin in pins if not pin.source):
        other = digests.get((pin.name, pin.filename), pin.digest)
        if other != pin.digest:
            raise OutsideError(
                f"the index has {pin.filename} with sha256 {other.hex}, "
                f"and {project.lock_file.name} pins sha256 {pin.digest.hex}",
                hint="it was replaced on the index, or the lock was changed; `comp lock --upgrade` takes the index's",
            )


def _check_fit(project: Project, base: Base, lock: Lock) -> None:
    """Raise InputError for a pin whose tags do not fit the base."""
    for pin in lock.pins.get(base.target.platform, ()):
        if base.target.rank(pin.filename) is None:
            raise InputError(
                f"{pin.filename} does not fit the base {base.reference} "
                f"(Python {base.facts.version}, {base.facts.libc} {base.facts.libc_version})",
                where=Location(path=project.lock_file),
                hint="`comp lock --upgrade` chooses for this base",
            )
