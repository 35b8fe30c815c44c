"""The plan: what goes into an image, as data, before any byte of it is made.

Every builder works from the same plan, so every builder gives the same file tree under `/opt/comp`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toolkit.files import File
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.tar import ROOT
from toolkit.python.base import BaseFacts
from toolkit.python.bytecode.compiling import Bytecode, CompiledFile, compiled_files
from toolkit.python.collisions import Collision
from toolkit.python.wheels import Wheel

PREFIX = ROOT


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesLayer:
    """A layer of files that we lay out ourselves: the launcher and venv skeleton, or the component's code."""

    name: str
    files: tuple[File, ...]

    @property
    def contents(self) -> tuple[str, ...]:
        """What is in it, for people: the paths below the prefix."""
        return tuple(file.path.removeprefix(f"{PREFIX}/") for file in self.files)


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelsLayer:
    """A layer of wheels, spliced. Order is part of its identity; with `part`, it is one of several of one wheel."""

    name: str
    wheels: tuple[Wheel, ...]
    part: int | None = None

    @property
    def contents(self) -> tuple[str, ...]:
        """What is in it, for people: the wheels."""
        return tuple(wheel.filename for wheel in self.wheels)


@dataclass(frozen=True, kw_only=True, slots=True)
class BytecodeLayer:
    """A layer of what was compiled of wheels.

    Python believes bytecode of this kind without looking at its source, so what was compiled of a file that another
    wheel's replaces is `left_out`, by the wheel that loses and the path without a leading slash.
    """

    name: str
    parts: tuple[Bytecode, ...]
    left_out: frozenset[tuple[str, str]] = frozenset()

    @property
    def contents(self) -> tuple[str, ...]:
        """What is in it, for people: the wheels."""
        return tuple(part.wheel for part in self.parts)

    def files(self) -> Iterator[tuple[str, CompiledFile]]:
        """Give each file once, with the name of its wheel: where wheels bring equal sources, the last wheel's."""
        present = [
            (part.wheel, file)
            for part in self.parts
            for file in compiled_files(part)
            if (part.wheel, file.path) not in self.left_out
        ]
        owners = {file.path: wheel for wheel, file in present}
        return ((wheel, file) for wheel, file in present if owners[file.path] == wheel)


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """What is installed on a base: wheels, what was compiled of them, and what they install in each other's place.

    `incomplete` is for a dry run, which did not compile what a build would.
    """

    wheels: Sequence[Wheel] = ()
    bytecode: Sequence[Bytecode] = ()
    collisions: Sequence[Collision] = ()
    incomplete: bool = False


PlannedLayer = FilesLayer | WheelsLayer | BytecodeLayer


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything a builder needs: the base, the layers from bottom to top, and what changes in the config.

    `env` is added to the base's environment, `labels` to its labels; `annotations` go on the manifest.
    `user` None keeps the base's user. `created` is RFC 3339 in UTC. `estargz` makes layers that can be pulled lazily.
    `incomplete` says that a build would have further layers, as for `Installed`.
    """

    base: Image
    base_reference: str
    facts: BaseFacts
    platform: Platform
    layers: tuple[PlannedLayer, ...]
    command: tuple[str, ...]
    env: Mapping[str, str]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    created: str
    user: str | None = None
    estargz: bool = False
    incomplete: bool = False
