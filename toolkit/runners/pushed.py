"""The image of a component that a cluster can pull: the pushed one, if it has the code as it is now."""

from pathlib import Path

from toolkit.config.project import Project
from toolkit.errors import InputError, Location
from toolkit.job.context import BuildContext
from toolkit.oci.reference import parse_reference
from toolkit.spec.model import ComponentSpec


def pushed_image(spec: ComponentSpec, contract: Path, project: Project | None, context: BuildContext) -> str:
    """Return the reference of the image that the contract names.

    With a `project` its code is built, to compare. Raises InputError for an image that was not pushed, or has other
    code.
    """
    image = spec.container.image
    where = Location(path=contract)
    if image.startswith(("sha256:", "oci:", "layout:", "archive:")):
        raise InputError(f"the image {image} is on this machine alone", where=where, hint="push it: comp build --push")
    if project is None:
        return image
    digest = parse_reference(image).digest
    if digest is None:
        raise InputError(
            f"the contract's image {image} has no digest, so nothing shows that this code was pushed",
            where=where,
            hint="`comp build --push` pushes it, and writes its digest into the contract",
        )
    from toolkit.job.image import build_image

    _, built = build_image(project, context)
    if built.digest != digest:
        raise InputError(
            f"the code has changed since its image was pushed: it makes {built.digest} now, not {digest}",
            where=where,
            hint="`comp build --push` pushes it as it is now; `--runner docker` runs it without",
        )
    return image
