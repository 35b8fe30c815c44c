"""The preview of a build: its digest and layers, with nothing built, pushed or locked."""

import logging
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from toolkit.builders.code import LeftOut, component_code
from toolkit.builders.plan import Plan
from toolkit.config.project import Project
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.job.builder import choose_builder
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.job.image import build_plans, make_plans
from toolkit.job.project import checked_project
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Built, Image
from toolkit.oci.reference import parse_reference

log = logging.getLogger(__name__)


class PreviewLayer(Struct, frozen=True, kw_only=True):
    """One layer of an image that is not built yet. `size` is in compressed bytes.

    `contents` lists its wheels or files, and nothing for the base's. `present` is True if the remote has the layer,
    and None if that is not known.
    """

    name: str
    digest: Digest
    size: int
    contents: tuple[str, ...]
    present: bool | None


class Preview(Struct, frozen=True, kw_only=True):
    """The result that a build would have: the layers of each image from bottom to top, and the code that stays out.

    `digest` is None if a build would compile bytecode that is not known yet.
    """

    digest: Digest | None
    images: Mapping[Platform, tuple[PreviewLayer, ...]]
    left_out: tuple[LeftOut, ...]


def preview(request: BuildRequest, context: BuildContext) -> Preview:
    """Return the result that a build would have. Changes nothing but the cache, and runs nothing that others wrote."""
    context = replace(context, consent=replace(context.consent, dry=True))
    project = checked_project(request.folder, overrides=request.overrides, environ=context.environ)
    if project.dockerfile:
        raise InputError(
            "a Dockerfile has no preview: its layers are known when an engine has built them",
            where=project.dockerfile.where,
            hint="leave out --dry-run; a build without --push changes nothing outside of this machine",
        )
    builder = choose_builder("oci", project, context)
    plans = make_plans(project, context, builder, write_lock=False)
    built = build_plans(plans, builder, context)
    present = _present(project, built, context)
    return Preview(
        digest=None if any(plan.incomplete for plan in plans) else built.digest,
        images={
            plan.platform: tuple(_layers(plan, image, present)) for plan, image in zip(plans, built.images, strict=True)
        },
        left_out=component_code(project).left_out,
    )


def _layers(plan: Plan, image: Image, present: Mapping[Digest, bool]) -> Iterator[PreviewLayer]:
    """Yield the layers of one image, the base's first."""
    names: list[tuple[str, tuple[str, ...]]] = [("base", ())] * len(plan.base.layers)
    if plan.system and plan.system.packages:
        # It is the topmost of the base's.
        names[-1] = ("system packages", tuple(f"{pin.name} {pin.version}" for pin in plan.system.packages))
    names += [(layer.name, layer.contents) for layer in plan.layers]
    for (name, contents), layer in zip(names, image.layers, strict=True):
        blob = layer.descriptor
        yield PreviewLayer(
            name=name, digest=blob.digest, size=blob.size, contents=contents, present=present.get(blob.digest)
        )


def _present(project: Project, built: Built, context: BuildContext) -> dict[Digest, bool]:
    """Ask the remote which layers it has. Empty if the image has no name, or if the remote does not answer."""
    if project.image is None:
        return {}
    reference, remote = parse_reference(project.image), context.remote()
    digests = {layer.descriptor.digest for image in built.images for layer in image.layers}
    try:
        # In order of digest, so that requests come in the same order every time.
        return {digest: remote.has_blob(reference, digest) for digest in sorted(digests, key=str)}
    except OutsideError as error:
        log.warning("cannot tell what the remote has: %s", error.message)
        return {}
