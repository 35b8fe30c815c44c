"""Bases and the lock: from the settings to what an image of each platform is made from, written down."""

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from packaging.version import Version

from toolkit.config import Project, default_base
from toolkit.errors import InputError, Location, OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.python.base import BaseFacts, read_facts
from toolkit.python.indexes import Indexes
from toolkit.python.local import declared, digests_elsewhere
from toolkit.python.lock import Lock, inputs_digest, read_lock, write_lock
from toolkit.python.pin import Pin, SourceDistribution
from toolkit.python.target import Target
from toolkit.threads import at_once
from toolkit.toml import Document
from toolkit.tools import Tools

if TYPE_CHECKING:
    from toolkit.containers import Container
    from toolkit.python.asked import Asked
    from toolkit.python.building import Means
    from toolkit.python.verify import Problem

log = logging.getLogger(__name__)

_MOST_PROBLEMS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """The base of one platform: its image, what it was called, and the digest that the lock may record.

    `pinned` is None for an overriding base and for one that is a file: neither belongs in a lock.
    """

    image: Image
    reference: str
    pinned: Reference | None
    facts: BaseFacts
    target: Target


def platforms_of(project: Project) -> tuple[Platform, ...]:
    """List the platforms that the settings name, each once."""
    return tuple(dict.fromkeys(Platform.parse(text) for text in project.platforms))


def indexes_of(project: Project) -> Indexes:
    """Say where the project's packages are looked for."""
    from toolkit.python.inputs import file_options

    pinned = {name: tuple(pins) for name, pins in declared(project).indexes.items()}
    indexes = Indexes(where=project.pyproject, pinned=pinned)
    if project.requirements is None:
        return indexes
    given = file_options(project.requirements)
    return replace(
        indexes,
        options=given.indexes,
        listed=project.requirements,
        from_source=given.from_source,
        only_wheels=given.only_wheels,
        early=given.early,
    )


def open_bases(
    project: Project, tools: Tools, *, lock: Lock | None = None, platforms: Sequence[Platform] = ()
) -> tuple[Base, ...]:
    """Find the base image of every platform, or of those named; by the digest of a lock that names the reference.

    Raises InputError when one has no fitting Python, OutsideError when one cannot be had.
    """
    from toolkit.builders.planning import check_python

    text = project.base or default_base(project)
    pinned = None if _is_local(text) else _pinned(parse_reference(text), lock, tools)
    remote = tools.remote() if pinned else None

    def opened(platform: Platform) -> Base:
        if remote and pinned:
            image = remote.pull(pinned, platform, tools.cache, report=tools.report)
        else:
            image = _read_local(text, platform, tools)
        facts = read_facts(image, tools.cache, python=project.python)
        check_python(project, facts, text)
        return Base(
            image=image,
            reference=text,
            pinned=None if project.base_overridden else pinned,
            facts=facts,
            target=Target.of(platform, facts),
        )

    bases = at_once(opened, platforms or platforms_of(project))
    if len({base.facts.minor for base in bases}) > 1:
        found = ", ".join(f"{base.facts.version} for {base.target.platform}" for base in bases)
        raise InputError(
            f"the base {text} has different Pythons: {found}", hint="choose a base with one Python for all platforms"
        )
    return bases


