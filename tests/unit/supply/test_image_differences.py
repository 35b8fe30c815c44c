"""Two images that should be the same: what differs, and where."""

import io
import json
import tarfile
from typing import Any

import pytest
from msgspec.structs import replace

from tests.images import image_of, layer_of
from toolkit.oci.image import Image, Layer
from toolkit.supply.image_differences import Difference, differences, layer_names


def layer(*files: dict[str, Any]) -> Layer:
    """Return a layer of members; each has a name, and what differs from a usual file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file in files:
            member = tarfile.TarInfo()
            content = file.get("content", b"x")
            member.size = len(content) if file.get("type", tarfile.REGTYPE) == tarfile.REGTYPE else 0
            for name, value in file.items():
                if name != "content":
                    setattr(member, name, value)
            archive.addfile(member, io.BytesIO(content))
    return layer_of(buffer.getvalue())


BASE = layer({"name": "usr/x"})
CODE = layer({"name": "a"}, {"name": "b"})


def image(*layers: Layer, lines: tuple[str, ...] = ("debian", "comp: code"), **config: object) -> Image:
    history = [{"created_by": line} for line in lines]
    return image_of(layers, config=lambda data: data.update(history=history, **config))


def found(other: Layer) -> list[tuple[str, str, str, str, str]]:
    """Compare an image's top layer with that of the rebuilt one, which is CODE."""
    made = differences(image(BASE, other), image(BASE, CODE))
    return [(each.part, each.path, each.how, each.image, each.rebuilt) for each in made]


def test_the_same_images_have_no_differences() -> None:
    assert list(differences(image(BASE, CODE), image(BASE, CODE))) == []


@pytest.mark.parametrize(
    ("changed", "how", "mine", "rebuilt"),
    [
        ({"content": b"y"}, "content", "", ""),
        ({"mode": 0o755}, "mode", "0755", "0644"),
        ({"uid": 7}, "owner", "7:0", "0:0"),
        ({"mtime": 9}, "time", "9", "0"),
    ],
)
def test_a_file_that_differs_is_named_with_how(changed: dict[str, Any], how: str, mine: str, rebuilt: str) -> None:
    assert found(layer({"name": "a"}, {"name": "b", **changed})) == [("layer code", "b", how, mine, rebuilt)]


def test_links_kinds_and_files_on_one_side() -> None:
    link = {"name": "b", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}
    assert [each[:3] for each in found(layer({"name": "a"}, link))] == [
        ("layer code", "b", "kind"),
        ("layer code", "b", "target"),
        ("layer code", "b", "content"),
    ]
    assert found(layer({"name": "a"})) == [("layer code", "b", "missing", "", "")]
    assert found(layer({"name": "a"}, {"name": "b"}, {"name": "c"})) == [("layer code", "c", "extra", "", "")]
    assert found(layer({"name": "b"}, {"name": "a"})) == [("layer code", "", "order", "", "")]


def test_another_compression_of_the_same_tar_is_named() -> None:
    tar = b"".join(CODE.chunks())
    other = replace(CODE, descriptor=replace(BASE.descriptor, size=len(tar)))
    assert found(other) == [("layer code", "", "compression", "", "")]


def test_layers_on_one_side_and_fields_of_documents() -> None:
    mine = image(BASE, CODE, BASE, lines=("debian", "comp: code", "comp: more"), config={"Env": ["A=1"], "User": "0"})
    rebuilt = image(BASE, CODE, config={"Env": ["A=2"]}, created="now")
    lines = [str(each) for each in differences(mine, rebuilt)]
    assert lines == [
        "linux/amd64: layer more: extra",
        'linux/amd64: config, config.Env: value (["A=1"], rebuilt ["A=2"])',
        'linux/amd64: config, config.User: extra ("0", rebuilt nothing)',
        'linux/amd64: config, created: missing (nothing, rebuilt "now")',
    ]
    other = image_of((BASE,), manifest=lambda data: data.update(annotations={"a": "1"}))
    (only,) = differences(other, image_of((BASE,)))
    assert (only.part, only.path, only.how) == ("manifest", "annotations.a", "extra")
    assert json.loads(json.dumps(only.to_dict()))["platform"] == "linux/amd64"


def test_names_of_layers_are_unique() -> None:
    assert layer_names(image(BASE, BASE, CODE, lines=("comp: code", "comp: code"))) == [
        "1 of the base",
        "code",
        "code (2)",
    ]


def test_a_difference_without_values_is_short() -> None:
    assert str(Difference(platform="linux/amd64", part="layer x", path="a", how="content")) == (
        "linux/amd64: layer x, a: content"
    )


def test_images_of_different_digests_always_differ() -> None:
    lines = ("debian", "comp: code", "comp: more")
    more = layer({"name": "c"})
    rebuilt = image(BASE, CODE, more, lines=lines)
    swapped = image(BASE, more, CODE, lines=("debian", "comp: more", "comp: code"))
    assert [(each.part, each.path) for each in differences(swapped, rebuilt)][:2] == [
        ("config", "history"),
        ("config", "rootfs.diff_ids"),
    ]
    renamed = image(BASE, CODE, more, lines=("debian", "comp: code", "comp: other"))
    assert [each.part for each in differences(renamed, rebuilt)] == ["layer other", "layer more"]
    other = image(BASE, CODE, more, lines=("ubuntu", "comp: code", "comp: more"))
    assert [(each.part, each.path, each.how) for each in differences(other, rebuilt)][:1] == [
        ("config", "history", "value")
    ]


def test_a_history_cannot_hide_a_layer() -> None:
    lines = ("comp: a", "comp: a (2)", "comp: a")
    hidden = image(BASE, layer({"name": "evil"}), CODE, lines=lines)
    assert [(each.part, each.path) for each in differences(hidden, image(BASE, CODE, CODE, lines=lines))][:1] == [
        ("layer a (2)", "a")
    ]
    assert len(set(layer_names(hidden))) == 3
