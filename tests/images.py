"""Small images made from text; valid unless a test asks for a fault."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from toolkit.digest import Digest
from toolkit.oci.blob import zstandard
from toolkit.oci.descriptor import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor
from toolkit.oci.image import Image, Layer

Edit = Callable[[dict[str, Any]], object]
Files = Mapping[str, bytes | str | None]  # a file's bytes, a link's target, None for a folder


def tar_of(*names: str, link: tuple[str, str] | None = None, kind: bytes = tarfile.SYMTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        if link:
            member = tarfile.TarInfo(link[0])
            member.type, member.linkname = kind, link[1]
            tar.addfile(member)
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
    return buffer.getvalue()


def tar_with(files: Mapping[str, bytes]) -> bytes:
    """Pack files of these contents."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def tar_of_tree(files: Files) -> bytes:
    """Pack files, links and folders; a target that begins with `hard:` makes a hard link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            if isinstance(content, bytes):
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
                continue
            member.type = tarfile.DIRTYPE if content is None else tarfile.SYMTYPE
            hard = content is not None and content.startswith("hard:")
            member.type = tarfile.LNKTYPE if hard else member.type
            member.linkname = (content or "").removeprefix("hard:")
            archive.addfile(member)
    return buffer.getvalue()


def zstd_of(data: bytes) -> bytes:
    """Compress with Zstandard."""
    return bytes(zstandard().compress(data))


def layer_of(tar: bytes, *, compressed: bytes | None = None, media_type: str = OCI_LAYER) -> Layer:
    blob = gzip.compress(tar, mtime=0) if compressed is None else compressed

    def chunks() -> Iterator[bytes]:
        return (blob[start : start + 100] for start in range(0, len(blob), 100))

    descriptor = Descriptor(media_type=media_type, digest=Digest.of(blob), size=len(blob))
    return Layer(descriptor=descriptor, diff_id=Digest.of(tar), chunks=chunks)


def image_of(
    layers: Sequence[Layer],
    *,
    config: Edit = lambda _: None,
    manifest: Edit = lambda _: None,
    types: tuple[str, str] = (OCI_MANIFEST, OCI_CONFIG),
) -> Image:
    config_data: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in layers]},
        "history": [{"empty_layer": True}, *({"created_by": "test"} for _ in layers)],
    }
    config(config_data)
    config_bytes = json.dumps(config_data).encode()
    described = Descriptor(media_type=types[1], digest=Digest.of(config_bytes), size=len(config_bytes))
    manifest_data = {
        "schemaVersion": 2,
        "mediaType": types[0],
        "config": described.to_dict(),
        "layers": [layer.descriptor.to_dict() for layer in layers],
    }
    manifest(manifest_data)
    manifest_bytes = json.dumps(manifest_data).encode()
    return Image(media_type=types[0], manifest=manifest_bytes, config=config_bytes, layers=tuple(layers))
