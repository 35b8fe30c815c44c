"""Every reader of foreign bytes as one function: True for what it takes, False for what it refuses in words.

Anything but the project's own errors comes out as it is: that is what fuzzing looks for.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tests.artifacts import save_wheel
from toolkit.cache import Cache
from toolkit.errors import CompError, InputError
from toolkit.inspection import Opened, inspect_image
from toolkit.oci.archive import read_archive
from toolkit.oci.assemble import assemble
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Descriptor, Platform
from toolkit.oci.digest import Digest
from toolkit.oci.image import Image, Layer
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.python.base import read_facts
from toolkit.python.collisions import collisions
from toolkit.python.install import VENV, installed_files
from toolkit.python.splice import measure
from toolkit.python.wheels import open_wheel
from toolkit.remote.client import Remote

Edit = Callable[[Any], Any]


class Documents(NamedTuple):
    """The three documents of an image, as bytes."""

    outer: bytes
    manifest: bytes
    config: bytes


AMD64 = Platform("linux", "amd64")
NOWHERE = "127.0.0.1:1"


def takes_wheel(data: bytes, folder: Path) -> bool:
    """Install a wheel into a layer; its paths have to stay where wheels are installed."""
    wheel = save_wheel(folder, "demo-1.0-py3-none-any.whl", data)
    try:
        collisions((wheel,), minor="3.11")
        with open_wheel(wheel) as opened:
            paths = [file.path for file in installed_files(opened, minor="3.11")]
        measure((wheel,), minor="3.11", cache=Cache(folder / "cache"))
    except InputError as error:
        return _refused(error, wheel.filename)
    assert all(path.startswith(f"{VENV}/") and not {"", ".", ".."} & set(path.split("/")) for path in paths)
    return True


def takes_documents(documents: Documents, folder: Path) -> bool:
    """Read an image from a layout and from a cache that hold these documents, and build on it."""
    cache = Cache(folder / "cache")
    blobs = folder / "layout" / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for data in documents:
        (blobs / Digest.of(data).hex).write_bytes(data)
        cache.add_blob(iter((data,)), sha256=Digest.of(data).hex, what="a document")
    (folder / "layout" / "oci-layout").write_bytes(b"{}")
    (folder / "layout" / "index.json").write_bytes(documents.outer)
    remote = Remote(environ={"HOME": str(folder)}, pause=lambda _: None)
    pinned = parse_reference(f"{NOWHERE}/a").with_digest(Digest.of(documents.outer))
    found = [
        _used(lambda: read_layout(folder / "layout", platform=AMD64)),
        _used(lambda: remote.pull(pinned, AMD64, cache)),
    ]
    return all(found)


def takes_archive(data: bytes, folder: Path) -> bool:
    """Read an archive and all layers of its image."""
    path = folder / "image.tar"
    path.write_bytes(data)
    try:
        image = read_archive(path, platform=AMD64, cache=Cache(folder / "cache"))
        check_image(image)
    except CompError as error:
        return _refused(error)
    return True


def takes_layer(blob: bytes, folder: Path) -> bool:
    """Look for a Python in a layer, and check the image of it."""
    descriptor = Descriptor(media_type=OCI_LAYER, digest=Digest.of(blob), size=len(blob))
    layer = Layer(descriptor=descriptor, diff_id=Digest.of(b""), chunks=lambda: iter((blob,)))
    image = Image(media_type=OCI_MANIFEST, manifest=linked().manifest, config=linked().config, layers=(layer,))
    check_image(image)
    try:
        read_facts(image, Cache(folder / "cache"))
    except InputError as error:
        return _refused(error)
    return True


def takes_reference(text: str) -> bool:
    """Parse a reference; what is taken reads back as itself."""
    try:
        parsed = parse_reference(text)
    except InputError as error:
        return _refused(error)
    assert parse_reference(str(parsed)) == parsed
    return True


def linked(
    *, config: Edit = lambda data: data, manifest: Edit = lambda data: data, index: Edit = lambda data: data
) -> Documents:
    """Give index, manifest and config of an image, each edited after what is below it: descriptors stay true."""
    config_data = encoded(config(_CONFIG))
    layer = Descriptor(media_type=OCI_LAYER, digest=Digest.of(b"layer"), size=5, annotations={"a": "b"})
    described = Descriptor(media_type=OCI_CONFIG, digest=Digest.of(config_data), size=len(config_data))
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described.to_dict()}
    manifest_data = encoded(manifest({**document, "layers": [layer.to_dict()]}))
    entry = Descriptor(
        media_type=OCI_MANIFEST,
        digest=Digest.of(manifest_data),
        size=len(manifest_data),
        annotations={"org.opencontainers.image.ref.name": "1.0"},
        platform=AMD64,
    )
    outer = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry.to_dict()]}
    return Documents(encoded(index(outer)), manifest_data, config_data)


def encoded(value: object) -> bytes:
    """Write JSON as others may: with escapes, and with numbers that JSON does not have; bytes stay what they are."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


_CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "variant": "v1",
    "created": "2024-01-01T00:00:00Z",
    "config": {"Env": ["PATH=/bin"], "Labels": {"a": "b"}, "Cmd": ["sh"], "Entrypoint": None, "User": "1"},
    "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"tar"))]},
    "history": [{"created_by": "x"}, {"empty_layer": True}],
}


def _refused(error: CompError, *words: str) -> bool:
    """Expect of a refusal that it says what next, and on what."""
    assert error.hint, error
    assert all(word in error.message for word in words), error
    return False


def _used(read: Callable[[], Image]) -> bool:
    """Do with an image what commands do; False when it is refused before that."""
    try:
        image = read()
    except CompError as error:
        return _refused(error)
    assert all(isinstance(problem, str) for problem in _problems(image))
    inspect_image(Opened(image=image), packages=False)
    plain = assemble(
        image, (), history=(), command=("x",), env={"A": "b"}, labels={}, annotations={}, created="x", user=None
    )
    assert Digest.of(plain.config) == plain.config_descriptor.digest
    return True


def _problems(image: Image) -> list[str]:
    return check_image(replace(image, layers=()))
