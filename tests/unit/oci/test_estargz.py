"""Layers that can be pulled lazily, read by a reader that follows the specification and by ordinary ones."""

import io
import tarfile
from pathlib import Path

import pytest

from tests.artifacts import Packed, base_image, base_of, component, installed, pack_wheel
from tests.estargz import read_lazily, toc_of
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.planning import make_plan
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.digest import Digest
from toolkit.oci.check import check_image
from toolkit.oci.estargz import TOC_DIGEST, UNCOMPRESSED_SIZE
from toolkit.oci.image import Image
from toolkit.progress import silent

_LANDMARK = ".no.prefetch.landmark"
_TYPES = {"dir": tarfile.DIRTYPE, "reg": tarfile.REGTYPE, "symlink": tarfile.SYMTYPE}


def build(folder: Path, cache: Cache, *, estargz: bool) -> Image:
    long = "deep/" * 30 + "päth.py"
    files = {
        "pack/__init__.py": Packed(data=b""),
        "pack/code.py": Packed(data=b"x = 1\n" * 100),
        "pack/big.bin": Packed(data=bytes(range(256)) * 5000),
        "pack/stored.bin": Packed(data=b"s" * 200_000, method=0),
        long: Packed(data=b"deep\n", mode=0o100755),
    }
    wheel = pack_wheel(folder, files, name="pack")
    project = component(folder / "c", estargz=estargz)
    (folder / "c" / "src" / "weights.bin").write_bytes(b"w" * 100_000)
    (folder / "c" / "src" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "c" / "src" / "link").unlink(missing_ok=True)
    (folder / "c" / "src" / "link").symlink_to("run.sh")
    plan = make_plan(project, base_of(base_image()), installed((wheel,), base_image()), environ={})
    return EmbeddedBuilder(cache).build(plan, silent)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_a_lazy_reader_and_an_ordinary_one_see_the_same(tmp_path: Path, cache: Cache) -> None:
    image = build(tmp_path, cache, estargz=True)
    assert check_image(image) == []
    names = set()
    for layer in image.layers[1:]:
        blob = b"".join(layer.chunks())
        entries = toc_of(blob, layer.descriptor.annotations[TOC_DIGEST])
        with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as archive:
            members = archive.getmembers()
            contents = {m.name: archive.extractfile(m).read() for m in members if m.isreg()}  # type: ignore[union-attr]
        assert [entry["name"].rstrip("/") for entry in entries] == [member.name for member in members[:-1]]
        assert entries[0] == {**entries[0], "name": _LANDMARK, "size": 1}
        for entry, member in zip(entries, members[:-1], strict=True):
            assert (_TYPES[entry["type"]], entry["mode"]) == (member.type, member.mode)
            assert (entry["uid"], entry["gid"], entry["modtime"]) == (0, 0, "1980-01-01T00:00:00Z")
            assert entry.get("linkName", "") == member.linkname
            if member.isreg():
                assert read_lazily(blob, entry) == contents[member.name]
        assert contents[_LANDMARK] == b"\x0f"
        assert len(members) == len(entries) + 1
        names |= {member.name for member in members}
        assert int(layer.descriptor.annotations[UNCOMPRESSED_SIZE]) % 512 == 0
    ordinary = build(tmp_path, cache, estargz=False)
    expected = set()
    for layer in ordinary.layers[1:]:
        assert not layer.descriptor.annotations
        with tarfile.open(fileobj=io.BytesIO(b"".join(layer.chunks()))) as archive:
            expected |= {member.name for member in archive}
    assert names - expected == {_LANDMARK, "stargz.index.json"}
    assert expected <= names


def test_the_second_time_no_content_is_read_to_know_the_layers(tmp_path: Path, cache: Cache) -> None:
    first = build(tmp_path, cache, estargz=True)
    again = build(tmp_path, cache, estargz=True)
    elsewhere = build(tmp_path, Cache(tmp_path / "other"), estargz=True)
    assert first.digest == again.digest == elsewhere.digest
    # A table that was pruned is made again.
    for layer in first.layers[1:]:
        cache.blob_path(Digest.parse(layer.descriptor.annotations[TOC_DIGEST])).unlink()
    assert build(tmp_path, cache, estargz=True).digest == first.digest
    assert [b"".join(layer.chunks()) for layer in again.layers] == [b"".join(layer.chunks()) for layer in first.layers]


def test_it_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    text = '[project]\nname = "x"\nversion = "1"\n[tool.comp]\nentrypoint = "x:y"\n'
    (folder / "pyproject.toml").write_text(text)
    assert not read_project(folder, environ={}).estargz
    assert read_project(folder, environ={"COMP_ESTARGZ": "true"}).estargz
