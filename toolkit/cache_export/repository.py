"""An export in a repository of a distribution server: an artifact with the table as its config, and blobs as layers.

The protocol cannot replace a tag only if it is unchanged. So an exporter looks at the tag right before it sets it, and
again when those that looked just before have set it, and merges again if another export came in between.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from toolkit.cache_export.contents import BlobEntry, Contents, DamagedTableError
from toolkit.cache_export.place import Source
from toolkit.digest import Digest, canonical_json
from toolkit.limits import RECORD_SIZE
from toolkit.oci.descriptor import OCI_MANIFEST, Descriptor
from toolkit.oci.image import Image, Layer
from toolkit.oci.reference import DEFAULT_TAG, Reference
from toolkit.progress import Report, silent
from toolkit.remote.client import Remote
from toolkit.system.threads import at_once

ARTIFACT_TYPE = "application/vnd.comp.cache.v1+json"
# Seconds: far more than another exporter takes from its look at the tag until it sets it.
_SETTLED = 1.0
_BLOB_TYPE = "application/octet-stream"


class Repository:
    """The export under a tag of a repository."""

    def __init__(
        self,
        reference: Reference,
        remote: Remote,
        report: Report = silent,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = f"oci://{reference}"
        self._tag = reference.with_tag(reference.tag or DEFAULT_TAG)
        self._remote = remote
        self._report = report
        self._pause = pause
        # The manifest that `read` found.
        self._read: Digest | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Do nothing: a server has no locks, so that `write` notices other exporters instead."""
        yield

    def read(self) -> bytes | None:
        """Return the table of the tag's artifact; None if the tag is missing."""
        self._read = None
        artifact = self._remote.artifact(self._tag, ARTIFACT_TYPE)
        if artifact is None:
            return None
        self._read = artifact.digest
        RECORD_SIZE.check(artifact.config.size, f"the table of {self.name}")
        data = b"".join(self._remote.read_blob(self._tag, artifact.config))
        if Digest.of(data) != artifact.config.digest:
            raise DamagedTableError("its table has another digest", hint="export again")
        return data

    def present(self, blobs: Iterable[BlobEntry]) -> frozenset[Digest]:
        """Return the digests of the blobs that the server has."""
        listed = list(blobs)
        found = at_once(lambda blob: self._remote.has_blob(self._tag, blob.digest), listed)
        return frozenset(blob.digest for blob, there in zip(listed, found, strict=True) if there)

    def write(self, contents: Contents, source: Source) -> bool:
        """Push the blobs and the manifest, and set the tag unless it has moved since `read`."""
        image = _artifact(contents, source)
        if image.digest == self._read:
            return True
        place = self._tag.with_digest(image.digest)
        self._remote.push(image, place, report=self._report)
        if self._tagged() != self._read:
            return False
        self._remote.push(image, place, tags=[self._tag.identifier])
        self._pause(_SETTLED)
        return self._tagged() == image.digest

    def arriving(self, blob: BlobEntry, start: int) -> Generator[tuple[int, bytes]]:
        """Yield a blob's bytes. Raises RemoteError if the server fails, OutsideError for a blob of another size."""
        # A server refuses a range that begins at the blob's end.
        position = start if start < blob.size else 0
        for chunk in self._remote.read_blob(self._tag, _descriptor(blob), start=position):
            yield position, chunk
            position += len(chunk)

    def _tagged(self) -> Digest | None:
        """Return the digest of the manifest that the tag names; None if it is missing."""
        found = self._remote.artifact(self._tag, ARTIFACT_TYPE)
        return found.digest if found else None


def _artifact(contents: Contents, source: Source) -> Image:
    """Return the artifact of an export."""
    table = contents.to_json()
    config = Descriptor(media_type=ARTIFACT_TYPE, digest=Digest.of(table), size=len(table))
    layers = tuple(
        Layer(descriptor=_descriptor(blob), diff_id=blob.digest, chunks=partial(source, blob.digest))
        for blob in contents.blobs
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT_TYPE,
        "config": config.to_dict(),
        # Some servers refuse a manifest without layers (image specification, manifest.md, "layers").
        "layers": [layer.descriptor.to_dict() for layer in layers] or [config.to_dict()],
    }
    return Image(media_type=OCI_MANIFEST, manifest=canonical_json(manifest), config=table, layers=layers)


def _descriptor(blob: BlobEntry) -> Descriptor:
    """Describe a blob."""
    return Descriptor(media_type=_BLOB_TYPE, digest=blob.digest, size=blob.size)
