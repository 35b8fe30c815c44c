"""Wheels to a layer by splicing: the deflate streams of their members become gzip members as they are.

The layer's bytes are a function of the ordered wheels, the prefix, the Python minor version, the layout and
the encoder: such a layer need not be kept, only what it measures.
"""

from collections.abc import Iterator, Sequence

from toolkit.cache import Cache
from toolkit.oci import layer
from toolkit.python.install import VENV, installed_files
from toolkit.python.wheels import Wheel, cache_suspected, open_wheel


def splice(wheels: Sequence[Wheel], *, minor: str, prefix: str = VENV) -> Iterator[bytes]:
    """Give the compressed bytes of the layer that holds these wheels, installed.

    Of a path that several of them install, the last wheel's file stays. Raises InputError for a wheel that
    cannot be installed, OutsideError when its file in the cache is damaged.
    """
    with cache_suspected(wheels):
        yield from layer.compressed(_entries(wheels, minor=minor, prefix=prefix))


def measure(wheels: Sequence[Wheel], *, minor: str, cache: Cache, prefix: str = VENV) -> layer.Measured:
    """Tell digest, diff_id and size of the layer; known ones come from the cache.

    Making one for the first time checks every member's size and CRC32. Raises InputError naming wheel and member,
    OutsideError when the wheel's file in the cache is damaged.
    """
    key = {"wheels": [wheel.sha256 for wheel in wheels], "prefix": prefix, "minor": minor}
    with cache_suspected(wheels):
        return layer.remember(cache, key, lambda: _entries(wheels, minor=minor, prefix=prefix))


def _entries(wheels: Sequence[Wheel], *, minor: str, prefix: str) -> Iterator[layer.Entry]:
    taken: set[str] = set()
    # Backwards, so that the last wheel's file is met first and the others of its name are left out.
    for wheel in reversed(wheels):
        with open_wheel(wheel) as opened:
            for file in installed_files(opened, minor=minor, prefix=prefix):
                if file.path in taken:
                    continue
                taken.add(file.path)
                member = file.member
                yield layer.Entry(
                    path=file.path,
                    what=opened.what(member) if member else f"{wheel.filename}: {file.path}",
                    mode=file.mode,
                    content=opened.stream(member) if member else file.data or b"",
                )
