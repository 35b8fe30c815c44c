"""The cache: content-addressed blobs and small JSON records, safe under concurrent writers and `kill -9`.

    blobs/sha256/<2 hex>/<64 hex>      bytes, verified while written
    records/<kind>/<2 hex>/<64 hex>.json   facts derived from inputs, keyed by the sha256 of those inputs

Everything is written to a temporary name and renamed. A blob that exists is whole; a record that does not
parse counts as absent. Losing the cache loses only time.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import platformdirs

from toolkit.atomic import replacing, write_bytes
from toolkit.errors import OutsideError


class Cache:
    """One cache folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def default(cls) -> "Cache":
        """Use `COMP_CACHE_DIR`, else the platform's cache folder."""
        named = os.environ.get("COMP_CACHE_DIR")
        return cls(Path(named) if named else Path(platformdirs.user_cache_dir("comp")))

    def blob_path(self, sha256: str) -> Path:
        """Say where the blob with this hex digest is or would be."""
        return self.root / "blobs" / "sha256" / sha256[:2] / sha256

    def has_blob(self, sha256: str) -> bool:
        """Tell whether the blob is here."""
        return self.blob_path(sha256).is_file()

    def add_blob(self, chunks: Iterable[bytes], *, sha256: str, what: str) -> Path:
        """Store bytes that must hash to `sha256` and return their path.

        `what` names them in the error. Raises OutsideError when they hash to something else, and then stores nothing.
        """
        path = self.blob_path(sha256)
        hasher = hashlib.sha256()
        with replacing(path) as stream:
            for chunk in chunks:
                hasher.update(chunk)
                stream.write(chunk)
            if hasher.hexdigest() != sha256:
                raise OutsideError(
                    f"{what} does not have the expected content: sha256 {hasher.hexdigest()}, expected {sha256}",
                    hint="the file changed on its server, or was damaged on the way; try again",
                )
        return path

    def keep_blob(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store bytes of which nothing is known yet, and return their sha256 and size."""
        hasher, size = hashlib.sha256(), 0
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.root, prefix=".blob-", suffix=".tmp") as stream:
            for chunk in chunks:
                hasher.update(chunk)
                size += len(chunk)
                stream.write(chunk)
            stream.flush()
            with Path(stream.name).open("rb") as written:
                self.add_blob(iter(lambda: written.read(1 << 20), b""), sha256=hasher.hexdigest(), what="a blob")
        return hasher.hexdigest(), size

    def record(self, kind: str, key: object) -> dict[str, Any] | None:
        """Return the record of `kind` for `key` (any JSON value), None when there is none."""
        try:
            parsed = json.loads(self._record_path(kind, key).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return parsed if isinstance(parsed, dict) else None

    def write_record(self, kind: str, key: object, value: dict[str, Any]) -> None:
        """Remember `value` for `key`."""
        write_bytes(self._record_path(kind, key), json.dumps(value, sort_keys=True).encode())

    def _record_path(self, kind: str, key: object) -> Path:
        text = json.dumps(key, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        return self.root / "records" / kind / digest[:2] / f"{digest}.json"
