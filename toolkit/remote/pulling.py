"""From a reference to an image: manifest and config now, verified and cached; layers when they are read."""

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from typing import Any

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.errors import InputError, OutsideError, RemoteError, SlowError
from toolkit.limits import REQUEST_TIME, TRANSFER_RATE
from toolkit.oci.descriptor import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Platform,
)
from toolkit.oci.document import parse_document, read_config
from toolkit.oci.image import Image, Layer, Source
from toolkit.oci.reference import Reference
from toolkit.progress import Progress, Report
from toolkit.remote.endpoints import get_blob, get_manifest
from toolkit.remote.manifests import verified_digest
from toolkit.remote.session import Session
from toolkit.words import in_bytes

log = logging.getLogger(__name__)

_MAX_CONFIG = 8 << 20
# An index may name further indexes (image specification, image-index.md).
_MAX_DEPTH = 3
_BREAKS = 5
_PARTIAL = 206
_UNKNOWN = Platform("unknown", "unknown")
_TYPES = {OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST}
_BROKEN = "it has to be pushed again; meanwhile choose another tag or image"


class _Document(Struct, frozen=True, kw_only=True):
    """A manifest or index: its bytes, the parsed JSON, and its media type."""

    reference: Reference
    data: bytes
    parsed: dict[str, Any]
    media_type: str

    @property
    def is_index(self) -> bool:
        """Whether it is an index, so that an image still has to be chosen."""
        return self.media_type in {OCI_INDEX, DOCKER_INDEX}


def pull_image(session: Session, reference: Reference, platform: Platform, cache: Cache, report: Report) -> Image:
    """Return an image; by digest and from the cache without any network.

    `report` gets the progress of layers when they are fetched. Raises InputError if there is no image for `platform`,
    OutsideError if the remote gives wrong content.
    """
    document = _fetch(session, reference, cache)
    for _ in range(_MAX_DEPTH):
        if not document.is_index:
            return _image(session, document, platform, cache, report)
        chosen = choose_platform(document.parsed, platform, reference)
        document = _fetch(session, reference.with_digest(chosen.digest), cache)
        # Content of another size must not be trusted (image specification, descriptor.md, "Properties").
        if len(document.data) != chosen.size:
            raise OutsideError(
                f"the index {reference} says that {chosen.digest} has {chosen.size} bytes, it has {len(document.data)}",
                hint=_BROKEN,
            )
    raise OutsideError(f"{reference} is an index of indexes of indexes", hint="name its image by digest")


def list_platforms(session: Session, reference: Reference, cache: Cache) -> tuple[Platform, ...]:
    """Return the platforms of an index; none for a manifest, whose platform is in its config."""
    document = _fetch(session, reference, cache)
    entries = _descriptors(document.parsed.get("manifests"), f"the index {reference}") if document.is_index else []
    return tuple(entry.platform for entry in entries if entry.platform and entry.platform != _UNKNOWN)


def choose_platform(index: dict[str, Any], platform: Platform, reference: Reference) -> Descriptor:
    """Return the manifest for a platform; if that has no variant, preferably one without.

    Raises InputError with the platforms of the index if none fits.
    """
    entries = _descriptors(index.get("manifests"), f"the index {reference}")
    # Attestations are listed as manifests for a platform that does not exist.
    real = [entry for entry in entries if entry.platform and entry.platform != _UNKNOWN]
    matches = [entry for entry in real if entry.platform and _suits(entry.platform, platform)]
    # An index may leave platforms out; a single such entry is the image, and its config has the platform.
    matches = matches or _alone([entry for entry in entries if entry.platform is None and entry.media_type in _TYPES])
    if matches:
        # Among equals the index's order counts.
        return min(matches, key=lambda entry: _variant(entry.platform) != _variant(platform))
    names = sorted({str(entry.platform) for entry in real})
    raise InputError(
        f"{reference} has no image for {platform}", hint=f"it has {', '.join(names) or 'none for any named platform'}"
    )


def _alone(entries: list[Descriptor]) -> list[Descriptor]:
    """Return the entries if there is a single one, else none."""
    return entries if len(entries) == 1 else []


