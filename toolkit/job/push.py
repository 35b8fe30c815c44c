"""The push of an image, and the pin: its reference by digest in the contracts."""

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.project import Project
from toolkit.errors import InputError, Location, OutsideError, UsageError
from toolkit.job.context import BuildContext
from toolkit.oci.image import Built
from toolkit.oci.reference import Reference, parse_reference
from toolkit.system.atomic import write_text


class Pushed(Struct, frozen=True, kw_only=True):
    """An image on a remote: its reference by digest, the tags that name it too, and how many bytes were sent."""

    reference: Reference
    tags: Sequence[str]
    sent: int


def target_reference(project: Project) -> Reference:
    """Return the name that the image is pushed to. Raises InputError if the settings have none."""
    if project.image is None:
        raise InputError(
            f"no image name for {project.name}",
            where=Location(path=project.pyproject),
            hint=f"set image in [tool.comp], COMP_IMAGE_PREFIX=HOST/PATH, or --image HOST/PATH/{project.name}",
        )
    return parse_reference(project.image)


def push(project: Project, image: Built, context: BuildContext) -> Pushed:
    """Push an image or index and tag it. Raises OutsideError; LostError if the cache lost a part of the image."""
    reference = target_reference(project)
    tags = image_tags(project, image, reference)
    sent: list[int] = []
    context.remote().push(
        image, reference, tags=tags, report=context.report, locations=context.locations(), sent=sent.append
    )
    return Pushed(reference=replace(reference, tag=None, digest=image.digest), tags=tags, sent=sum(sent))


def image_tags(project: Project, image: Built, reference: Reference) -> list[str]:
    """List the tags that a push sets: the version, `sha-` with 12 digits of the digest, and the settings' own tag.

    The `+` of a local version becomes `_`, which tags allow.
    """
    # The tag of the content first: it exists on no other image, so no server refuses to set it.
    tags = [f"sha-{image.digest.hex[:12]}", project.version.replace("+", "_")]
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
        # A contract that names the image already keeps its time of change.
        if pinned != text or destination != entry.contract:
            try:
                write_text(destination, pinned)
            except OutsideError as error:
                if not os.access(destination.parent, os.W_OK):
                    error.hint = (
                        "the image is pushed; --pin none leaves the contract, or for one component --pin FILE writes it"
                    )
                raise
            changed.append(destination)
    return tuple(changed)
