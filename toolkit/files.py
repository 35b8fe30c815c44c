"""A file that will be in an image, as data: where it lies there, and where its content comes from."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import OutsideError

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file of a files layer: an absolute path without the leading slash, and bytes, a host file, or a link target.

    Exactly one of `data`, `source` and `target` is set. Owner is 0:0, times are fixed by the layout version.
    """

    path: str
    mode: int = 0o644
    data: bytes | None = None
    source: Path | None = None
    target: str | None = None

    def chunks(self) -> Iterator[bytes]:
        """Give the content; a link has none. Raises OutsideError when the host's file cannot be read."""
        if self.source is None:
            yield self.data or b""
            return
        try:
            with self.source.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise OutsideError(f"cannot read {self.source}: {error.strerror}") from error

    def identity(self) -> tuple[str, int, str]:
        """Name everything that decides what the file is in an image: path, mode, and content or link target."""
        if self.target is not None:
            return self.path, self.mode, f"link {self.target}"
        hasher = hashlib.sha256()
        for chunk in self.chunks():
            hasher.update(chunk)
        return self.path, self.mode, f"sha256 {hasher.hexdigest()}"
