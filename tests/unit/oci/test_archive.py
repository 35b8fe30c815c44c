"""Archives: one tar that docker loads and that is an OCI layout; what docker saves is read."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.images import image_of, layer_of, tar_of
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.oci.archive import archive_chunks, read_archive, write_archive
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout

AMD64 = Platform("linux", "amd64")


@pytest.fixture
def image() -> Image:
    return image_of([layer_of(tar_of("a")), layer_of(tar_of("b"))])


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def written(image: Image, path: Path, *names: str) -> Path:
    with path.open("wb") as stream:
        write_archive(image, stream, names=names)
    return path


def saved(path: Path, files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> Path:
    """Write what `docker save` would."""
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return path


def as_docker_saves(image: Image, tars: list[bytes]) -> dict[str, bytes]:
    layers = {f"{number}/layer.tar": tar for number, tar in enumerate(tars)}
    loaded = [{"Config": "config.json", "RepoTags": None, "Layers": list(layers)}]
    return {**layers, "config.json": image.config, "manifest.json": json.dumps(loaded).encode()}


def test_an_archive_is_read_back(image: Image, tmp_path: Path, cache: Cache) -> None:
    again = read_archive(written(image, tmp_path / "it.tar"), platform=AMD64, cache=cache)
    assert again.config == image.config
    assert [layer.descriptor for layer in again.layers] == [layer.descriptor for layer in image.layers]
    assert check_image(again) == []


def test_an_archive_is_an_oci_layout(image: Image, tmp_path: Path) -> None:
    with tarfile.open(written(image, tmp_path / "it.tar")) as archive:
        archive.extractall(tmp_path / "layout", filter="data")
    again = read_layout(tmp_path / "layout", platform=AMD64)
    assert again.manifest == image.manifest
    assert check_image(again) == []


def test_docker_finds_config_layers_and_names(image: Image, tmp_path: Path) -> None:
    with tarfile.open(written(image, tmp_path / "it.tar", "a:1", "b:2")) as archive:
        stream = archive.extractfile("manifest.json")
        assert stream
        (loaded,) = json.load(stream)
        assert loaded["RepoTags"] == ["a:1", "b:2"]
        assert loaded["Config"] == f"blobs/sha256/{image.config_descriptor.digest.hex}"
        assert loaded["Layers"] == [f"blobs/sha256/{layer.descriptor.digest.hex}" for layer in image.layers]
        assert set(loaded["Layers"]) <= set(archive.getnames())


def test_equal_images_give_equal_bytes_of_whole_blocks(image: Image) -> None:
    first = b"".join(archive_chunks(image, names=["a:1"]))
    assert first == b"".join(archive_chunks(image, names=["a:1"]))
    assert len(first) % 512 == 0


def test_a_layer_that_is_there_twice_is_written_once(tmp_path: Path, cache: Cache) -> None:
    layer = layer_of(tar_of("a"))
    path = written(image_of([layer, layer]), tmp_path / "it.tar")
    with tarfile.open(path) as archive:
        assert len(archive.getnames()) == len(set(archive.getnames())) == 6
    assert check_image(read_archive(path, platform=AMD64, cache=cache)) == []


def test_plain_layers_are_compressed_once(image: Image, tmp_path: Path, cache: Cache) -> None:
    path = saved(tmp_path / "saved.tar", as_docker_saves(image, [tar_of("a"), tar_of("b")]))
    first = read_archive(path, platform=AMD64, cache=cache)
    assert check_image(first) == []
    assert [layer.diff_id for layer in first.layers] == [layer.diff_id for layer in image.layers]
    blobs = {entry: entry.stat().st_ino for entry in cache.root.rglob("sha256/*/*")}
    again = read_archive(path, platform=AMD64, cache=cache)
    assert again == first.__class__(
        media_type=first.media_type, manifest=first.manifest, config=first.config, layers=again.layers
    )
    assert {entry: entry.stat().st_ino for entry in cache.root.rglob("sha256/*/*")} == blobs


def test_a_layer_that_docker_linked_to_its_first_copy_is_found(tmp_path: Path, cache: Cache) -> None:
    layer = layer_of(tar_of("a"))
    twice = image_of([layer, layer])
    files = as_docker_saves(twice, [tar_of("a"), b""])
    del files["1/layer.tar"]
    path = saved(tmp_path / "saved.tar", files, {"1/layer.tar": "../0/layer.tar"})
    assert check_image(read_archive(path, platform=AMD64, cache=cache)) == []


def test_a_link_out_of_the_archive_is_followed_nowhere(image: Image, tmp_path: Path, cache: Cache) -> None:
    files = as_docker_saves(image, [tar_of("a"), tar_of("b")])
    del files["1/layer.tar"]
    path = saved(tmp_path / "saved.tar", files, {"1/layer.tar": "/etc/passwd"})
    with pytest.raises(InputError, match="not an image archive"):
        read_archive(path, platform=AMD64, cache=cache)


def test_another_platform_is_named(image: Image, tmp_path: Path, cache: Cache) -> None:
    path = written(image, tmp_path / "it.tar")
    with pytest.raises(InputError, match="is for linux/amd64, expected linux/arm64"):
        read_archive(path, platform=Platform("linux", "arm64"), cache=cache)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, cache: Cache) -> None:
    with pytest.raises(OutsideError, match=r"cannot read .*none\.tar: No such file"):
        read_archive(tmp_path / "none.tar", platform=AMD64, cache=cache)


@pytest.mark.parametrize("manifest", [None, b"", b"{}", b"[]", b"[3]", b'[{"Config": "c", "Layers": []}]', b"[" * 9999])
def test_a_broken_archive_is_an_error_of_the_input(tmp_path: Path, cache: Cache, manifest: bytes | None) -> None:
    path = saved(tmp_path / "it.tar", {} if manifest is None else {"manifest.json": manifest})
    with pytest.raises(InputError, match="not an image archive"):
        read_archive(path, platform=AMD64, cache=cache)


@pytest.mark.parametrize("config", [b"3", b"[]", b"null", b"{}", b'{"os": "linux", "architecture": "amd64"}'])
def test_a_broken_config_is_an_error_of_the_input(image: Image, tmp_path: Path, cache: Cache, config: bytes) -> None:
    files: dict[str, Any] = {**as_docker_saves(image, [tar_of("a"), tar_of("b")]), "config.json": config}
    with pytest.raises(InputError, match="archive"):
        read_archive(saved(tmp_path / "it.tar", files), platform=AMD64, cache=cache)


def test_another_file_is_no_archive(tmp_path: Path, cache: Cache) -> None:
    path = tmp_path / "it.txt"
    path.write_text("nothing" * 200)
    with pytest.raises(InputError, match="not an image archive"):
        read_archive(path, platform=AMD64, cache=cache)


def test_a_plain_layer_with_another_diff_id_is_refused_and_not_remembered(
    image: Image, tmp_path: Path, cache: Cache
) -> None:
    lying = saved(tmp_path / "lying.tar", as_docker_saves(image, [tar_of("evil"), tar_of("b")]))
    with pytest.raises(InputError, match=rf"a layer is {Digest.of(tar_of('evil'))}, the config says"):
        read_archive(lying, platform=AMD64, cache=cache)
    true = saved(tmp_path / "true.tar", as_docker_saves(image, [tar_of("a"), tar_of("b")]))
    assert check_image(read_archive(true, platform=AMD64, cache=cache)) == []


def test_a_layer_that_the_cache_lost_is_made_again(image: Image, tmp_path: Path, cache: Cache) -> None:
    path = saved(tmp_path / "saved.tar", as_docker_saves(image, [tar_of("a"), tar_of("b")]))
    first = read_archive(path, platform=AMD64, cache=cache)
    (layer, _) = first.layers
    damaged = cache.blob_path(layer.descriptor.digest)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert check_image(read_archive(path, platform=AMD64, cache=cache)) == []
    damaged.unlink()
    assert check_image(read_archive(path, platform=AMD64, cache=cache)) == []


def test_a_layer_that_is_no_longer_itself_is_not_written(image: Image, tmp_path: Path) -> None:
    lying = replace(image, layers=(replace(image.layers[0], chunks=lambda: iter((b"other",))), image.layers[1]))
    with pytest.raises(OutsideError, match=f"{image.layers[0].descriptor.digest} of .* turned out to be") as caught:
        written(lying, tmp_path / "it.tar")
    assert caught.value.hint
