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


def describe_copy(plan: Plan, copy: Image, *, engine: str) -> Image:
    """Describe what an engine built, with the base's own layers in the place of the engine's copies of them.

    Raises OutsideError when the engine built on another base.
    """
    # Engines pack the base's layers anew, so their digests differ; diff_ids do not.
    base = [layer.diff_id for layer in plan.base.layers]
    if [layer.diff_id for layer in copy.layers[: len(base)]] != base:
        raise OutsideError(
            f"{engine} built on another base than it was given", hint="report this with `comp -vv build`"
        )
    layers = copy.layers[len(base) :]
    line = f"comp: {engine}: {', '.join(layer.name for layer in plan.layers)}"
    return describe(plan, layers, history=[line] * len(layers))
