"""The whole job of `comp build`, in its order: recall, plan, build, output, push, sign, pin, record."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from toolkit.errors import LostError
from toolkit.job import last_base, unchanged
from toolkit.job.context import BuildContext, BuildRequest

if TYPE_CHECKING:
    from toolkit.builders.plan import Plan
    from toolkit.config.project import Project
    from toolkit.job.push import Pushed
    from toolkit.job.unchanged import Inputs
    from toolkit.oci.image import Built

log = logging.getLogger(__name__)


class Milestone(Struct, frozen=True, kw_only=True):
    """A result of a build that stands, whatever fails after it.

    `unchanged`: an earlier build had the same inputs. `written`: the image lies at `value`. `image`: the image is
    built, and pushed if that was asked for; `value` is its digest or reference, and `sent` how many bytes of it the
    remote did not have. `pinned`: the file `value` names it.
    """

    kind: Literal["unchanged", "written", "image", "pinned"]
    value: str = ""
    sent: int = 0


def build(
    request: BuildRequest,
    context: BuildContext,
    announce: Callable[[Milestone], object] = lambda _: None,
    *,
    whole: bool = False,
) -> str:
    """Build the image of a component, push and pin it if asked to, and return its reference or else its digest.

    `announce` gets each result at once. With `whole` every step is done although an earlier build had the same inputs.
    Raises CompError for a step that failed; what was announced before stands.
    """
    inputs = unchanged.read_inputs(request, context)
    if inputs and not whole and (image := _recalled(request, inputs, context)):
        # A build on another base may have come between, and a run takes the last one.
        last_base.note(request.folder, request.overrides.get("base"), (), context.cache)
        announce(Milestone(kind="unchanged"))
        announce(Milestone(kind="image", value=image))
        _sign(request, image, context)
        _attest(request, inputs, image, context, inputs.project)
        return image

    # Heavy imports, which a build without changes does without.
    from toolkit.job.image import build_image
    from toolkit.job.output import write_image
    from toolkit.job.project import checked_project, with_options
    from toolkit.job.push import pin, target_reference

    project = checked_project(request.folder, overrides=request.overrides, environ=context.environ)
    project = with_options(project, request)
    if request.push:
        target_reference(project)  # Raises now for a missing name, not after the build.
    plans, built = build_image(project, context, builder=request.builder, locked=request.locked)
    last_base.note(request.folder, request.overrides.get("base"), plans, context.cache)
    if request.output:
        announce(Milestone(kind="written", value=write_image(project, built, request.output, context.environ)))
    pushed = _push(request, project, built, context) if request.push else None
    image = str(pushed.reference if pushed else built.digest)
    announce(Milestone(kind="image", value=image, sent=pushed.sent if pushed else 0))
    _sign(request, image, context)
    _attest(request, inputs, image, context, project, plans)
    # After the announcement: a pin that fails does not hide what was pushed.
    for path in pin(project, pushed.reference, into=request.pin) if pushed else ():
        announce(Milestone(kind="pinned", value=str(path)))
    # Last: a step that failed has to be done again by the next build.
    unchanged.record(request, inputs, context, plans, image, tags=pushed.tags if pushed else ())
    return image


def _sign(request: BuildRequest, image: str, context: BuildContext) -> None:
    """Sign a pushed image if that was asked for."""
    if request.push and request.key:
        from toolkit.job.sign import sign_pushed

        sign_pushed(image, request.key, context)


def _recalled(request: BuildRequest, inputs: "Inputs", context: BuildContext) -> str | None:
    """Return the image of an earlier build with these inputs; None without one, or if its provenance is not known."""
    image = unchanged.recall(request, inputs, context)
    if image is None or not (request.push and inputs.project.provenance):
        return image
    from toolkit.job.attest import recall

    return image if recall(inputs, image, context) else None


def _attest(
    request: BuildRequest,
    inputs: "Inputs | None",
    image: str,
    context: BuildContext,
    project: "Project",
    plans: "Sequence[Plan]" = (),
) -> None:
    """Attach provenance to a pushed image if that was asked for; without plans, that of the earlier build."""
    if not (request.push and project.provenance):
        return
    from toolkit.job import attest

    known = attest.recall(inputs, image, context) if inputs and not plans else None
    definition = known or attest.definition_of(project, plans, context, builder=request.builder)
    # The folder may be at another commit than at the earlier build.
    attest.attest_pushed(image, project, definition, request.key, context)
    if inputs and plans:
        attest.remember(inputs, image, definition, context)


def _push(request: BuildRequest, project: "Project", built: "Built", context: BuildContext) -> "Pushed":
    """Push an image; if the cache lost a part of it since it was built, build and push once more."""
    from toolkit.job.image import build_image
    from toolkit.job.push import push

    try:
        return push(project, built, context)
    except LostError as lost:
        log.warning("%s; building again", lost.message)
        _, again = build_image(project, context, builder=request.builder, locked=request.locked)
        return push(project, again, context)
