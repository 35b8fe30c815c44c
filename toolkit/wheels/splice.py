"""Wheels to a layer by splicing: the deflate streams of their members become gzip members as they are.

The layer's bytes are a function of the ordered wheels, the Python minor version, the layout and the encoder: such a
layer need not be kept, only what it measures.
"""

from collections.abc import Iterator, Sequence

from toolkit.oci.file import File
from toolkit.wheels.install import installed_files
from toolkit.wheels.wheel import Wheel, open_wheel

# A layer of more compressed bytes is awkward to send and to unpack; its wheel is spread over several.
LARGEST_LAYER = 2_000_000_000


def parts_of(wheel: Wheel) -> int:
    """Count the layers that a wheel is spread over."""
    # Rounded up.
    return -(-wheel.size // LARGEST_LAYER)


def key_of(wheels: Sequence[Wheel], *, minor: str, part: int | None = None) -> dict[str, object]:
    """Return everything that a layer of these wheels depends on, beside layout and encoder."""
    key: dict[str, object] = {"wheels": [wheel.digest.hex for wheel in wheels], "minor": minor}
    # `LARGEST_LAYER` decides where a part ends, so it belongs to the key of every part.
    return key if part is None else key | {"part": part, "largest": LARGEST_LAYER}


def spliced(wheels: Sequence[Wheel], *, minor: str, part: int | None = None) -> Iterator[File]:
    """Yield the files that the wheels install, or those of one `part` of one wheel, for a layer to take over.

    Of a path that several of them install, the last wheel's file stays. A file is to be read before the next is asked
    for. Raises InputError for a wheel that cannot be installed.
    """
    taken: set[str] = set()
    # Backwards, so that the last wheel's file is met first and the others of its name are left out.
    for wheel in reversed(wheels):
        position = 0
        with open_wheel(wheel) as opened:
            for file, member in installed_files(opened, minor=minor):
                if file.path in taken:
                    continue
                taken.add(file.path)
                # In archive order, each file is in the part in which it begins.
                begins, position = position // LARGEST_LAYER, position + (member.compressed_size if member else 0)
                if part is None or begins == part:
                    yield file