def refresh_lock(
    project: Project,
    bases: Sequence[Base],
    tools: Tools,
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
    fresh = old if old and is_fresh(project, old, bases[0].facts.minor) and not upgrade else None
    wrong = _wrong(project, bases, fresh, tools) if fresh else ()
    kept = None if wrong else fresh
    if locked and not kept:
        _refuse(project, old, wrong)
    lock = kept or _locked_anew(project, bases, None if upgrade else old, tools, anew={one.name for one in wrong})
    if old and not upgrade:
        _check_replaced(project, old, lock)
    if wrong:
        log.warning("%s is not what is required, and is written anew: %s", project.lock.name, _listed(wrong))
    if bases[0].pinned:
        lock = replace(lock, base=bases[0].pinned)
    for base in bases:
        _check_fit(project, base, lock)
    if lock != old:
        if locked:
            _refuse_because(project, "does not name this base by digest")
        if write:
            _write(project.lock, lock)
    return _without_addresses(lock) if kept else lock


def _locked_anew(
    project: Project, bases: Sequence[Base], old: Lock | None, tools: Tools, *, anew: AbstractSet[str | None]
) -> Lock:
    """Resolve for all platforms, whichever bases there are already."""
    if len(bases) < len(platforms_of(project)):
        bases = open_bases(project, tools, lock=old)
    pins, minor = _resolved(project, bases, old, tools, anew=anew), bases[0].facts.minor
    return Lock(inputs=inputs_digest(project, minor, digests_elsewhere(project)), python=minor, pins=pins)


def _without_addresses(lock: Lock) -> Lock:
    """Forget the addresses that stand in a lock: others may have written them, and the index has its own."""
    return replace(
        lock,
        pins={platform: tuple(replace(pin, url=None) for pin in pins) for platform, pins in lock.pins.items()},
    )


def is_fresh(project: Project, lock: Lock | None, minor: str) -> bool:
    """Tell whether the lock says what the settings ask for."""
    return (
        lock is not None
        and lock.python == minor
        and lock.inputs == inputs_digest(project, minor, digests_elsewhere(project))
        and lock.platforms == platforms_of(project)
    )


def has_built(lock: Lock) -> bool:
    """Tell whether the lock has wheels that were built here: an index has none of these."""
    return any(pin.source for pins in lock.pins.values() for pin in pins)


def rebuild_lost(project: Project, lock: Lock, bases: Sequence[Base], tools: Tools) -> None:
    """Build again what was built here and the cache lost. Raises as `rebuild` does."""
    for base in bases:
        for pin in lock.pins[base.target.platform]:
            if pin.source and not tools.cache.has_blob(pin.sha256):
                from toolkit.python.building import rebuild

                rebuild(pin, base.target, _means(project, base, tools))


def existing_lock(project: Project) -> Lock | None:
    """Read the project's lock, None when there is none."""
    if not project.lock.is_file():
        return None
    if project.lock.suffix == ".toml":
        from toolkit.python.pylock import read_pylock

        return read_pylock(project.lock)
    return read_lock(project.lock)


def _write(path: Path, lock: Lock) -> None:
    if path.suffix == ".toml":
        from toolkit.python.pylock import write_pylock

        write_pylock(path, lock)
    else:
        write_lock(path, lock)
    log.info("wrote %s", path)


def empty_lock(project: Project) -> Lock:
    """Give the lock of a component without dependencies, before there is a base to lock for."""
    minor = default_base(project).removeprefix("python:").removesuffix("-slim")
    return Lock(inputs="", python=minor, pins=dict.fromkeys(platforms_of(project), ()))


def _refuse(project: Project, old: Lock | None, wrong: Sequence["Problem"]) -> NoReturn:
    if old is None:
        _refuse_because(project, "is missing")
    if wrong:
        _refuse_because(project, f"is not what is required: {_listed(wrong)}")
    _refuse_because(project, "is stale: the settings changed since it was written")


def _refuse_because(project: Project, problem: str) -> NoReturn:
    raise InputError(f"the lock {problem}", where=Location(path=project.lock), hint="`comp lock` brings it up to date")


def _listed(wrong: Sequence["Problem"]) -> str:
    shown = "; ".join(map(str, wrong[:_MOST_PROBLEMS]))
    return shown if len(wrong) <= _MOST_PROBLEMS else f"{shown}; and {len(wrong) - _MOST_PROBLEMS} more"


def _check_replaced(project: Project, old: Lock, new: Lock) -> None:
    """Refuse a file that has a pinned one's name and another content. What was built here may differ."""
    found = {(pin.name, pin.filename): pin.sha256 for pins in new.pins.values() for pin in pins if not pin.source}
    for pin in (pin for pins in old.pins.values() for pin in pins if not pin.source):
        other = found.get((pin.name, pin.filename), pin.sha256)
        if other != pin.sha256:
            raise OutsideError(
                f"the index has {pin.filename} with sha256 {other}, and {project.lock.name} pins sha256 {pin.sha256}",
                hint="it was replaced on the index, or the lock was changed; `comp lock --upgrade` takes the index's",
            )


def _check_fit(project: Project, base: Base, lock: Lock) -> None:
    for one in lock.pins.get(base.target.platform, ()):
        if base.target.rank(one.filename) is None:
            raise InputError(
                f"{one.filename} does not fit the base {base.reference} "
                f"(Python {base.facts.version}, {base.facts.libc} {base.facts.libc_version})",
                where=Location(path=project.lock),
                hint="`comp lock --upgrade` chooses for this base",
            )


def _resolved(
    project: Project, bases: Sequence[Base], old: Lock | None, tools: Tools, *, anew: AbstractSet[str | None]
) -> dict[Platform, tuple[Pin, ...]]:
    """Resolve for every platform by itself; a platform that is new to the lock prefers what the others have.

    What is to be chosen `anew` is not kept from the old lock.
    """
    from toolkit.python.asked import choose
    from toolkit.python.refusals import told_of_pip
    from toolkit.python.verify import remember

    if project.dependencies or project.requirements:
        named = ", ".join(str(base.target.platform) for base in bases)
        told_of_pip(tools.environ)
        log.info("resolving for %s, Python %s", named, bases[0].facts.minor)

    def kept(base: Base) -> Sequence[Pin]:
        return old.pins.get(base.target.platform, next(iter(old.pins.values()))) if old else ()

    # One after the other: what is built for the first platform mostly does for all.
    asked = {base.target.platform: _asked(project, base, kept(base), tools) for base in bases}

    def resolved(base: Base) -> tuple[Pin | SourceDistribution, ...]:
        return choose(asked[base.target.platform], _preferred(kept(base), asked[base.target.platform], anew))

    found = at_once(resolved, bases)
    pins = {
        base.target.platform: tuple(_built(project, one, base, tools) for one in chosen)
        for base, chosen in zip(bases, found, strict=True)
    }
    for platform, on_platform in pins.items():
        remember(asked[platform], on_platform, tools.cache)
    return pins


def _preferred(kept: Sequence[Pin], asked: "Asked", anew: AbstractSet[str | None]) -> list[str]:
    """Name the versions to keep. A pre-release is not kept: to prefer it would be to ask for it."""
    from toolkit.python.asked import exactly

    elsewhere = {*asked.present, *(pin.name for pin in asked.local), *anew}
    return [
        exactly(pin.name, pin.version)
        for pin in kept
        if pin.name not in elsewhere and not Version(pin.version).is_prerelease
    ]


def _built(project: Project, one: Pin | SourceDistribution, base: Base, tools: Tools) -> Pin:
    if isinstance(one, Pin):
        return one
    from toolkit.python.building import build_source

    return build_source(one, base.target, _means(project, base, tools))


def _means(project: Project, base: Base, tools: Tools) -> "Means":
    """Say what wheels for a base are built with."""
    from toolkit.python.building import Means, Permission

    return Means(
        cache=tools.cache,
        report=tools.report,
        permission=Permission(consent=tools.consent, names=frozenset(project.allow_builds)),
        indexes=indexes_of(project),
        workshop=_workshop(project, base, tools),
    )


def _workshop(project: Project, base: Base, tools: Tools) -> "Container | None":
    """Say where wheels are built that have to be built on the base; None when that is for another processor."""
    from toolkit.containers import workshop_for

    def opened() -> Base:
        return _build_base(project, base, tools) if project.build_base else base

    return workshop_for(opened, base.target.platform.architecture, tools.environ)


def _build_base(project: Project, base: Base, tools: Tools) -> Base:
    """Open the image that wheels for a base are built in. Raises InputError when they would not run on the base."""
    text, platform = project.build_base or "", base.target.platform
    if _is_local(text):
        image = _read_local(text, platform, tools)
    else:
        image = tools.remote().pull(
            _pinned(parse_reference(text), None, tools), platform, tools.cache, report=tools.report
        )
    facts = read_facts(image, tools.cache)
    mine, theirs = ((one.minor, one.libc) for one in (facts, base.facts))
    if mine != theirs or Version(facts.libc_version) > Version(base.facts.libc_version):
        raise InputError(
            f"what is built in {text} (Python {facts.version}, {facts.libc} {facts.libc_version}) would not run on the "
            f"base {base.reference} (Python {base.facts.version}, {base.facts.libc} {base.facts.libc_version})",
            where=Location(path=project.folder / "pyproject.toml"),
            hint="choose a `build-base` of the same Python whose C library is not newer",
        )
    return replace(base, image=image, reference=text, pinned=None, facts=facts)


def _asked(project: Project, base: Base, kept: Sequence[Pin], tools: Tools) -> "Asked":
    """Say what is asked for on one base, and make the wheels of what comes from elsewhere than an index.

    Of projects in git and files by address those that are `kept` stay the same, as long as they are what is required.
    """
    from toolkit.python.asked import Asked, exactly
    from toolkit.python.building import SourceRequirements
    from toolkit.python.inputs import Inputs, read_inputs
    from toolkit.python.origins import Making, checkouts, make_pins
    from toolkit.python.requirement_sources import follow_all, origins_of

    means = _means(project, base, tools)
    document = Document.read(project.pyproject)
    given = read_inputs(project.requirements, base.target, document) if project.requirements else Inputs()
    asked = [(document, project.dependencies), (given.document, given.requirements)]
    making = Making(
        target=base.target,
        means=means,
        relative_to=project.folder,
        kept={pin.name: pin for pin in kept},
    )
    with checkouts(making) as unpacked:
        found = follow_all(
            asked,
            environment=base.target.environment,
            checkout=unpacked,
            fixed=origins_of(given.addressed),
            listed=project.requirements,
        )
        local = make_pins(found, making, unpacked, given.hashes)
    # A lock without requirements is all that there is to go by.
    listed = () if found.requirements else [exactly(*one) for one in (given.locked or {}).items()]
    return Asked(
        requirements=tuple(dict.fromkeys((*found.requirements, *listed))),
        target=base.target,
        indexes=replace(means.indexes, sources=SourceRequirements(means=means)),
        constraints=given.constraints,
        present=base.facts.packages if project.system_site_packages else {},
        local=local,
        addressed=frozenset(found.addressed & {pin.name for pin in local}),
        hashes=given.hashes,
        locked=given.locked,
    )


def _wrong(project: Project, bases: Sequence[Base], lock: Lock, tools: Tools) -> tuple["Problem", ...]:
    """List what is wrong with the pins for these bases."""
    from toolkit.python.verify import problems

    asked = [_asked(project, base, lock.pins[base.target.platform], tools) for base in bases]
    found = at_once(lambda one: problems(one, lock.pins[one.target.platform], tools.cache), asked)
    return tuple({problem.text: problem for of_base in found for problem in of_base}.values())


def _is_local(text: str) -> bool:
    return text.startswith(("layout:", "archive:"))


def _read_local(text: str, platform: Platform, tools: Tools) -> Image:
    scheme, _, rest = text.partition(":")
    path = Path(rest)
    if scheme == "archive":
        from toolkit.oci.archive import read_archive

        return read_archive(path, platform=platform, cache=tools.cache)
    from toolkit.oci.layout import read_layout

    # A base that `comp base` made lies in the cache.
    tools.cache.use(path.absolute())
    return read_layout(path, platform=platform)


def _pinned(reference: Reference, lock: Lock | None, tools: Tools) -> Reference:
    if reference.digest:
        return reference
    if lock and lock.base and replace(lock.base, digest=None) == reference:
        return lock.base
    try:
        found = tools.remote().head(reference)
    except OutsideError as error:
        raise OutsideError(f"cannot look for the base {reference.familiar}", hint=_BASE_HINT) from error
    if found is None:
        raise OutsideError(f"there is no base image {reference.familiar}", hint="check its name and tag; " + _BASE_HINT)
    return replace(reference, digest=found.digest)


_BASE_HINT = "without access to a remote: export COMP_BASE=$(comp base) makes one from Debian packages"
