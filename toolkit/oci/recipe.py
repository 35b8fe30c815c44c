"""Layers that were made before: what they measured, and recipes to make them again without framing every file.

A recipe says which bytes lie in blobs of the cache, and writes out those between.

Little-endian: how many blobs (4 bytes) and the sha256 of each (32 bytes); how many steps (4 bytes) and of each the
length of what is written out, the number of a blob, and start and length of the bytes that follow it there (4, 4, 8,
4 bytes); then all that is written out. A recipe is believed no more than anything else that the cache holds: who
sends or writes a layer hashes it.
"""

import logging
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from toolkit.cache import Cache, unreadable
from toolkit.errors import InputError
from toolkit.oci import tar
from toolkit.oci.deflate import ENCODER_VERSION
from toolkit.oci.digest import Digest
from toolkit.oci.layer import CHUNK, Entry, Frame, Measured, measure

log = logging.getLogger(__name__)

# Raise it with any change of the form; it is part of what a recipe is known by.
RECIPE_VERSION = 1

_COUNT = struct.Struct("<I")
_STEP = struct.Struct("<IIQI")
_SHA256 = 32
# Bytes; a recipe that has to write out more is none, and is not held.
_MOST_WRITTEN = 6 << 20


def remember(cache: Cache, key: object, entries: Callable[[], Iterable[Entry]]) -> Measured:
    """Measure the layer that `key` identifies, or recall what it measured. The key covers layout and encoder too.

    A layer that mostly lies in blobs of the cache gets a recipe. Raises InputError as `measure` does.
    """
    versions = {"layout": tar.LAYOUT_VERSION, "encoder": ENCODER_VERSION, "recipe": RECIPE_VERSION}
    whole = {"inputs": key, **versions}
    known = cache.record("layer", whole)
    try:
        if known:
            return Measured(
                digest=Digest.parse(known["digest"]),
                diff_id=Digest.parse(known["diff_id"]),
                size=int(known["size"]),
                recipe=str(known["recipe"]) if known["recipe"] else None,
            )
    except (KeyError, TypeError, ValueError, InputError):
        log.info("a damaged record of a layer in the cache is replaced")
    recorder = _Recorder()
    made = measure(entries(), heard=recorder.take)
    if recorder.written < min(_MOST_WRITTEN, made.size // 2):
        made = replace(made, recipe=cache.keep_blob(recorder.recipe())[0])
    facts = {"digest": str(made.digest), "diff_id": str(made.diff_id), "size": made.size, "recipe": made.recipe}
    cache.write_record("layer", whole, facts)
    return made


class _Recorder:
    """Takes a layer's frames in order, and gives its recipe. `written` counts what has to be written out, in bytes."""

    def __init__(self) -> None:
        self.written = 0
        self._blobs: dict[str, int] = {}
        self._steps: list[bytes] = []
        self._texts: list[bytes] = []
        self._waiting = 0

    def take(self, frame: Frame) -> None:
        """Note a frame: where it lies, or else what it is."""
        if frame.place is None:
            self.written += len(frame.data)
        if self.written >= _MOST_WRITTEN:
            self._texts.clear()
            self._steps.clear()
        elif frame.place is None:
            self._texts.append(frame.data)
            self._waiting += len(frame.data)
        elif frame.data:
            sha256, start = frame.place
            self._step(self._blobs.setdefault(sha256, len(self._blobs)), start, len(frame.data))

    def recipe(self) -> Iterator[bytes]:
        """Give the recipe of all frames so far."""
        self._step(0, 0, 0)
        yield _COUNT.pack(len(self._blobs)) + b"".join(map(bytes.fromhex, self._blobs))
        yield _COUNT.pack(len(self._steps)) + b"".join(self._steps)
        yield from self._texts

    def _step(self, blob: int, start: int, length: int) -> None:
        self._steps.append(_STEP.pack(self._waiting, blob, start, length))
        self._waiting = 0


class Recipe:
    """A recipe whose blobs are all here; get one from `Recipe.read`."""

    def __init__(self, cache: Cache, blobs: Sequence[str], steps: memoryview, text: memoryview) -> None:
        self._cache = cache
        self._blobs = blobs
        self._steps = steps
        self._text = text

    @classmethod
    def read(cls, cache: Cache, sha256: str) -> "Recipe | None":
        """Read a recipe from the cache; None when it is not whole, or a blob that it needs is not there."""
        data = cache.small_blob(sha256)
        if data is None:
            return None
        view = memoryview(data)
        try:
            (count,) = _COUNT.unpack_from(data)
            position = _COUNT.size + count * _SHA256
            # Beyond its end there is no second number: what claims too many blobs ends here.
            (steps,) = _COUNT.unpack_from(data, position)
        except struct.error:
            return None
        blobs = [data[start : start + _SHA256].hex() for start in range(_COUNT.size, position, _SHA256)]
        position += _COUNT.size
        text = position + steps * _STEP.size
        if text > len(data) or not all(map(cache.has_blob, blobs)):
            return None
        return cls(cache, blobs, view[position:text], view[text:])

    def chunks(self) -> Iterator[bytes]:
        """Give the layer's bytes in chunks of about a mebibyte. Raises OutsideError when a blob cannot be read."""
        waiting: list[bytes | memoryview] = []
        size = position = 0
        with ExitStack() as stack:
            files = [self._open(stack, sha256) for sha256 in self._blobs]
            for written, blob, start, length in _STEP.iter_unpack(self._steps):
                waiting.append(self._text[position : position + written])
                position += written
                if length:
                    waiting.append(os.pread(files[blob], length, start))
                size += written + length
                if size >= CHUNK:
                    yield b"".join(waiting)
                    waiting, size = [], 0
        yield b"".join(waiting)

    def _open(self, stack: ExitStack, sha256: str) -> int:
        path = self._cache.blob_path(sha256)
        try:
            return stack.enter_context(path.open("rb", buffering=0)).fileno()
        except OSError as error:
            raise unreadable(path, error) from error
