"""The plan of an image that a Dockerfile describes, as data: an engine builds it, and runs its steps."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from msgspec.structs import replace

from toolkit.builders.plan import FilesLayer
from toolkit.config.dockerfile import BuildSecret, SshAgent
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.selective import Selective


class DockerfilePlan(Selective, frozen=True, kw_only=True):
    """Everything that an engine needs to build a Dockerfile for one platform, and how the image is described.

    `target` is the stage to build, None for the last. `arguments` are build arguments, whose values no `repr` shows.
    Secrets are named by the places of their values. `labels` are added to those of the image, `annotations` go on the
    manifest. `created` is RFC 3339 in UTC, None for the engine's own times. `layer` goes on top: the interfaces of the
    contracts, where other images of comp have theirs. `bases` are images on this disk, by the argument that FROM names
    each by; an engine gets a name of its own for them.
    """

    HIDDEN = frozenset({"arguments"})

    dockerfile: Path
    context: Path
    platform: Platform
    target: str | None
    arguments: Mapping[str, str]
    secrets: tuple[BuildSecret, ...]
    ssh: tuple[SshAgent, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    created: str | None
    layer: FilesLayer
    bases: Mapping[str, Image] = MappingProxyType({})

    def with_bases(self, load: Callable[[Image], str]) -> Self:
        """Return the plan for an engine that has the bases: `load` gives it one, and returns its name there."""
        names = {argument: load(image) for argument, image in self.bases.items()}
        return replace(self, arguments={**self.arguments, **names}, bases={})
