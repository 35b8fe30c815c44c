"""Readers of what others wrote, given what nobody should write: only our own errors come out, and soon."""

import io
import json
import struct
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.artifacts import Packed, pack_wheel
from tests.images import image_of, layer_of, tar_of
from tests.readers import (
    Documents,
    encoded,
    linked,
    takes_archive,
    takes_documents,
    takes_layer,
    takes_reference,
    takes_wheel,
)
from toolkit.oci.archive import archive_chunks

# Far more than any of these inputs needs, on a machine with other work to do.
_SECONDS = 20

_INTERESTING = (0, 1, 2, 0x20, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -1, 10**400])
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "amd64", "linux", "sha256:" + "0" * 64, "../..", "/", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder of this example's own, in bounded time."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
    assert time.monotonic() - began < _SECONDS


def _wheel() -> bytes:
    files: Mapping[str, bytes | str | Packed] = {
        "demo/__init__.py": "import sys\n" * 30,
        "demo/empty.py": "",
        "demo/stored.bin": Packed(data=bytes(range(256)), method=zipfile.ZIP_STORED),
        "demo/größe.txt": Packed(data=b"large " * 99, zip64=True),
        "demo-1.0.data/scripts/tool": "#!python\nprint(1)\n",
        "demo-1.0.data/headers/demo.h": "x",
        "demo-1.0.dist-info/entry_points.txt": "[console_scripts]\ndemo = demo:main\n",
    }
    with tempfile.TemporaryDirectory() as name:
        return pack_wheel(Path(name), files).path.read_bytes()


def _archive() -> bytes:
    return b"".join(archive_chunks(image_of([layer_of(tar_of("a")), layer_of(tar_of("b"))]), names=["a:1"]))


def _saved() -> bytes:
    """Write what `docker save` would, with a plain layer and a link to it."""
    tar = tar_of("a")
    image = image_of([layer_of(tar), layer_of(tar)])
    loaded = [{"Config": "config.json", "RepoTags": None, "Layers": ["0/layer.tar", "1/layer.tar"]}]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in (
            ("0/layer.tar", tar),
            ("config.json", image.config),
            ("manifest.json", json.dumps(loaded).encode()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("1/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../0/layer.tar"
        archive.addfile(link)
    return buffer.getvalue()


WHEEL, ARCHIVE, SAVED = _wheel(), _archive(), _saved()
# What follows each of these signatures are fields with sizes, offsets, flags and methods.
_FIELDS = [
    place + field
    for signature in (b"PK\1\2", b"PK\3\4", b"PK\5\6")
    for place in (match for match in range(len(WHEEL)) if WHEEL.startswith(signature, match))
    for field in range(4, 46)
    if place + field < len(WHEEL)
]


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, *, places: list[int] | None = None) -> bytes:
    """Flip, overwrite, cut, repeat and insert bytes."""
    data = bytearray(whole)
    at = st.sampled_from(places) if places else st.integers(0, len(whole) - 1)
    for _ in range(draw(st.integers(1, 4))):
        place = min(draw(at), max(0, len(data) - 1))
        kind = draw(st.sampled_from(["flip", "field", "cut", "tail", "insert", "copy"]))
        if kind == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "field":
            value = draw(st.sampled_from(_INTERESTING))
            data[place : place + 4] = struct.pack("<I", value)
        elif kind == "cut":
            del data[place : place + draw(st.integers(1, 64))]
        elif kind == "tail":
            del data[place:]
        elif kind == "insert":
            data[place:place] = draw(st.binary(max_size=32))
        else:
            data[place:place] = data[place : place + 200]
    return bytes(data)


@st.composite
def replaced(draw: st.DrawFn, document: Any) -> Any:  # noqa: ANN401 (a JSON value of any shape)
    """Replace, remove or add one value somewhere in a document."""
    places = list(_places(document))
    path = draw(st.sampled_from(places))
    value = draw(_JSON)
    if not path:
        return value
    copy = json.loads(json.dumps(document))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    if draw(st.booleans()) and draw(st.booleans()):
        del inner[path[-1]]
    elif isinstance(inner, list) and draw(st.booleans()):
        inner += [inner[path[-1]]] * draw(st.integers(1, 3))
    else:
        inner[path[-1]] = value
    return copy


def _places(document: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    yield ()
    steps = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for step, inner in steps:
        yield from ((step, *rest) for rest in _places(inner))


@st.composite
def broken_documents(draw: st.DrawFn) -> Documents:
    """Edit one of the three documents, or put bytes in its place."""
    which = draw(st.sampled_from(["index", "manifest", "config"]))

    def edit(document: Any) -> Any:  # noqa: ANN401
        return draw(replaced(document))

    return linked(**{which: edit})


@given(st.one_of(damaged(WHEEL), damaged(WHEEL, places=_FIELDS)))
@example(WHEEL)
def test_wheels(data: bytes) -> None:
    with folder() as place:
        assert takes_wheel(data, place) or data != WHEEL


@given(broken_documents())
@example(linked())
def test_documents_of_images(documents: Documents) -> None:
    with folder() as place:
        assert takes_documents(documents, place) or documents != linked()


@given(st.sampled_from(["index", "manifest", "config"]), st.binary(max_size=60) | _JSON.map(encoded))
@example("index", b"[" * 100_000)
@example("manifest", b'{"a":' * 100_000)
@example("config", b"9" * 10_000)
def test_documents_that_are_none(which: str, data: bytes) -> None:
    with folder() as place:
        assert not takes_documents(linked(**{which: lambda _: data}), place)


@given(st.one_of(damaged(ARCHIVE), damaged(SAVED)))
@example(ARCHIVE)
@example(SAVED)
def test_archives(data: bytes) -> None:
    with folder() as place:
        assert takes_archive(data, place) or data not in {ARCHIVE, SAVED}


@given(damaged(b"".join(layer_of(tar_of("usr/bin/python3", "etc/os-release", link=("bin", "usr/bin"))).chunks())))
def test_layers(blob: bytes) -> None:
    with folder() as place:
        assert not takes_layer(blob, place)


@given(st.text(), st.sampled_from(["", "a/", "h:1/", "[::1]:5/"]), st.sampled_from(["", ":t", "@sha256:" + "0" * 64]))
@example("a", "", "")
def test_references(text: str, before: str, after: str) -> None:
    assert takes_reference(before + text + after) or text != "a"
