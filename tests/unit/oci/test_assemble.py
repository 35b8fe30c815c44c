import json
from typing import Any

import pytest

from tests.artifacts import base_image, image_of
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.assemble import assemble, layer_media_type
from toolkit.oci.check import check_image
from toolkit.oci.deflate import gzip_member
from toolkit.oci.descriptor import DOCKER_LAYER, DOCKER_MANIFEST, OCI_LAYER, OCI_MANIFEST, Descriptor
from toolkit.oci.image import Image, Layer

TIME = "2025-01-01T00:00:00Z"


def layer(media_type: str = OCI_LAYER) -> Layer:
    tar = bytes(2048)
    data = gzip_member(tar)
    descriptor = Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data))
    return Layer(descriptor=descriptor, diff_id=Digest.of(tar), chunks=lambda: iter((data,)))


def build(base: Image, **changes: Any) -> Image:  # noqa: ANN401 (any argument of assemble)
    arguments: dict[str, Any] = {
        "history": ["comp: code"],
        "command": ["/opt/comp/venv/bin/python"],
        "env": {"PATH": "/opt/comp/venv/bin:/usr/bin", "B": "2", "A": "1"},
        "labels": {"our": "label"},
        "annotations": {"our": "annotation"},
        "created": TIME,
        "user": None,
        **changes,
    }
    return assemble(base, [layer(layer_media_type(base))], **arguments)


def test_an_image_is_fixed_to_the_last_byte() -> None:
    image = build(base_image())
    assert str(image.digest) == "sha256:91b4249daf565b9a33e3228605c6e13794578a17b14ddcfbae153232cf41fed6"
    assert (
        str(image.config_descriptor.digest) == "sha256:b178e4b6c90843fe0186088d52392e20f169c3523d8e0880a8aacbe5b04d87e6"
    )


@pytest.mark.parametrize("docker", [False, True])
def test_types_follow_the_bases_family(*, docker: bool) -> None:
    image = build(base_image(docker=docker))
    assert image.media_type == (DOCKER_MANIFEST if docker else OCI_MANIFEST)
    assert {layer.descriptor.media_type for layer in image.layers} == {DOCKER_LAYER if docker else OCI_LAYER}
    assert check_image(image) == []
    assert ("annotations" in json.loads(image.manifest)) is not docker


def test_a_mixed_base_is_not_carried_on() -> None:
    mixed = image_of(base_image().parsed_config(), (layer(DOCKER_LAYER),))
    assert {layer.descriptor.media_type for layer in build(mixed).layers} == {OCI_LAYER}


def test_the_config() -> None:
    base = base_image(config={"container": "f00", "docker_version": "20.10", "variant": "v8"})
    document = build(base).parsed_config()
    assert document["config"] == {
        "Cmd": ["/opt/comp/venv/bin/python"],
        "Env": ["PATH=/opt/comp/venv/bin:/usr/bin", "LANG=C.UTF-8", "A=1", "B=2"],
        "Labels": {"of": "base", "our": "label"},
    }
    assert document["created"] == TIME
    assert document["variant"] == "v8"
    assert not {"container", "docker_version"} & set(document)
    assert document["rootfs"]["diff_ids"] == [
        *base.parsed_config()["rootfs"]["diff_ids"],
        str(layer().diff_id),
    ]


def test_keys_are_sorted_and_nothing_is_spaced() -> None:
    image = build(base_image())
    for raw in (image.manifest, image.config):
        assert raw == json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_annotations_are_ours_alone() -> None:
    assert json.loads(build(base_image()).manifest)["annotations"] == {"our": "annotation"}


@pytest.mark.parametrize(("user", "expected"), [(None, "nobody"), ("65532", "65532")])
def test_the_user_is_the_bases_unless_given(user: str | None, expected: str) -> None:
    base = base_image(config={"config": {"User": "nobody", "OnBuild": ["RUN x"]}})
    settings = build(base, user=user).parsed_config()["config"]
    assert settings["User"] == expected
    assert "OnBuild" not in settings


@pytest.mark.parametrize(
    "history",
    [
        [],
        None,
        [{"created_by": "env", "empty_layer": True}],
        [{"created_by": "base"}],
        [{"created_by": "one"}, {"created_by": "two"}, {"created_by": "three"}],
    ],
)
def test_history_has_one_entry_for_each_layer(history: list[dict[str, Any]] | None) -> None:
    document = build(base_image(config={"history": history})).parsed_config()
    filled = [entry for entry in document["history"] if not entry.get("empty_layer")]
    assert len(filled) == len(document["rootfs"]["diff_ids"]) == 2
    assert document["history"][-1] == {"created": TIME, "created_by": "comp: code"}


def test_a_base_that_contradicts_itself() -> None:
    base = base_image(config={"rootfs": {"type": "layers", "diff_ids": []}})
    with pytest.raises(InputError, match="1 layers in its manifest, 0 diff_ids in its config"):
        build(base)


def test_layers_keep_their_origin() -> None:
    base = base_image()
    from_elsewhere = Layer(
        descriptor=base.layers[0].descriptor,
        diff_id=base.layers[0].diff_id,
        chunks=base.layers[0].chunks,
        origin="docker.io/library/python",
    )
    image = build(image_of(base.parsed_config(), (from_elsewhere,)))
    assert [layer.origin for layer in image.layers] == ["docker.io/library/python", None]
