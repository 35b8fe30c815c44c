"""An OCI image layout that holds many images, each under a name: what carries images to a network without servers."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.descriptor import OCI_INDEX, Descriptor
from toolkit.oci.layout import REF_NAME, parsed_file, verified_blob, write_blob
from toolkit.system.atomic import made_parents, write_bytes
from toolkit.system.held import held


class LayoutStore:
    """The layout in a folder. Blobs are added before the index names an image, and nothing is ever removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, name: str) -> Descriptor | None:
        """Return what the layout has under a name. Raises InputError for a folder that is not a layout."""
        if not (self._folder / "index.json").is_file():
            if self._folder.is_dir() and any(self._folder.iterdir()):
                raise InputError(f"{self._folder} is not an OCI image layout", hint="name a new folder, or a layout")
            return None
        for entry in self._entries():
            descriptor = Descriptor.from_dict(entry)
            if descriptor.annotations.get(REF_NAME) == name:
                return descriptor
        return None

    def has(self, blob: Descriptor) -> bool:
        """Return whether a blob is there with its size."""
        path = self._path(blob.digest)
        return path.is_file() and path.stat().st_size == blob.size

    def chunks(self, blob: Descriptor) -> Iterator[bytes]:
        """Yield a blob's bytes. Raises InputError, at the end too, if it is not what its descriptor says."""
        return verified_blob(self._folder, blob)

    def size_of(self, digest: Digest) -> int | None:
        """Return the size of a blob in bytes; None for one that is not there."""
        path = self._path(digest)
        return path.stat().st_size if path.is_file() else None

    def add(self, blob: Descriptor, chunks: Callable[[], Iterable[bytes]]) -> bool:
        """Write a blob unless it is there, and return whether it was missing. Raises OutsideError for other content."""
        if self.has(blob):
            return False
        path = self._path(blob.digest)
        with made_parents(path):
            write_blob(path, blob.digest, chunks())
        return True

    def name(self, descriptor: Descriptor, name: str) -> None:
        """Name an image or an index, whose blobs are there, in the layout's index."""
        entry = {**descriptor.to_dict(), "annotations": {REF_NAME: name}}
        self._folder.mkdir(parents=True, exist_ok=True)
        # Two mirrors at once must not lose each other's names.
        with held(self._folder):
            others = []
            if (self._folder / "index.json").is_file():
                others = [each for each in self._entries() if (each.get("annotations") or {}).get(REF_NAME) != name]
            index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*others, entry]}
            write_bytes(self._folder / "index.json", json.dumps(index, indent=1).encode())
            write_bytes(self._folder / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def _entries(self) -> list[dict[str, Any]]:
        """Return the entries of the index. Raises InputError for a damaged one."""
        entries = parsed_file(self._folder / "index.json").get("manifests")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InputError(f"{self._folder / 'index.json'} has no list of manifests", hint="copy the layout again")
        return entries

    def _path(self, digest: Digest) -> Path:
        """Return the path of a blob."""
        return self._folder / "blobs" / "sha256" / digest.hex
