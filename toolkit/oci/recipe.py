"""The measures of layers that were made before, and recipes to make them again without framing every file.

A recipe names the bytes that lie in blobs of the cache, and holds those between them.

Little-endian: how many blobs (4 bytes) and the sha256 of each (32 bytes); how many steps (4 bytes) and of each the
length of what is written out, the number of a blob, and start and length of the bytes that follow it there (4, 4, 8, 4
bytes); then all bytes that are written out. A recipe need not be trusted: a layer is hashed whenever it is sent or
written.
"""

import logging
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from toolkit.cache.failures import unreadable
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.oci import tar
from toolkit.oci.deflate import ENCODER_VERSION
from toolkit.oci.file import CHUNK, File, Frame
from toolkit.oci.layer import Measured, measure
from toolkit.oci.listing import Lister

log = logging.getLogger(__name__)

# Raise it with any change of the form; it is part of a recipe's key.
RECIPE_VERSION = 1

_COUNT = struct.Struct("<I")
_STEP = struct.Struct("<IIQI")
_SHA256 = 32
# Give up on recipes with more literal bytes than this.
_MOST_WRITTEN = 6 << 20


def remember(cache: Cache, key: object, files: Callable[[], Iterable[File]]) -> Measured:
    """Measure the layer that `key` identifies, or recall what it measured. The key covers layout and encoder too.

    A layer that mostly lies in blobs of the cache gets a recipe. Raises InputError as `measure` does.
    """
    versions = {"layout": tar.LAYOUT_VERSION, "encoder": ENCODER_VERSION, "recipe": RECIPE_VERSION}
    whole = {"inputs": key, **versions}

    def made() -> Measured:
        """Measure the layer, and keep its recipe."""
        recorder, lister = _Recorder(), Lister()
        measured = measure(lister.noted(files()), take=recorder.take)
        # Whoever asks what is in the image need not inflate the layer again.
        lister.keep(cache, digest=measured.digest, diff_id=measured.diff_id)
        # With more than half written out, a recipe saves little work and takes the space of a layer.
        if recorder.written < min(_MOST_WRITTEN, measured.size // 2):
            return replace(measured, recipe=cache.store(recorder.recipe())[0])
        return measured

    return cache.recall_or_make(Measured, whole, made, counted="layers")


class _Recorder:
    """Makes a recipe from a layer's frames, in order. `written` counts the bytes that the recipe has to hold."""

    def __init__(self) -> None:
        self.written = 0
        self._blobs: dict[Digest, int] = {}
        self._steps: list[bytes] = []
        self._texts: list[bytes] = []
        self._waiting = 0

    def take(self, frame: Frame) -> None:
        """Note where a frame lies, or else its bytes."""
        if frame.place is None:
            self.written += len(frame.data)
        # The recipe will not be kept, so its parts need not stay in memory.
        if self.written >= _MOST_WRITTEN:
            self._texts.clear()
            self._steps.clear()
        elif frame.place is None:
            self._texts.append(frame.data)
            self._waiting += len(frame.data)
        # Frames without data hold more plain bytes of the frame before.
        elif frame.data:
            blob, start = frame.place
            self._step(self._blobs.setdefault(blob, len(self._blobs)), start, len(frame.data))

    def recipe(self) -> Iterator[bytes]:
        """Yield the recipe of all frames so far."""
        # A last step without a blob, for the bytes after the last run.
        self._step(0, 0, 0)
        yield _COUNT.pack(len(self._blobs)) + b"".join(bytes.fromhex(blob.hex) for blob in self._blobs)
        yield _COUNT.pack(len(self._steps)) + b"".join(self._steps)
        yield from self._texts

    def _step(self, blob: int, start: int, length: int) -> None:
        """Note the bytes that are waiting, and the run of a blob that follows them."""
        self._steps.append(_STEP.pack(self._waiting, blob, start, length))
        self._waiting = 0


class Recipe:
    """A recipe whose blobs are all here; get one from `Recipe.read`."""

    def __init__(self, cache: Cache, blobs: Sequence[Digest], steps: memoryview, text: memoryview) -> None:
        self._cache = cache
        self._blobs = blobs
        self._steps = steps
        self._text = text

    @classmethod
    def read(cls, cache: Cache, digest: Digest) -> "Recipe | None":
        """Read a recipe from the cache; None if it is not whole, or a blob that it needs is missing."""
        data = cache.read_verified(digest)
        if data is None:
            return None
        view = memoryview(data)
        try:
            (count,) = _COUNT.unpack_from(data)
            position = _COUNT.size + count * _SHA256
            # A recipe that claims too many blobs has no second number at that place.
            (steps,) = _COUNT.unpack_from(data, position)
        except struct.error:
            return None
        blobs = [Digest(data[start : start + _SHA256].hex()) for start in range(_COUNT.size, position, _SHA256)]
        position += _COUNT.size
        text = position + steps * _STEP.size
        # Asked before the first byte: after it, the layer could not be framed anew instead.
        if text > len(data) or not all(map(cache.has_blob, blobs)):
            return None
        return cls(cache, blobs, view[position:text], view[text:])

    def chunks(self) -> Iterator[bytes]:
        """Yield the layer's bytes in chunks of about a mebibyte. Raises OutsideError when a blob cannot be read."""
        waiting: list[bytes | memoryview] = []
        size = position = 0
        with ExitStack() as stack:
            files = [self._open(stack, blob) for blob in self._blobs]
            for written, blob, start, length in _STEP.iter_unpack(self._steps):
                waiting.append(self._text[position : position + written])
                position += written
                if length:
                    # Runs lie anywhere in a blob; `pread` reads each in one call, without seeking or a buffer.
                    waiting.append(os.pread(files[blob], length, start))
                size += written + length
                if size >= CHUNK:
                    yield b"".join(waiting)
                    waiting, size = [], 0
        yield b"".join(waiting)

    def _open(self, stack: ExitStack, blob: Digest) -> int:
        """Return the descriptor of a blob, open until `stack` closes. Raises OutsideError."""
        path = self._cache.blob_path(blob)
        try:
            return stack.enter_context(path.open("rb", buffering=0)).fileno()
        except OSError as error:
            raise unreadable(path, error) from error