def _suits(offered: Platform, wanted: Platform) -> bool:
    """Whether an image for one platform runs on another."""
    same = (offered.os, offered.architecture) == (wanted.os, wanted.architecture)
    return same and (wanted.variant is None or _variant(offered) == _variant(wanted))


def _variant(platform: Platform | None) -> str | None:
    """Return the variant; None for arm64's v8, which is its only one."""
    if platform is None or (platform.architecture, platform.variant) == ("arm64", "v8"):
        return None
    return platform.variant


def _fetch(session: Session, reference: Reference, cache: Cache) -> _Document:
    """Return a manifest or index, verified: from the cache if the reference has a digest, else from the remote."""
    if reference.digest and (data := cache.read_verified(reference.digest)) is not None:
        return _read_document(reference, data, None)
    answer = session.read(reference, get_manifest)
    digest = verified_digest(answer, reference)
    document = _read_document(reference, answer.body, answer.headers.get("Content-Type"))
    cache.store_verified(iter([answer.body]), digest, what=f"manifest of {reference}")
    return document


def _read_document(reference: Reference, data: bytes, content_type: str | None) -> _Document:
    """Read a manifest or index. Raises InputError for one of another kind, OutsideError for a broken one."""
    try:
        parsed = parse_document(data)
    except InputError as error:
        raise OutsideError(f"the manifest of {reference} is broken: {error.message}", hint=_BROKEN) from error
    # Two clients could read such a document as two different images (CVE-2021-41190).
    if "manifests" in parsed and "layers" in parsed:
        raise OutsideError(f"the manifest of {reference} is neither a manifest nor an index", hint=_BROKEN)
    if parsed.get("schemaVersion") == 1:
        raise InputError(
            f"{reference} is an image of Docker's schema 1, which current tools no longer make",
            hint="push it again with a current docker or buildah, or choose another tag",
        )
    # The document's own word comes first, since the cache keeps no Content-Type.
    declared = str(parsed.get("mediaType") or "") or (content_type or "").partition(";")[0].strip() or _guess(parsed)
    possible = {OCI_INDEX, DOCKER_INDEX} if "manifests" in parsed else {OCI_MANIFEST, DOCKER_MANIFEST}
    media_type = declared if declared in possible else _guess(parsed)
    if media_type not in possible or ("manifests" not in parsed and "layers" not in parsed):
        raise InputError(
            f"{reference} is not an image but {declared[:80]!r}", hint="choose another tag; a base is an image"
        )
    return _Document(reference=reference, data=data, parsed=parsed, media_type=media_type)


def _guess(parsed: dict[str, Any]) -> str:
    """Return the type of a document that does not name its own, which OCI allows, by its content."""
    if "manifests" in parsed:
        return OCI_INDEX
    config = parsed.get("config")
    is_oci = isinstance(config, dict) and config.get("mediaType") == OCI_CONFIG
    return OCI_MANIFEST if is_oci else DOCKER_MANIFEST


def _image(session: Session, document: _Document, platform: Platform, cache: Cache, report: Report) -> Image:
    """Return the image of a manifest, with layers that fetch themselves. Raises as `pull_image` does."""
    reference = document.reference
    what = f"the manifest of {reference}"
    (described,) = _descriptors([document.parsed.get("config")], what)
    layers = _descriptors(document.parsed.get("layers"), what)
    data = _fetch_config(session, reference, described, cache)
    try:
        config = read_config(data)
    except InputError as error:
        raise OutsideError(f"the config of {reference} is broken: {error.message}", hint=_BROKEN) from error
    # Without the variant: the index chose by it, and a config need not repeat it (image specification, config.md).
    if not _suits(config.platform, Platform(platform.os, platform.architecture)):
        raise InputError(f"{reference} has no image for {platform}", hint=f"it has {config.platform}")
    if len(config.diff_ids) != len(layers):
        raise OutsideError(f"{what} has {len(layers)} layers, its config {len(config.diff_ids)}", hint=_BROKEN)
    return Image(
        media_type=document.media_type,
        manifest=document.data,
        config=data,
        layers=tuple(
            Layer(
                descriptor=layer,
                diff_id=diff_id,
                chunks=_lazy(session, reference, layer, cache, report),
                origin=reference.name,
            )
            for layer, diff_id in zip(layers, config.diff_ids, strict=True)
        ),
    )


