"""Bases: from the settings to the image of each platform that a component is built on."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from packaging.version import Version

from toolkit.config.project import Project, default_base, is_on_disk
from toolkit.errors import InputError, Location
from toolkit.job.context import BuildContext
from toolkit.job.system_packages import with_system_packages
from toolkit.job.tags import digest_now
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.python.base import check_python, read_facts
from toolkit.python.target import Base, Target
from toolkit.requirements.lock import Lock
from toolkit.system.threads import at_once


def platforms_of(project: Project) -> tuple[Platform, ...]:
    """List the platforms that the settings name, each once."""
    return tuple(dict.fromkeys(Platform.parse(text) for text in project.platforms))


def open_bases(
    project: Project,
    context: BuildContext,
    *,
    lock: Lock | None = None,
    only: Platform | None = None,
    locked: bool = False,
    upgrade: bool = False,
) -> tuple[Base, ...]:
    """Return the base of every platform, or `only` of one; the digest is that of a lock which names the same reference.

    System packages that the settings name are on it. With `locked` the lock has to pin them, with `upgrade` they are
    chosen anew. Raises InputError when a
    base has no fitting Python, or a package does not go onto it, OutsideError when one of them cannot be had.
    """
    text = project.base or default_base(project)
    pinned = None if is_on_disk(text) else _pinned(parse_reference(text), lock, context)
    # One client for all platforms, which they use from several threads.
    remote = context.remote() if pinned else None

    def read(platform: Platform) -> Base:
        """Return the base of one platform, whichever component is built on it."""
        if remote and pinned:
            image = remote.pull(pinned, platform, context.cache, report=context.report)
        else:
            image = local_base(text, platform, context)
        facts = read_facts(image, context.cache, python=project.python)
        return Base(
            image=image, reference=text, pinned=pinned, facts=facts, target=Target.of(platform, facts), found=pinned
        )

    def opened(platform: Platform) -> Base:
        """Return the base of one platform for this component."""
        place = pinned or Path(text.partition(":")[2]).absolute()
        base = context.shared.get(("base", text, place, platform, project.python), partial(read, platform))
        check_python(project, base.facts, text)
        # A base for one run does not leak into a committed file (docs/decisions/0003-base.md).
        return replace(base, pinned=None) if project.base_overridden else base

    bases = at_once(opened, (only,) if only else platforms_of(project))
    _check_one_python(bases, text)
    return with_system_packages(project, bases, lock, context, locked=locked, upgrade=upgrade)


def open_build_base(project: Project, base: Base, context: BuildContext) -> Base:
    """Return the image that wheels for `base` are built in: `build-base` of the settings, or else the base itself.

    Raises InputError when wheels built there would not run on the base.
    """
    if not project.build_base:
        return base
    text, platform = project.build_base, base.target.platform
    if is_on_disk(text):
        image = local_base(text, platform, context)
    else:
        pinned = _pinned(parse_reference(text), None, context)
        image = context.remote().pull(pinned, platform, context.cache, report=context.report)
    facts = read_facts(image, context.cache)
    mine, theirs = ((each.minor, each.libc) for each in (facts, base.facts))
    # Machine code needs the Python it was built for, and a C library that is not older.
    if mine != theirs or Version(facts.libc_version) > Version(base.facts.libc_version):
        raise InputError(
            f"what is built in {text} (Python {facts.version}, {facts.libc} {facts.libc_version}) would not run on the "
            f"base {base.reference} (Python {base.facts.version}, {base.facts.libc} {base.facts.libc_version})",
            where=Location(path=project.folder / "pyproject.toml"),
            hint="choose a `build-base` of the same Python whose C library is not newer",
        )
    # The target stays the base's: wheels are built for it, wherever they are built.
    return replace(base, image=image, reference=text, pinned=None, found=None, facts=facts)


def _check_one_python(bases: Sequence[Base], text: str) -> None:
    """Raise InputError unless the bases have Pythons of one minor version: there is one lock for all of them."""
    if len({base.facts.minor for base in bases}) > 1:
        versions = ", ".join(f"{base.facts.version} for {base.target.platform}" for base in bases)
        raise InputError(
            f"the base {text} has different Pythons: {versions}", hint="choose a base with one Python for all platforms"
        )


def local_base(text: str, platform: Platform, context: BuildContext) -> Image:
    """Return a base on this disk: `layout:DIR` or `archive:FILE`."""
    scheme, _, rest = text.partition(":")
    path = Path(rest)
    if scheme == "archive":
        from toolkit.oci.archive import read_archive

        return read_archive(path, platform=platform, cache=context.cache)
    from toolkit.oci.layout import read_layout

    # A base that `comp base` made lies in the cache.
    context.cache.use(path.absolute())
    return read_layout(path, platform=platform)


def _pinned(reference: Reference, lock: Lock | None, context: BuildContext) -> Reference:
    """Add the digest to a reference: the lock's if it names the same, else the one that the remote has now."""
    if reference.digest:
        return reference
    # The lock comes first, so that a tag that moved does not change the image.
    if lock and lock.base and replace(lock.base, digest=None) == reference:
        return lock.base
    return replace(reference, digest=digest_now(reference, context))
