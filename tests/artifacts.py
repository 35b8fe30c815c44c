"""Wheels, base images and projects for tests, made from text, the same bytes every time."""

import base64
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.builders.plan import Installed
from toolkit.builders.planning import wheel_layers
from toolkit.config.project import EntryPoint, Project
from toolkit.digest import Digest
from toolkit.oci.deflate import gzip_member
from toolkit.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    Platform,
)
from toolkit.oci.image import Image, Layer
from toolkit.python.base import BaseFacts
from toolkit.python.target import Base, Target
from toolkit.wheels.wheel import Wheel

FACTS = BaseFacts(
    python="/usr/bin/python3.11",
    version="3.11.2",
    libc="glibc",
    libc_version="2.36",
    os_id="debian",
    os_version="12",
    user="",
    packages={},
)


class Packed(Struct, frozen=True, kw_only=True):
    """One member of a wheel to be made."""

    data: bytes = b""
    mode: int = 0o100644
    method: int = zipfile.ZIP_DEFLATED
    zip64: bool = False
    recorded: bool = True


class _Unseekable(io.BytesIO):
    """A stream that makes zipfile write data descriptors."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def pack_wheel(
    folder: Path,
    files: Mapping[str, bytes | str | Packed],
    *,
    name: str = "demo",
    version: str = "1.0",
    descriptors: bool = False,
    record: str | None = None,
    wheel_version: str = "1.0",
    method: int = zipfile.ZIP_DEFLATED,
) -> Wheel:
    """Write a wheel; METADATA, WHEEL and RECORD are added. `descriptors` puts sizes behind the members.

    `method` is that of members for which none is given.
    """
    info = f"{name}-{version}.dist-info"
    members = {
        **{path: _packed(content, method) for path, content in files.items()},
        f"{info}/METADATA": _packed(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", method),
        f"{info}/WHEEL": _packed(f"Wheel-Version: {wheel_version}\nRoot-Is-Purelib: true\n", method),
    }
    text = record if record is not None else _record(members, info)
    if text:
        members[f"{info}/RECORD"] = _packed(text, method)
    stream = _Unseekable() if descriptors else io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, member in members.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = member.mode << 16
            entry.compress_type = member.method
            with archive.open(entry, "w", force_zip64=member.zip64) as target:
                target.write(member.data)
    return save_wheel(folder, f"{name}-{version}-py3-none-any.whl", stream.getvalue())


def save_wheel(folder: Path, filename: str, data: bytes) -> Wheel:
    """Write these bytes as a wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / filename
    path.write_bytes(data)
    return Wheel(filename=filename, digest=Digest.of(data), path=path, size=len(data))


def _packed(content: bytes | str | Packed, method: int) -> Packed:
    if isinstance(content, Packed):
        return content
    return Packed(data=content.encode() if isinstance(content, str) else content, method=method)


def _record(members: Mapping[str, Packed], info: str) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for path, member in members.items():
        if member.recorded:
            digest = base64.urlsafe_b64encode(hashlib.sha256(member.data).digest()).rstrip(b"=").decode()
            writer.writerow((path, f"sha256={digest}", len(member.data)))
    writer.writerow((f"{info}/RECORD", "", ""))
    return stream.getvalue()


def base_image(*, docker: bool = False, config: Mapping[str, Any] | None = None) -> Image:
    """Make a base of one layer that holds an empty tar; `config` replaces keys of its config."""
    tar = bytes(1024)
    data = gzip_member(tar)
    described = Descriptor(media_type=DOCKER_LAYER if docker else OCI_LAYER, digest=Digest.of(data), size=len(data))
    layer = Layer(descriptor=described, diff_id=Digest.of(tar), chunks=lambda: iter((data,)))
    document = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2024-02-03T04:05:06Z",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin", "LANG=C.UTF-8"], "Cmd": ["sh"], "Labels": {"of": "base"}},
        "rootfs": {"type": "layers", "diff_ids": [str(layer.diff_id)]},
        "history": [{"created_by": "base"}, {"created_by": "env", "empty_layer": True}],
        **(config or {}),
    }
    return image_of(document, (layer,), docker=docker)


def base_of(
    image: Image,
    facts: BaseFacts = FACTS,
    *,
    reference: str = "python:3.11-slim",
    platform: Platform = Platform("linux", "amd64"),  # noqa: B008 (frozen)
) -> Base:
    """Describe an image as a base."""
    target = Target.of(platform, facts)
    return Base(image=image, reference=reference, pinned=None, facts=facts, target=target)


def installed(wheels: Sequence[Wheel], base: Image) -> Installed:
    """Install wheels on a base, in layers as a build divides them, without bytecode."""
    return Installed(layers=wheel_layers(wheels, base))


def image_of(document: Mapping[str, Any], layers: Sequence[Layer], *, docker: bool = False) -> Image:
    """Make an image of a config document and layers."""
    raw = json.dumps(document).encode()
    kind = DOCKER_CONFIG if docker else OCI_CONFIG
    manifest = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": Descriptor(media_type=kind, digest=Digest.of(raw), size=len(raw)).to_dict(),
        "layers": [layer.descriptor.to_dict() for layer in layers],
        **({} if docker else {"annotations": {"of": "base"}}),
    }
    return Image(
        media_type=str(manifest["mediaType"]),
        manifest=json.dumps(manifest).encode(),
        config=raw,
        layers=tuple(layers),
    )


def component(folder: Path, **changes: Any) -> Project:  # noqa: ANN401 (any field of Project)
    """Write a component of one small function and give its settings, with `changes` applied."""
    source = folder / "src"
    source.mkdir(parents=True, exist_ok=True)
    (source / "count_words.py").write_text(
        'def count(text: str) -> int:\n    """Count words.\n\n    Args:\n        text: Any text.\n    """\n'
        "    return len(text.split())\n"
    )
    (folder / "pyproject.toml").write_text('[project]\nname = "count-words"\nversion = "1.2.0"\n')
    entry = EntryPoint(name="count-words", contract=folder / "component.yaml", entrypoint="count_words:count")
    project = Project(
        folder=folder,
        pyproject=folder / "pyproject.toml",
        name="count-words",
        version="1.2.0",
        description="Count words",
        requires_python=">=3.10",
        dependencies=(),
        authors=("Ada",),
        license="Apache-2.0",
        urls=(("Repository", "https://example.com/count-words"),),
        namespace=None,
        image=None,
        base=None,
        base_overridden=False,
        build_base=None,
        platforms=("linux/amd64",),
        python=None,
        system_site_packages=False,
        bytecode=True,
        estargz=False,
        user=None,
        exclude=(),
        include=(),
        requirements=None,
        lock=folder / "requirements.lock",
        entries=(entry,),
    )
    return replace(project, **changes)
