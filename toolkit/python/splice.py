"""Wheels to a layer by splicing: the deflate streams of their members become gzip members as they are.

The layer's bytes are a function of the ordered wheels, the prefix, the Python minor version, the layout and
the encoder: such a layer need not be kept, only what it measures.
"""

from collections.abc import Iterator, Sequence

from toolkit.cache import Cache
from toolkit.oci import layer
from toolkit.oci.recipe import remember
from toolkit.python.install import VENV, installed_files
from toolkit.python.wheels import Wheel, cache_suspected, open_wheel

# A layer of more compressed bytes is awkward to send and to unpack; its wheel is spread over several.
LARGEST_LAYER = 2_000_000_000


def parts_of(wheel: Wheel) -> int:
    """Say over how many layers a wheel is spread."""
    return -(-wheel.size // LARGEST_LAYER)


def splice(wheels: Sequence[Wheel], *, minor: str, prefix: str = VENV, part: int | None = None) -> Iterator[bytes]:
    """Give the compressed bytes of the layer that holds these wheels, installed; or one `part` of one wheel.

    Of a path that several of them install, the last wheel's file stays. Raises InputError for a wheel that
    cannot be installed, OutsideError when its file in the cache is damaged.
    """
    with cache_suspected(wheels):
        yield from layer.compressed(entries(wheels, minor=minor, prefix=prefix, part=part))


def measure(
    wheels: Sequence[Wheel], *, minor: str, cache: Cache, prefix: str = VENV, part: int | None = None
) -> layer.Measured:
    """Tell digest, diff_id and size of the layer; known ones come from the cache.

    Making one for the first time checks every member's size and CRC32. Raises InputError naming wheel and member,
    OutsideError when the wheel's file in the cache is damaged.
    """
    key = key_of(wheels, minor=minor, prefix=prefix, part=part)
    with cache_suspected(wheels):
        return remember(cache, key, lambda: entries(wheels, minor=minor, prefix=prefix, part=part))


def key_of(wheels: Sequence[Wheel], *, minor: str, prefix: str = VENV, part: int | None = None) -> dict[str, object]:
    """Give what the layer is a function of, beside layout and encoder."""
    key: dict[str, object] = {"wheels": [wheel.sha256 for wheel in wheels], "prefix": prefix, "minor": minor}
    return key if part is None else key | {"part": part, "largest": LARGEST_LAYER}


def entries(
    wheels: Sequence[Wheel], *, minor: str, prefix: str = VENV, part: int | None = None
) -> Iterator[layer.Entry]:
    """Give what the wheels install, as entries of a layer. Raises as `splice` does, but for damage in the cache."""
    taken: set[str] = set()
    # Backwards, so that the last wheel's file is met first and the others of its name are left out.
    for wheel in reversed(wheels):
        position = 0
        with open_wheel(wheel) as opened:
            for file in installed_files(opened, minor=minor, prefix=prefix):
                if file.path in taken:
                    continue
                taken.add(file.path)
                member = file.member
                # In archive order, each file is in the part in which it begins.
                begins, position = position // LARGEST_LAYER, position + (member.compressed_size if member else 0)
                if part is not None and begins != part:
                    continue
                yield layer.Entry(
                    path=file.path,
                    what=opened.what(member) if member else f"{wheel.filename}: {file.path}",
                    mode=file.mode,
                    content=opened.stream(member) if member else file.data or b"",
                )
