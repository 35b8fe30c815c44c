"""`comp mirror`, as users run it: releases, images, and a network without servers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Result, comp, ok
from tests.contracts import contract
from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from toolkit.oci.image import Image

IMAGE = image_of([layer_of(tar_of("a"))])


def put(remote: FakeRemote, name: str, image: Image) -> str:
    """Store an image, and return its reference by digest."""
    for layer in image.layers:
        remote.put_blob(name, b"".join(layer.chunks()))
    remote.put_blob(name, image.config)
    return f"{remote.host}/{name}@{remote.put_manifest(name, image.manifest, image.media_type)}"


@pytest.fixture
def outer() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.fixture
def image(tmp_path: Path, outer: FakeRemote) -> str:
    """Publish ml/n@1.0.0 in `outer`, and return the image of its contract."""
    image = put(outer, "team/n", IMAGE)
    (tmp_path / "n.yaml").write_text(contract(image=image))
    ok("publish", "n.yaml", "--namespace", "ml", "--version", "1.0.0", "--registry", "outer", folder=tmp_path)
    return image


def mirror(tmp_path: Path, *words: str) -> Result:
    environ = {**os.environ, "COMP_CACHE_DIR": str(tmp_path / "cache")}
    return comp("mirror", *words, folder=tmp_path, env=environ)


def test_an_air_gap(tmp_path: Path, outer: FakeRemote, image: str) -> None:
    ok("yank", "ml/n@1.0.0", "--reason", "slow", "--registry", "outer", folder=tmp_path)
    carried = mirror(tmp_path, "outer", "carried", "--images", "layout:images")
    assert (carried.code, carried.out.split()[0]) == (0, "ml/n@1.0.0")
    assert "1 component: 1 release copied, 0 there already, marks of 1 component, " in carried.err
    digest = IMAGE.digest
    with serving(FakeRemote()) as inner:
        # The server outside is not asked from here on.
        outside = len(outer.calls)
        place = f"oci://{inner.host}/components"
        words = ("carried", place, "--images", f"{inner.host}/images", "--images-from", "layout:images")
        arrived = mirror(tmp_path, *words)
        assert arrived.code == 0, arrived.err
        copy = f"{inner.host}/images/{outer.host.replace(':', '-')}/team/n@{digest}"
        calls = len(inner.called("PUT"))
        again = mirror(tmp_path, *words)
        assert (again.code, again.out) == (0, "")
        assert len(inner.called("PUT")) == calls
        added = comp("add", "ml/n@1.0.0", "--registry", place, folder=tmp_path)
        assert added.code == 0, added.err
        assert "slow" in added.err
        lock = json.loads((tmp_path / "components.lock").read_text())
        assert lock["images"] == {image: copy}
        assert (tmp_path / "components/ml/n/component.yaml").read_text() == contract(image=image)
        assert len(outer.calls) == outside


def test_an_image_that_is_gone_is_named_and_the_rest_is_mirrored(tmp_path: Path, outer: FakeRemote, image: str) -> None:
    outer.manifests.clear()
    result = mirror(tmp_path, "outer", "copy", "--images", f"{outer.host}/copies", "--format", "json")
    assert result.code == 1
    (component,) = json.loads(result.out)["components"]
    assert [each["release"] for each in component["copied"]] == ["ml/n@1.0.0"]
    assert component["problems"][0]["what"] == f"the image {image} of ml/n"
    assert "1 problem" in result.err


def test_a_dry_run_and_wrong_command_lines(tmp_path: Path, outer: FakeRemote, image: str) -> None:
    dry = mirror(tmp_path, "outer", "copy", "--dry-run")
    assert (dry.code, dry.err) == (0, "1 component: 1 release to copy, 0 there already\n")
    assert not (tmp_path / "copy").exists()
    images = mirror(tmp_path, "outer", "copy", "--dry-run", "--images", "layout:images")
    assert (images.code, images.err) == (0, "1 component: 1 release to copy, 0 there already\n")
    outer.manifests.clear()
    gone = mirror(tmp_path, "outer", "copy", "--dry-run", "--images", "layout:images")
    assert gone.code == 1
    assert f"the image {image} of ml/n" in gone.err
    assert not (tmp_path / "copy").exists()
    assert not (tmp_path / "images").exists()
    for words in (
        ("outer", "outer"),
        ("outer", "copy", "--images", "Copies"),
        ("outer", "copy", "--images-from", "layout:x"),
        ("outer", "copy", "--images", "layout:x", "--images-from", "x"),
        ("outer", "copy", "--only", "n"),
    ):
        assert mirror(tmp_path, *words).code == 2, words
    for words in (("none", "copy"), ("outer", "copy", "--only", "ml/x")):
        assert mirror(tmp_path, *words).code == 1, words
    assert not (tmp_path / "copy").exists()