def _descriptors(data: object, what: str) -> list[Descriptor]:
    """Read a list of descriptors. Raises OutsideError that names the document `what`."""
    if not isinstance(data, list):
        raise OutsideError(f"{what} is broken: {str(data)[:80]!r} is not a list", hint=_BROKEN)
    try:
        return [Descriptor.from_dict(entry) for entry in data]
    except InputError as error:
        raise OutsideError(f"{what} is broken: {error.message}", hint=_BROKEN) from error


def _fetch_config(session: Session, reference: Reference, described: Descriptor, cache: Cache) -> bytes:
    """Return the config's bytes, verified. Raises OutsideError if its size is wrong or too large."""
    if described.size > _MAX_CONFIG:
        raise OutsideError(
            f"the config of {reference} has {in_bytes(described.size)}, expected at most {in_bytes(_MAX_CONFIG)}",
            hint=_BROKEN,
        )
    data = cache.read_verified(described.digest)
    if data is None:
        data = b"".join(download(session, reference, described))
        cache.store_verified(iter((data,)), described.digest, what=f"config of {reference}")
    if len(data) != described.size:
        raise OutsideError(
            f"the manifest of {reference} says that its config has {described.size} bytes, it has {len(data)}",
            hint=_BROKEN,
        )
    return data


def _lazy(session: Session, reference: Reference, blob: Descriptor, cache: Cache, report: Report) -> Source:
    """Return a source of a layer's bytes that fetches them into the cache when they are first read."""

    def arriving(start: int) -> Generator[tuple[int, bytes]]:
        """Yield chunks with their positions, as `Cache.fill` wants them, and report each."""
        # A server refuses a range that begins at the blob's end (416), so a part of that length starts again.
        position = start if start < blob.size else 0
        with closing(download(session, reference, blob, start=position)) as chunks:
            for chunk in chunks:
                yield position, chunk
                position += len(chunk)
                report(Progress(task=f"pull {blob.digest.hex[:12]}", done=position, total=blob.size))

    def chunks() -> Iterator[bytes]:
        """Yield the layer's bytes from the cache, and fetch them if they are missing there."""
        path = cache.blob_path(blob.digest)
        # The size suffices to decide: `read_blob` hashes what it reads.
        if not path.is_file() or path.stat().st_size != blob.size:
            log.info("pulling %s of %s, %s", blob.digest, reference.name, in_bytes(blob.size))
            cache.fill(blob.digest, arriving, what=f"blob {blob.digest} of {reference.name}")
        yield from cache.read_blob(blob.digest)

    return chunks


def download(
    session: Session, reference: Reference, blob: Descriptor, *, start: int = 0
) -> Generator[bytes, None, None]:
    """Stream a blob from byte `start` on, continuing where a connection broke. The caller verifies the digest.

    Raises OutsideError if it is longer or shorter than its descriptor says.
    """
    done = start
    for left in range(_BREAKS, -1, -1):
        began = done
        answer = session.read(reference, partial(get_blob, blob=blob, start=done))
        # A server that ignores Range sends everything again.
        skip = 0 if answer.status == _PARTIAL else done
        try:
            with closing(answer.chunks) as chunks:
                for chunk in chunks:
                    fresh = chunk[skip:]
                    skip -= len(chunk) - len(fresh)
                    done += len(fresh)
                    if done > blob.size:
                        raise OutsideError(
                            f"blob {blob.digest} of {reference.name} is longer than {blob.size} bytes", hint=_BROKEN
                        )
                    yield fresh
        except RemoteError as error:
            log.info("%s: %d of %d bytes, going on from there", error.message, done, blob.size)
            # A transfer that stopped is worth another try if it had moved before.
            halted = isinstance(error, SlowError) and done - began < REQUEST_TIME.value * TRANSFER_RATE.value
            if not left or halted:
                raise
        if done == blob.size:
            return
    raise OutsideError(
        f"blob {blob.digest} of {reference.name} ends after {done} of {blob.size} bytes", hint="try again"
    )
