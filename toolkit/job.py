"""The job: read the settings, lock, plan, build, push, pin.

Each step is one function that takes what the step before gave. Nothing here prints; `toolkit.cli` does.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.atomic import write_text
from toolkit.cache import Cache
from toolkit.config import Project, default_base
from toolkit.errors import InputError, Location, OutsideError, UsageError
from toolkit.oci.descriptor import Platform
from toolkit.oci.digest import Digest
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.progress import Report, silent
from toolkit.python.base import BaseFacts, read_facts
from toolkit.python.lock import Lock, inputs_digest, read_lock, write_lock
from toolkit.python.resolve import Pin
from toolkit.python.target import Target
from toolkit.scaffold.contract import placeholder_image

if TYPE_CHECKING:
    from toolkit.builders.plan import Plan
    from toolkit.remote.client import Remote

log = logging.getLogger(__name__)

LOCK_NAME = "requirements.lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What every step works with: the cache, the environment, and who hears of progress."""

    cache: Cache = field(default_factory=Cache.default)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    report: Report = silent

    def remote(self) -> "Remote":
        """Make a client for distribution servers."""
        from toolkit.remote.client import Remote

        return Remote(environ=self.environ)


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


def open_base(project: Project, tools: Tools, *, lock: Lock | None = None) -> Base:
    """Find the base image; with a lock that names the same reference, by the lock's digest.

    Raises InputError when it has no fitting Python, OutsideError when it cannot be had.
    """
    from toolkit.builders.planning import check_python

    platform = _platform(project)
    text = project.base or default_base(project)
    scheme, _, rest = text.partition(":")
    pinned = None
    if scheme in {"layout", "archive"}:
        image = _read_local(scheme, Path(rest), platform, tools)
    else:
        pinned = _pinned(parse_reference(text), lock, tools)
        image = tools.remote().pull(pinned, platform, tools.cache)
    facts = read_facts(image, tools.cache, python=project.python)
    check_python(project, facts, text)
    return Base(
        image=image,
        reference=text,
        pinned=None if project.base_overridden else pinned,
        facts=facts,
        target=Target.of(platform, facts),
    )


def refresh_lock(project: Project, base: Base, *, upgrade: bool = False, write: bool = True) -> Lock:
    """Return the lock, resolved again only if its inputs changed or with `upgrade`, and write it if it changed.

    Without `write` the file stays as it is. Pins that still fit are kept unless `upgrade` asks for newer ones.
    Raises InputError when a pinned wheel does not fit the base.
    """
    old = existing_lock(project)
    inputs = inputs_digest(project, base.target)
    if old and old.inputs == inputs and not upgrade:
        lock = old
    else:
        if project.dependencies:
            log.info("resolving for %s, Python %s", base.target.platform, base.facts.minor)
        lock = Lock.of(inputs, base.target, _resolve(project, base, () if upgrade or old is None else old.pins))
    if base.pinned:
        lock = replace(lock, base=base.pinned)
    for one in lock.pins:
        if base.target.rank(one.filename) is None:
            raise InputError(
                f"{one.filename} does not fit the base {base.reference} "
                f"(Python {base.facts.version}, {base.facts.libc} {base.facts.libc_version})",
                where=Location(path=project.folder / LOCK_NAME),
                hint="`comp lock --upgrade` chooses for this base",
            )
    if lock != old and write:
        write_lock(project.folder / LOCK_NAME, lock)
        log.info("wrote %s", project.folder / LOCK_NAME)
    return lock


def _resolve(project: Project, base: Base, kept: tuple[Pin, ...]) -> tuple[Pin, ...]:
    from toolkit.python.resolve import resolve

    present = base.facts.packages if project.system_site_packages else {}
    preferred = [f"{pin.name}=={pin.version}" for pin in kept if pin.name not in present]
    try:
        return resolve(
            project.dependencies, base.target, where=project.pyproject, constraints=preferred, present=present
        )
    except InputError:
        if not preferred:
            raise
        return resolve(project.dependencies, base.target, where=project.pyproject, present=present)


def empty_lock(project: Project) -> Lock:
    """Give the lock of a component without dependencies, before there is a base to lock for."""
    minor = default_base(project).removeprefix("python:").removesuffix("-slim")
    return Lock(inputs="", platform=_platform(project), python=minor, pins=())


def existing_lock(project: Project) -> Lock | None:
    """Read the project's lock, None when there is none."""
    path = project.folder / LOCK_NAME
    return read_lock(path) if path.is_file() else None


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewLayer:
    """One layer of an image that is not built yet, from bottom to top.

    `contents` are its wheels or files, none for the base's; `present` says whether the remote has it, None where
    nobody was asked or answered. `size` is in compressed bytes.
    """

    name: str
    digest: Digest
    size: int
    contents: tuple[str, ...]
    present: bool | None


def preview(project: Project, tools: Tools) -> tuple[Digest, tuple[PreviewLayer, ...]]:
    """Say what a build would give: the image's digest and every layer. Changes nothing but the cache."""
    from toolkit.builders.embedded import EmbeddedBuilder

    plan = make_image_plan(project, tools, write_lock=False)
    image = EmbeddedBuilder(tools.cache).build(plan, tools.report)
    present = _present(project, image, tools)
    below = len(plan.base.layers)
    names = [("base", ())] * below + [(layer.name, layer.contents) for layer in plan.layers]
    return image.digest, tuple(
        PreviewLayer(
            name=name,
            digest=layer.descriptor.digest,
            size=layer.descriptor.size,
            contents=contents,
            present=present.get(layer.descriptor.digest),
        )
        for (name, contents), layer in zip(names, image.layers, strict=True)
    )


