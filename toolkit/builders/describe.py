"""The description of an image, which is the same whatever made its layers."""

from collections.abc import Sequence

from toolkit.builders.plan import Plan
from toolkit.errors import OutsideError
from toolkit.oci.assemble import assemble
from toolkit.oci.image import Image, Layer


def describe(plan: Plan, layers: Sequence[Layer], *, history: Sequence[str]) -> Image:
    """Put layers on the plan's base, and describe the image as the plan says; `history` has a line a layer."""
    return assemble(
        plan.base,
        layers,
        history=history,
        command=plan.command,
        env=plan.env,
        labels=plan.labels,
        annotations=plan.annotations,
        created=plan.created,
        user=plan.user,
    )


def layers_above(plan: Plan, copy: Image, *, engine: str) -> tuple[Layer, ...]:
    """Return the layers that an engine put on the plan's base. Raises OutsideError when it built on another one."""
    # Engines pack the base's layers anew, so their digests differ; diff_ids do not.
    base = [layer.diff_id for layer in plan.base.layers]
    if [layer.diff_id for layer in copy.layers[: len(base)]] != base:
        raise OutsideError(
            f"{engine} built on another base than it was given", hint="report this with `comp -vv build`"
        )
    return copy.layers[len(base) :]
