"""OCI layouts: what is written is read back byte for byte, and damage is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.images import image_of, layer_of, tar_of
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import OCI_INDEX, Descriptor, Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import REF_NAME, read_layout, write_layout

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")


@pytest.fixture
def image() -> Image:
    return image_of([layer_of(tar_of("a")), layer_of(tar_of("b"))])


@pytest.fixture
def layout(image: Image, tmp_path: Path) -> Path:
    write_layout(image, tmp_path / "layout", name="1.0")
    return tmp_path / "layout"


def blob(layout: Path, digest: Digest) -> Path:
    return layout / "blobs" / "sha256" / digest.hex


def add_manifest(layout: Path, data: bytes, media_type: str) -> dict[str, Any]:
    """Store a document as a blob and give its descriptor."""
    blob(layout, Digest.of(data)).write_bytes(data)
    return Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data)).to_dict()


def test_an_image_comes_back_as_it_was(layout: Path, image: Image) -> None:
    again = read_layout(layout, platform=AMD64, name="1.0")
    assert (again.manifest, again.config, again.media_type) == (image.manifest, image.config, image.media_type)
    assert [b"".join(layer.chunks()) for layer in again.layers] == [b"".join(layer.chunks()) for layer in image.layers]
    assert check_image(again) == []


def test_it_holds_what_the_specification_asks_for(layout: Path, image: Image) -> None:
    index = json.loads((layout / "index.json").read_bytes())
    assert json.loads((layout / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    assert index == {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {
                **image.descriptor.to_dict(),
                "annotations": {REF_NAME: "1.0"},
                "platform": {"architecture": "amd64", "os": "linux"},
            }
        ],
    }
    digests = {image.digest, image.config_descriptor.digest, *(layer.descriptor.digest for layer in image.layers)}
    assert {path.name for path in (layout / "blobs" / "sha256").iterdir()} == {digest.hex for digest in digests}


def test_writing_twice_gives_equal_bytes_and_keeps_blobs(layout: Path, image: Image) -> None:
    before = {path: (path.read_bytes(), path.stat().st_ino) for path in layout.rglob("sha256/*")}
    index = (layout / "index.json").read_bytes()
    write_layout(image, layout, name="1.0")
    assert {path: (path.read_bytes(), path.stat().st_ino) for path in layout.rglob("sha256/*")} == before
    assert (layout / "index.json").read_bytes() == index


def test_layers_are_read_when_asked_for(layout: Path, image: Image) -> None:
    missing = image.layers[1].descriptor.digest
    blob(layout, missing).unlink()
    again = read_layout(layout, platform=AMD64)
    b"".join(again.layers[0].chunks())
    with pytest.raises(InputError, match=rf"{missing.hex} is missing"):
        b"".join(again.layers[1].chunks())


def test_a_damaged_layer_is_an_error_while_it_is_read(layout: Path, image: Image) -> None:
    damaged = blob(layout, image.layers[0].descriptor.digest)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match=rf"{damaged} is damaged: its sha256 is [0-9a-f]{{64}}"):
        b"".join(read_layout(layout, platform=AMD64).layers[0].chunks())


def test_a_layer_with_other_bytes_than_it_says_is_not_written(tmp_path: Path) -> None:
    sound = layer_of(tar_of("a"))
    lying = type(sound)(descriptor=sound.descriptor, diff_id=sound.diff_id, chunks=lambda: iter((b"other",)))
    with pytest.raises(OutsideError, match=f"should be {sound.descriptor.digest} turned out to be"):
        write_layout(image_of([lying]), tmp_path / "layout")
    assert not (tmp_path / "layout" / "index.json").exists()
    assert not blob(tmp_path / "layout", sound.descriptor.digest).exists()


def test_the_platform_is_found_in_an_index_below_the_index(layout: Path) -> None:
    other = image_of([layer_of(tar_of("c"))], config=lambda config: config.update(architecture="arm64"))
    outer = json.loads((layout / "index.json").read_bytes())["manifests"]
    write_layout(other, layout)
    inner = {"schemaVersion": 2, "manifests": [*outer, other.descriptor.to_dict()]}
    index = {"schemaVersion": 2, "manifests": [add_manifest(layout, json.dumps(inner).encode(), OCI_INDEX)]}
    (layout / "index.json").write_text(json.dumps(index))
    assert read_layout(layout, platform=ARM64).digest == other.digest
    assert str(read_layout(layout, platform=AMD64).digest) == outer[0]["digest"]


def test_manifests_of_other_kinds_are_passed_over(layout: Path, image: Image) -> None:
    index = json.loads((layout / "index.json").read_bytes())
    index["manifests"].insert(0, add_manifest(layout, b"{}", "application/vnd.example+json"))
    (layout / "index.json").write_text(json.dumps(index))
    assert read_layout(layout, platform=AMD64).digest == image.digest


@pytest.mark.parametrize(
    ("platform", "name", "words"),
    [(ARM64, None, "an image for linux/arm64"), (AMD64, "2.0", r"'2\.0' for linux/amd64")],
)
def test_an_image_that_is_not_there_is_named(layout: Path, platform: Platform, name: str | None, words: str) -> None:
    with pytest.raises(InputError, match=f"does not have {words}"):
        read_layout(layout, platform=platform, name=name)


def test_another_folder_is_no_layout(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an OCI image layout"):
        read_layout(tmp_path, platform=AMD64)


@pytest.mark.parametrize(
    "index",
    ["", "[]", "null", "{}", '{"manifests": 3}', '{"manifests": [3]}', '{"manifests": [{"mediaType": "x"}]}'],
)
def test_a_broken_index_is_an_error_of_the_input(layout: Path, index: str) -> None:
    (layout / "index.json").write_text(index)
    with pytest.raises(InputError):
        read_layout(layout, platform=AMD64)


@pytest.mark.parametrize("manifest", [b"", b"[]", b"3", b"{}", b'{"config": {}, "layers": []}', b"[" * 100_000])
def test_a_broken_manifest_is_an_error_of_the_input(layout: Path, image: Image, manifest: bytes) -> None:
    index = {"manifests": [add_manifest(layout, manifest, image.media_type)]}
    (layout / "index.json").write_text(json.dumps(index))
    with pytest.raises(InputError):
        read_layout(layout, platform=AMD64)


@pytest.mark.parametrize("path", ["sha256:../../../etc/passwd", "sha256:" + "A" * 64, "md5:" + "0" * 32])
def test_a_digest_that_is_none_never_becomes_a_path(layout: Path, image: Image, path: str) -> None:
    index = {"manifests": [{**image.descriptor.to_dict(), "digest": path}]}
    (layout / "index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="digest"):
        read_layout(layout, platform=AMD64)


def test_a_size_that_is_wrong_is_found(layout: Path, image: Image) -> None:
    index = {"manifests": [{**image.descriptor.to_dict(), "size": 3}]}
    (layout / "index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match=f"has {len(image.manifest)} bytes, its descriptor says 3"):
        read_layout(layout, platform=AMD64)


def add_index(layout: Path, *entries: dict[str, Any]) -> dict[str, Any]:
    return add_manifest(layout, json.dumps({"schemaVersion": 2, "manifests": entries}).encode(), OCI_INDEX)


def test_attestations_and_what_is_not_there_are_passed_over(layout: Path, image: Image) -> None:
    missing = {**image.descriptor.to_dict(), "digest": "sha256:" + "0" * 64}
    attestation = {**missing, "platform": {"os": "unknown", "architecture": "unknown"}}
    other = {**missing, "platform": {"os": "linux", "architecture": "s390x"}}
    (layout / "index.json").write_text(json.dumps({"manifests": [attestation, other, image.descriptor.to_dict()]}))
    assert read_layout(layout, platform=AMD64).digest == image.digest
    with pytest.raises(InputError, match="does not have an image for linux/arm64") as caught:
        read_layout(layout, platform=ARM64)
    assert caught.value.hint == "it has linux/amd64, linux/s390x"


def test_indexes_that_name_each_other_many_times_are_read_once(layout: Path, image: Image) -> None:
    entry = {**image.descriptor.to_dict(), "platform": {"os": "linux", "architecture": "amd64"}}
    # Two to the power of sixty ways lead to the image.
    for _ in range(60):
        entry = add_index(layout, entry, entry)
    (layout / "index.json").write_text(json.dumps({"manifests": [entry]}))
    assert read_layout(layout, platform=AMD64).digest == image.digest
    with pytest.raises(InputError, match="does not have an image for linux/arm64"):
        read_layout(layout, platform=ARM64)


def test_indexes_without_end_are_refused(layout: Path, image: Image) -> None:
    entry = image.descriptor.to_dict()
    for _ in range(2000):
        entry = add_index(layout, entry)
    (layout / "index.json").write_text(json.dumps({"manifests": [entry]}))
    with pytest.raises(InputError, match="is damaged") as caught:
        read_layout(layout, platform=AMD64)
    assert caught.value.hint


def test_a_config_with_fewer_diff_ids(tmp_path: Path) -> None:
    layers = [layer_of(tar_of("a")), layer_of(tar_of("b"))]
    write_layout(image_of(layers, config=lambda data: data["rootfs"]["diff_ids"].pop()), tmp_path / "layout")
    with pytest.raises(InputError, match="has 2 layers and 1 diff_ids") as caught:
        read_layout(tmp_path / "layout", platform=AMD64)
    assert str(tmp_path / "layout") in caught.value.message
    assert caught.value.hint


def test_a_document_too_large_for_one_is_not_read(layout: Path, image: Image) -> None:
    (layout / "index.json").write_text(json.dumps({"manifests": [{**image.descriptor.to_dict(), "size": 1 << 40}]}))
    with pytest.raises(InputError, match="has 1099511627776 bytes, which no application/vnd"):
        read_layout(layout, platform=AMD64)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda data: data.update(os=3), "os is '3', expected text"),
        (lambda data: data.update(variant=[]), "variant is"),
        (lambda data: data.update(rootfs=[]), "rootfs is"),
        (lambda data: data["rootfs"].update(diff_ids=[3]), "diff_ids is"),
        (lambda data: data["rootfs"].update(diff_ids=["md5:1"] * 2), "not a sha256 digest"),
        (lambda data: data.update(config=[1]), "config is"),
        (lambda data: data.update(config={"Env": [3]}), "Env is"),
        (lambda data: data.update(config={"Labels": ["a"]}), "Labels is"),
        (lambda data: data.update(history=[3]), "history is"),
        (lambda data: data.update(author="\ud800"), "not JSON"),
        (lambda data: data.update(author=float("nan")), "NaN is not a number"),
    ],
)
def test_configs_of_another_shape(tmp_path: Path, edit: Callable[[dict[str, Any]], object], problem: str) -> None:
    image = image_of([layer_of(tar_of("a"))], config=edit)
    for data in (image.manifest, image.config):
        path = blob(tmp_path, Digest.of(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "oci-layout").write_text("{}")
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [image.descriptor.to_dict()]}))
    with pytest.raises(InputError, match=problem) as caught:
        read_layout(tmp_path, platform=AMD64)
    assert caught.value.message.startswith(f"the layout {tmp_path} is damaged: ")
