"""The interface of builders."""

from typing import Protocol

from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.plan import Plan, WheelsLayer
from toolkit.oci.image import Image
from toolkit.progress import Report


class Builder(Protocol):
    """Turns a plan into an image; `name` is what `--builder` takes."""

    name: str

    def begin(self, layer: WheelsLayer, *, minor: str, estargz: bool) -> None:
        """Begin to make a layer before the plan is complete. Called from several threads.

        `minor` is the version of the base's Python. Raises InputError when a wheel cannot be installed.
        """
        ...

    def build(self, plan: Plan, report: Report) -> Image:
        """Build `plan`. Raises OutsideError when the engine fails, InputError when the plan cannot be built."""
        ...

    def build_dockerfile(self, plan: DockerfilePlan, report: Report) -> Image:
        """Build the image of a Dockerfile, and describe it as the plan says.

        Raises InputError for a Dockerfile, a context or a step that fails, OutsideError for the engine.
        """
        ...
