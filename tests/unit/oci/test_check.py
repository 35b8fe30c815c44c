import gzip
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tests.images import image_of, layer_of, tar_of, zstd_of
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.blob import ChunkStream, compression_errors, gunzip
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
)
from toolkit.oci.image import Image, Layer


@pytest.fixture
def layers() -> list[Layer]:
    return [layer_of(tar_of("etc/os-release", "usr/bin/python3")), layer_of(tar_of("./opt/comp/a", "opt/comp/b"))]


def test_a_valid_image_has_no_problems(layers: list[Layer]) -> None:
    assert check_image(image_of(layers)) == []


def test_docker_media_types_are_a_family_of_their_own() -> None:
    layers = [layer_of(tar_of("a"), media_type=DOCKER_LAYER)]
    assert check_image(image_of(layers, types=(DOCKER_MANIFEST, DOCKER_CONFIG))) == []
    mixed = image_of([layer_of(tar_of("a"))], types=(DOCKER_MANIFEST, OCI_CONFIG))
    assert check_image(mixed) == [
        f"manifest: the config's media type is '{OCI_CONFIG}', expected '{DOCKER_CONFIG}'",
        f"layer 0: media type is '{OCI_LAYER}', expected '{DOCKER_LAYER}' or '{DOCKER_LAYER.removesuffix('.gzip')}'",
    ]


def test_a_layer_of_many_gzip_members_is_valid() -> None:
    tar = tar_of("a", "b", "c")
    blob = b"".join(gzip.compress(tar[start : start + 300]) for start in range(0, len(tar), 300))
    assert check_image(image_of([layer_of(tar, compressed=blob)])) == []


@pytest.mark.parametrize(("compress", "suffix"), [(bytes, ""), (zstd_of, "+zstd")])
def test_layers_of_other_compressions_are_valid(compress: Callable[[bytes], bytes], suffix: str) -> None:
    tar = tar_of("a")
    layer = layer_of(tar, compressed=compress(tar), media_type=f"application/vnd.oci.image.layer.v1.tar{suffix}")
    assert check_image(image_of([layer])) == []
    (problem,) = check_image(image_of([replace(layer, diff_id=Digest("00" * 32))]))
    assert problem.startswith("layer 0: diff_id is")


def test_the_same_layer_twice_is_read_once() -> None:
    reads = []
    layer = layer_of(tar_of("a"))

    def chunks() -> Iterator[bytes]:
        reads.append(1)
        return layer.chunks()

    counted = replace(layer, chunks=chunks)
    assert check_image(image_of([counted, counted])) == []
    assert len(reads) == 1
    other = replace(layer, diff_id=Digest("00" * 32))
    assert f"layer 1: diff_id is {other.diff_id}, the same blob has {layer.diff_id} elsewhere" in check_image(
        image_of([layer, other])
    )


def test_every_mismatch_of_a_layer_shows_both_values(layers: list[Layer]) -> None:
    zero = Digest("00" * 32)
    wrong = replace(layers[0], diff_id=zero, descriptor=Descriptor(media_type=OCI_LAYER, digest=zero, size=1))
    right = layers[0]
    assert check_image(image_of([wrong, layers[1]])) == [
        f"layer 0: diff_id is {zero}, the content's {right.diff_id}",
        f"layer 0: digest is {zero}, the content's {right.descriptor.digest}",
        f"layer 0: size is 1, the content's {right.descriptor.size}",
    ]


def test_every_mismatch_of_the_documents_is_reported(layers: list[Layer]) -> None:
    def config(data: dict[str, Any]) -> None:
        data["rootfs"] = {"type": "other", "diff_ids": [str(layers[0].diff_id)]}
        del data["os"]

    def manifest(data: dict[str, Any]) -> None:
        data["schemaVersion"] = 1
        data["mediaType"] = "text/plain"
        data["config"]["size"] = 1
        data["layers"] = [data["layers"][1]]

    found = check_image(image_of(layers, config=config, manifest=manifest))
    size = len(image_of(layers, config=config).config)
    first, second = (layer.descriptor for layer in layers)
    assert found == [
        "manifest: schemaVersion is 1, expected 2",
        f"manifest: mediaType is 'text/plain', the image says '{OCI_MANIFEST}'",
        f"config: the manifest's size is 1, the content's {size}",
        "manifest: 1 layers, the image has 2",
        f"layer 0: the manifest's digest is {second.digest}, the content's {first.digest}",
        f"layer 0: the manifest's size is {second.size}, the content's {first.size}",
        "config: os is None, expected text",
        "config: rootfs.type is 'other', expected 'layers'",
        "config: 1 diff_ids, the image has 2 layers",
        "config: 2 history entries with a layer, 1 diff_ids",
    ]


def test_a_diff_id_of_the_config_is_compared(layers: list[Layer]) -> None:
    def config(data: dict[str, Any]) -> None:
        data["rootfs"]["diff_ids"][1] = "sha256:1"

    assert check_image(image_of(layers, config=config)) == [
        f"layer 1: the config's diff_id is 'sha256:1', the layer's {layers[1].diff_id}"
    ]