def _present(project: Project, image: Image, tools: Tools) -> dict[Digest, bool]:
    """Ask the remote which layers it has; nothing where there is no name for the image, or nobody answers."""
    if project.image is None:
        return {}
    reference, remote = parse_reference(project.image), tools.remote()
    try:
        return {one.descriptor.digest: remote.has_blob(reference, one.descriptor.digest) for one in image.layers}
    except OutsideError as error:
        log.warning("cannot tell what the remote has: %s", error.message)
        return {}


def make_image_plan(project: Project, tools: Tools, *, write_lock: bool = True) -> "Plan":
    """Lock and fetch, then say what goes into the image."""
    from toolkit.builders.planning import make_plan
    from toolkit.python.fetch import fetch_wheels

    base = open_base(project, tools, lock=existing_lock(project))
    lock = refresh_lock(project, base, write=write_lock)
    wheels = fetch_wheels(lock.pins, base.target, tools.cache, tools.report, where=project.pyproject)
    return make_plan(project, base.image, base.reference, base.facts, wheels, environ=tools.environ)


def build(project: Project, tools: Tools, *, builder: str = "oci") -> Image:
    """Build the project's image with the named builder."""
    plan = make_image_plan(project, tools)
    if builder == "docker":
        from toolkit.builders.docker import DockerBuilder

        return DockerBuilder(tools.cache).build(plan, tools.report)
    if builder == "buildah":
        from toolkit.builders.buildah import BuildahBuilder

        return BuildahBuilder(tools.cache).build(plan, tools.report)
    from toolkit.builders.embedded import EmbeddedBuilder

    return EmbeddedBuilder(tools.cache).build(plan, tools.report)


def target_reference(project: Project) -> Reference:
    """Say where the image goes. Raises InputError when nothing names a place."""
    if project.image is None:
        raise InputError(
            f"no image name for {project.name}",
            where=Location(path=project.pyproject),
            hint=f"set image in [tool.comp], COMP_IMAGE_PREFIX=HOST/PATH, or --image HOST/PATH/{project.name}",
        )
    return parse_reference(project.image)


def check_contracts(project: Project) -> None:
    """Raise InputError unless every contract is there and says what the code says."""
    from toolkit.scaffold.contract import stale_files

    stale = stale_files(project)
    for entry in project.entries:
        if not entry.contract.is_file():
            raise InputError(
                "there is no contract", where=Location(path=entry.contract), hint="`comp generate` writes a function's"
            )
        if entry.contract in stale:
            raise InputError(
                "the contract does not say what the code says",
                where=Location(path=entry.contract),
                hint="`comp generate` brings it up to date; `comp generate --check` shows the difference",
            )


def write_image(project: Project, image: Image, output: str) -> str:
    """Write the image to `layout:DIR` or `archive:FILE`, or load it into docker; say where it is."""
    scheme, _, rest = output.partition(":")
    name = placeholder_image(project)
    if scheme == "layout":
        from toolkit.oci.layout import write_layout

        write_layout(image, Path(rest), name=project.version)
    elif scheme == "archive":
        from toolkit.atomic import replacing
        from toolkit.oci.archive import write_archive

        with replacing(Path(rest)) as stream:
            write_archive(image, stream, names=[name])
    else:
        from toolkit.engines.docker import connect, load_image

        load_image(connect(), image, names=[name])
        return f"{name} in docker"
    return rest


def push(project: Project, image: Image, tools: Tools) -> tuple[Reference, list[str]]:
    """Push, and return the reference by digest and the tags that were set: `<version>`, `sha-<12 hex>`."""
    reference = target_reference(project)
    tags = image_tags(project, image, reference)
    tools.remote().push(image, reference, tags=tags, report=tools.report)
    return replace(reference, tag=None, digest=image.digest), tags


def image_tags(project: Project, image: Image, reference: Reference) -> list[str]:
    """List the tags that a push sets; a `+` of a local version becomes `_`, which tags allow."""
    tags = [project.version.replace("+", "_"), f"sha-{image.digest.hex[:12]}"]
    if reference.tag and reference.tag not in tags:
        tags.append(reference.tag)
    return tags


def pin(project: Project, reference: Reference, *, into: str = "in-place") -> tuple[Path, ...]:
    """Write the reference into every contract of the image, and return the files that changed.

    `into` is `in-place`, `none`, or a file for the one contract.
    """
    from toolkit.spec.pin import pin_image

    if into == "none":
        return ()
    if into != "in-place" and len(project.entries) > 1:
        raise UsageError(f"--pin {into}: this image has {len(project.entries)} components", hint="use --pin in-place")
    changed = []
    for entry in project.entries:
        text = entry.contract.read_bytes().decode()
        pinned = pin_image(text, str(reference), entry.contract)
        destination = entry.contract if into == "in-place" else Path(into)
        if pinned != text or destination != entry.contract:
            write_text(destination, pinned)
            changed.append(destination)
    return tuple(changed)


def _platform(project: Project) -> Platform:
    if len(project.platforms) > 1:
        raise InputError(
            f"{len(project.platforms)} platforms are asked for, one can be built at a time",
            where=Location(path=project.pyproject),
            hint="build them one by one: COMP_PLATFORMS=linux/arm64 comp build",
        )
    return Platform.parse(project.platforms[0])


def _read_local(scheme: str, path: Path, platform: Platform, tools: Tools) -> Image:
    if scheme == "archive":
        from toolkit.oci.archive import read_archive

        return read_archive(path, platform=platform, cache=tools.cache)
    from toolkit.oci.layout import read_layout

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
