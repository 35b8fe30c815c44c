"""A layout of many images."""

from pathlib import Path

import pytest

from tests.images import image_of, layer_of, tar_of
from toolkit.errors import InputError, OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout
from toolkit.oci.layout_store import LayoutStore

IMAGE = image_of([layer_of(tar_of("a"))])


def test_images_are_added_under_names(tmp_path: Path) -> None:
    store = LayoutStore(tmp_path / "layout")
    assert store.find("a/b:1") is None
    assert store.add(IMAGE.descriptor, lambda: [IMAGE.manifest])
    assert not store.add(IMAGE.descriptor, lambda: [IMAGE.manifest])
    assert store.add(IMAGE.config_descriptor, lambda: [IMAGE.config])
    for layer in IMAGE.layers:
        store.add(layer.descriptor, layer.chunks)
    for name in ("a/b:1", "a/b:2", "a/b:1"):
        store.name(IMAGE.descriptor, name)
    assert store.find("a/b:2").digest == IMAGE.digest  # type: ignore[union-attr]
    assert read_layout(tmp_path / "layout", platform=Platform("linux", "amd64"), name="a/b:1").digest == IMAGE.digest
    assert b"".join(store.chunks(IMAGE.descriptor)) == IMAGE.manifest
    assert store.size_of(IMAGE.digest) == len(IMAGE.manifest)
    assert [path.name for path in tmp_path.iterdir()] == ["layout"]


def test_other_content_is_refused(tmp_path: Path) -> None:
    store = LayoutStore(tmp_path / "layout")
    with pytest.raises(OutsideError, match="turned out to be"):
        store.add(IMAGE.descriptor, lambda: [b"x"])
    assert not store.has(IMAGE.descriptor)
    assert store.size_of(IMAGE.digest) is None
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "mine").touch()
    with pytest.raises(InputError, match="is not an OCI image layout"):
        LayoutStore(tmp_path / "files").find("a")
    (tmp_path / "files" / "index.json").write_text('{"manifests": 7}')
    with pytest.raises(InputError, match="has no list of manifests"):
        LayoutStore(tmp_path / "files").find("a")
