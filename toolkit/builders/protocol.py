"""What a builder is."""

from typing import Protocol

from toolkit.builders.plan import Plan
from toolkit.oci.image import Image
from toolkit.progress import Report


class Builder(Protocol):
    """Turns a plan into an image; `name` is what `--builder` takes."""

    name: str

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan`. Raises OutsideError when the engine fails, InputError when the plan cannot be built."""
        ...