def test_documents_that_are_not_json(layers: list[Layer]) -> None:
    image = replace(image_of(layers), manifest=b"[", config=b"[]")
    assert check_image(image) == ["manifest: not a JSON object", "config: not a JSON object"]


@pytest.mark.parametrize(
    ("tar", "problem"),
    [
        (tar_of("a", "./a"), "duplicate path './a'"),
        (tar_of("/etc/passwd"), "unsafe path '/etc/passwd': it is absolute"),
        (tar_of("a/../../b"), "unsafe path 'a/../../b': it has a .. part"),
        (tar_of("a/.wh."), "unsafe path 'a/.wh.': it is a whiteout of nothing"),
        (tar_of(link=("a", "../b"), kind=tarfile.LNKTYPE), "unsafe hard link 'a' to '../b': it has a .. part"),
        (tar_of("lib/x", link=("lib", "usr/lib")), "unsafe path 'lib/x': 'lib' is a symbolic link in the same layer"),
    ],
)
def test_paths_that_ruin_an_image(tar: bytes, problem: str) -> None:
    assert check_image(image_of([layer_of(tar)])) == [f"layer 0: {problem}"]


@pytest.mark.parametrize("tar", [tar_of(".wh.gone", "a/.wh..wh..opq"), tar_of(link=("bin", "/usr/bin")), bytes(1024)])
def test_members_of_real_layers_are_valid(tar: bytes) -> None:
    assert check_image(image_of([layer_of(tar)])) == []


def test_a_truncated_layer() -> None:
    tar = tar_of("a")
    whole = gzip.compress(tar)
    found = check_image(image_of([layer_of(tar, compressed=whole[:-4])]))
    assert len(found) == 1
    assert found[0].startswith("layer 0: not a whole compressed stream: ")


@pytest.mark.parametrize("kept", [0, 20, 10_000])
def test_a_layer_that_its_source_refuses_has_the_sources_words(kept: int) -> None:
    layer = layer_of(tar_of("a"))

    def chunks() -> Iterator[bytes]:
        yield b"".join(layer.chunks())[:kept]
        raise InputError("the blob is damaged")

    assert check_image(image_of([replace(layer, chunks=chunks), layer])) == ["layer 0: the blob is damaged"]


def test_a_layer_that_is_not_a_tar() -> None:
    found = check_image(image_of([layer_of(b"not a tar at all " * 100)]))
    assert len(found) == 1
    assert found[0].startswith("layer 0: not a tar archive: ")


def test_a_big_layer_takes_little_memory() -> None:
    block = bytes(1 << 20)
    blob = gzip.compress(block, 1)
    header = tarfile.TarInfo("big")
    header.size = 64 << 20
    start, end = gzip.compress(header.tobuf()), gzip.compress(bytes(1024))

    def chunks() -> Iterator[bytes]:
        yield start
        for _ in range(64):
            yield blob
        yield end

    raw = ChunkStream(chunks())
    raw.drain()
    content = ChunkStream(iter([header.tobuf(), *[block] * 64, bytes(1024)]))
    content.drain()
    descriptor = Descriptor(media_type=OCI_LAYER, digest=raw.digest, size=raw.size)
    image = image_of([Layer(descriptor=descriptor, diff_id=content.digest, chunks=chunks)])
    assert _memory_of_checking(image) < 8 << 20


def test_many_files_take_little_memory() -> None:
    image = image_of([layer_of(tar_of(*(f"file-{number}" for number in range(5000))))])
    assert _memory_of_checking(image) < 9 << 19


def _memory_of_checking(image: Image) -> int:
    """Check a valid image, and return the most memory that it took, whether or not memory is traced already."""
    traced = tracemalloc.is_tracing()
    if not traced:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert check_image(image) == []
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not traced:
            tracemalloc.stop()


@pytest.mark.parametrize("damage", [lambda data: data[:-3], lambda data: data[:-8] + bytes(8), lambda _: b"plain"])
def test_broken_gzip_raises_the_listed_errors(damage: Callable[[bytes], bytes]) -> None:
    stream = gunzip(ChunkStream(iter([damage(gzip.compress(b"content " * 50))])))
    with pytest.raises(compression_errors()):
        stream.read()


def test_of_a_layer_that_is_known_the_blob_alone_is_read() -> None:
    layer = layer_of(tar_of("../x"))
    image = image_of([layer])
    known = {layer.descriptor.digest: layer.diff_id}
    assert check_image(image) != []
    assert check_image(image, known) == []
    # The digest of the blob is computed all the same, and another diff_id is not the known one.
    cut = image_of([replace(layer, chunks=lambda: iter([b"x"]))])
    assert any("digest is" in problem for problem in check_image(cut, known))
    other = {layer.descriptor.digest: layer.descriptor.digest}
    assert check_image(image, other) == check_image(image)
