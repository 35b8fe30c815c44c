"""The plan: what goes into an image, as data, before any byte of it is made.

Every builder works from the same plan, so every builder makes the same file tree under `/opt/comp`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.image_paths import PREFIX
from toolkit.oci.descriptor import Platform
from toolkit.oci.file import File
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference
from toolkit.python.base import BaseFacts
from toolkit.python.system_pins import SystemPins
from toolkit.wheels.bytecode.compiling import Bytecode, compiled_files
from toolkit.wheels.collisions import Collision
from toolkit.wheels.splice import key_of, spliced
from toolkit.wheels.wheel import Wheel


class PlannedLayer(Protocol):
    """One layer to come. Builders ask it for its files, and need not know which kind it is."""

    @property
    def name(self) -> str:
        """Its name in the image's history."""
        ...

    @property
    def contents(self) -> tuple[str, ...]:
        """Its contents for people: wheels, or paths below `PREFIX`."""
        ...

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """The wheels that its files are read from."""
        ...

    def key(self, minor: str) -> object:
        """Return everything that its bytes depend on, beside layout and encoder, as JSON."""
        ...

    def entries(self, minor: str) -> Iterator[File]:
        """Yield its files for a Python of this minor version. Each is to be read before the next is asked for.

        Raises InputError for a wheel that cannot be installed, OutsideError for content that the cache has lost.
        """
        ...


class FilesLayer(Struct, frozen=True, kw_only=True):
    """A layer of files that we lay out ourselves: the launcher and venv skeleton, or the component's code."""

    name: str
    files: tuple[File, ...]

    @property
    def contents(self) -> tuple[str, ...]:
        """The paths of its files below `PREFIX`."""
        return tuple(file.path.removeprefix(f"{PREFIX}/") for file in self.files)

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Empty: its files come from no wheel."""
        return ()

    def key(self, minor: str) -> object:
        """Return path, mode and content of each file."""
        del minor
        return [file.identity() for file in self.files]

    def entries(self, minor: str) -> Iterator[File]:
        """Yield the files."""
        del minor
        return iter(self.files)


class WheelsLayer(Struct, frozen=True, kw_only=True):
    """A layer of wheels, spliced. Order is part of its identity; with `part`, it is one of several of one wheel."""

    name: str
    wheels: tuple[Wheel, ...]
    part: int | None = None

    @property
    def contents(self) -> tuple[str, ...]:
        """The file names of its wheels."""
        return tuple(wheel.filename for wheel in self.wheels)

    def key(self, minor: str) -> object:
        """Return the wheels, in order, and the Python that they are installed for."""
        return key_of(self.wheels, minor=minor, part=self.part)

    def entries(self, minor: str) -> Iterator[File]:
        """Yield the files that the wheels install."""
        return spliced(self.wheels, minor=minor, part=self.part)


class BytecodeLayer(Struct, frozen=True, kw_only=True):
    """A layer of the bytecode of wheels.

    Python loads bytecode of this kind without looking at its source. So if another wheel replaces a source, the
    bytecode of the replaced one is `left_out`: the wheel's file name, and the path without a leading slash.
    """

    name: str
    parts: tuple[Bytecode, ...]
    left_out: frozenset[tuple[str, str]] = frozenset()

    @property
    def contents(self) -> tuple[str, ...]:
        """The file names of the wheels that were compiled."""
        return tuple(part.wheel for part in self.parts)

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Empty: its files come from the cache's blobs of bytecode."""
        return ()

    def key(self, minor: str) -> object:
        """Return the blobs of bytecode, and what is left out of them."""
        del minor
        return {"bytecode": [part.digest.hex for part in self.parts], "left out": sorted(self.left_out)}

    def entries(self, minor: str) -> Iterator[File]:
        """Yield each file once: where wheels bring equal sources, the last wheel's."""
        del minor
        present = [
            (part.wheel, file)
            for part in self.parts
            for file in compiled_files(part)
            if (part.wheel, file.path) not in self.left_out
        ]
        # The last one stays, as with the sources; a layer cannot hold a path twice.
        owners = {file.path: wheel for wheel, file in present}
        return (file for wheel, file in present if owners[file.path] == wheel)


class Installed(Struct, frozen=True, kw_only=True):
    """Layers of wheels on a base, their bytecode, and the files that more than one wheel installs.

    `incomplete` is True in a dry run that did not compile what a build would.
    """

    layers: Sequence[WheelsLayer] = ()
    bytecode: Sequence[Bytecode] = ()
    collisions: Sequence[Collision] = ()
    incomplete: bool = False

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Every wheel once, from bottom to top."""
        return wheels_of(self.layers)


def wheels_of(layers: Sequence[WheelsLayer]) -> tuple[Wheel, ...]:
    """List the wheels of layers from bottom to top; one that fills several layers is listed once."""
    return tuple(wheel for layer in layers if not layer.part for wheel in layer.wheels)


class Plan(Struct, frozen=True, kw_only=True):
    """Everything a builder needs: the base, the layers from bottom to top, and what changes in the config.

    `env` is added to the base's environment, `labels` to its labels; `annotations` go on the manifest. `user` is a
    number, unless the base has no account of that name. `created` is RFC 3339 in UTC. `estargz` makes layers that can
    be pulled lazily. `incomplete` is True if a build would have further layers, as in `Installed`. `base_found` is the
    base by the digest that it had, as in `Base.found`. `system` are the Debian packages on the base.
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
    user: str
    estargz: bool = False
    incomplete: bool = False
    base_found: Reference | None = None
    system: SystemPins | None = None

    @property
    def base_digest(self) -> Digest:
        """The digest of the base that the user named, without packages that were added to it."""
        return self.system.base if self.system else self.base.digest
