"""The job: plan, build, push, pin.

Each step is one function that takes what the step before gave. Nothing here prints; `toolkit.cli` does.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit import temporary
from toolkit.atomic import made_parents, write_text
from toolkit.config import Project
from toolkit.errors import InputError, Location, LostError, OutsideError, UsageError
from toolkit.locking import existing_lock, open_bases, rebuild_lost, refresh_lock
from toolkit.oci.descriptor import Platform, host_platform
from toolkit.oci.digest import Digest
from toolkit.oci.image import Built, Image, ImageIndex
from toolkit.oci.reference import Reference, parse_reference
from toolkit.scaffold.contract import placeholder_image
from toolkit.threads import at_once
from toolkit.tools import Tools

if TYPE_CHECKING:
    from toolkit.builders.plan import Plan
    from toolkit.builders.protocol import Builder

log = logging.getLogger(__name__)


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


def preview(project: Project, tools: Tools) -> tuple[Digest | None, Mapping[Platform, tuple[PreviewLayer, ...]]]:
    """Say what a build would give: its digest and every layer of each image. Changes nothing but the cache.

    Nothing that others wrote is run. Where a build would compile bytecode that is not known yet, the digest is None.
    """
    tools = replace(tools, consent=replace(tools.consent, dry=True))
    builder = choose_builder("oci", tools)
    plans = make_plans(project, tools, builder, write_lock=False)
    built = build_plans(plans, builder, tools)
    present = _present(project, built, tools)
    digest = None if any(plan.incomplete for plan in plans) else built.digest
    return digest, {
        plan.platform: tuple(_preview_layers(plan, image, present))
        for plan, image in zip(plans, built.images, strict=True)
    }


def _preview_layers(plan: "Plan", image: Image, present: Mapping[Digest, bool]) -> Iterator[PreviewLayer]:
    names = [("base", ())] * len(plan.base.layers) + [(layer.name, layer.contents) for layer in plan.layers]
    for (name, contents), layer in zip(names, image.layers, strict=True):
        blob = layer.descriptor
        yield PreviewLayer(
            name=name, digest=blob.digest, size=blob.size, contents=contents, present=present.get(blob.digest)
        )


def _present(project: Project, built: Built, tools: Tools) -> dict[Digest, bool]:
    """Ask the remote which layers it has; nothing where there is no name for the image, or nobody answers."""
    if project.image is None:
        return {}
    reference, remote = parse_reference(project.image), tools.remote()
    digests = {layer.descriptor.digest for image in built.images for layer in image.layers}
    try:
        return {digest: remote.has_blob(reference, digest) for digest in sorted(digests, key=str)}
    except OutsideError as error:
        log.warning("cannot tell what the remote has: %s", error.message)
        return {}


def make_plans(
    project: Project,
    tools: Tools,
    builder: "Builder",
    *,
    only: Platform | None = None,
    write_lock: bool = True,
    locked: bool = False,
) -> tuple["Plan", ...]:
    """Lock and fetch, then say what goes into the image of each platform, or of one.

    With `locked` a lock that is stale is an error. Raises InputError and OutsideError.
    """
    from toolkit.builders.advice import advice, lacking
    from toolkit.builders.code import component_code
    from toolkit.builders.planning import make_plan
    from toolkit.installing import install
    from toolkit.python.bytecode.compiling import Compiler
    from toolkit.python.needs import missing_libraries

    known = existing_lock(project)
    bases = open_bases(project, tools, lock=known, platforms=(only,) if only else ())
    with Compiler(bases, tools.cache, tools.report, tools.consent) as compiler:
        if project.bytecode and (project.dependencies or project.requirements):
            compiler.prepare()
        lock = refresh_lock(project, bases, tools, write=write_lock, locked=locked)
        rebuild_lost(project, lock, bases, tools)
        installed = install(project, bases, lock, tools, compiler, builder, locked=locked)
    said = {
        line: None
        for base, on_base in zip(bases, installed, strict=True)
        for line in (
            *advice(base.image, base.facts, on_base.wheels, system_site_packages=project.system_site_packages),
            *lacking(base.facts.os_id, missing_libraries(on_base.wheels, base.facts.libraries, tools.cache)),
        )
    }
    code = component_code(project)
    for line in (*said, *code.warnings):
        log.warning("%s", line)
    return tuple(
        make_plan(
            project,
            base.image,
            base.reference,
            base.facts,
            on_base,
            platform=base.target.platform,
            environ=tools.environ,
            code=code,
        )
        for base, on_base in zip(bases, installed, strict=True)
    )


def build(
    project: Project, tools: Tools, *, builder: str = "oci", only: Platform | None = None, locked: bool = False
) -> Built:
    """Build with the named builder: an image for one platform, or with `only`; an index of images for several."""
    return plan_and_build(project, tools, builder=builder, only=only, locked=locked)[1]


def plan_and_build(
    project: Project, tools: Tools, *, builder: str = "oci", only: Platform | None = None, locked: bool = False
) -> tuple[tuple["Plan", ...], Built]:
    """Build as `build` does, and give the plans too. What the cache loses meanwhile is made again, once."""
    chosen = choose_builder(builder, tools)
    try:
        plans = make_plans(project, tools, chosen, only=only, locked=locked)
        return plans, build_plans(plans, chosen, tools)
    except LostError as lost:
        log.warning("%s; building again", lost.message)
        plans = make_plans(project, tools, chosen, only=only, locked=locked)
        return plans, build_plans(plans, chosen, tools)


def build_plans(plans: Sequence["Plan"], builder: "Builder", tools: Tools) -> Built:
    """Build what is planned: one image, or an index of those of several platforms."""
    images = at_once(lambda plan: builder.build(plan, tools.report), plans)
    return images[0] if len(images) == 1 else ImageIndex.of(images, annotations=index_annotations(plans))


def choose_builder(name: str, tools: Tools) -> "Builder":
    """Give the builder with this name: `oci`, `docker` or `buildah`."""
    if name == "docker":
        from toolkit.builders.docker import DockerBuilder

        return DockerBuilder(tools.cache)
    if name == "buildah":
        from toolkit.builders.buildah import BuildahBuilder

        return BuildahBuilder(tools.cache)
    from toolkit.builders.embedded import EmbeddedBuilder

    return EmbeddedBuilder(tools.cache)


def index_annotations(plans: Sequence["Plan"]) -> dict[str, str]:
    """Give what the annotations of all the images have in common: a base's digest is each image's own."""
    common = set(plans[0].annotations.items()).intersection(*(plan.annotations.items() for plan in plans[1:]))
    return dict(sorted(common))


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


def write_image(project: Project, built: Built, output: str) -> str:
    """Write the image or index to `layout:DIR` or `archive:FILE`, or load it into docker; say where it is."""
    scheme, _, rest = output.partition(":")
    name = placeholder_image(project)
    if scheme == "layout":
        from toolkit.oci.layout import write_layout

        folder = Path(rest)
        if folder.exists():
            write_layout(built, folder, name=project.version)
        else:
            with made_parents(folder), temporary.folder("layout", beside=folder.parent) as staged:
                write_layout(built, staged / "layout", name=project.version)
                (staged / "layout").rename(folder)
    elif scheme == "archive":
        from toolkit.atomic import replacing
        from toolkit.oci.archive import write_archive

        with replacing(Path(rest)) as stream:
            write_archive(built, stream, names=[name])
    else:
        from toolkit.engines.docker import connect, load_image

        image = image_for(built, host_platform())
        load_image(connect(), image, names=[name])
        return f"{name} in docker" + (f" ({image.platform})" if len(built.images) > 1 else "")
    return rest


def image_for(built: Built, platform: Platform) -> Image:
    """Choose the image that a machine can run, the first where there is none."""
    fitting = (image for image in built.images if image.platform.architecture == platform.architecture)
    return next(fitting, built.images[0])


def push(project: Project, image: Built, tools: Tools) -> tuple[Reference, list[str]]:
    """Push, and return the reference by digest and the tags that were set: `<version>`, `sha-<12 hex>`."""
    reference = target_reference(project)
    tags = image_tags(project, image, reference)
    from toolkit.remote.places import CachedPlaces

    tools.remote().push(image, reference, tags=tags, report=tools.report, places=CachedPlaces(tools.cache))
    return replace(reference, tag=None, digest=image.digest), tags


def image_tags(project: Project, image: Built, reference: Reference) -> list[str]:
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
