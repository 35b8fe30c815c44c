"""The layers of an engine's image outlive the engine's files."""

import gzip
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.images import image_of, layer_of, tar_of
from toolkit.builders.keeping import kept_image, kept_layers
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.image import Image, Layer

PLAIN = "application/vnd.oci.image.layer.v1.tar"


def _plain(data: bytes, diff_id: Digest) -> Layer:
    descriptor = Descriptor(media_type=PLAIN, digest=Digest.of(data), size=len(data))
    return Layer(descriptor=descriptor, diff_id=diff_id, chunks=lambda: iter([data]))


def test_layers_are_read_from_the_cache(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    data = tar_of("a")
    packed = layer_of(tar_of("b"))
    image = image_of([packed])
    image = replace(image, layers=(*image.layers, _plain(data, Digest.of(data))))
    first, second = kept_layers(image, cache)
    assert first.descriptor == image.layers[0].descriptor
    assert b"".join(first.chunks()) == b"".join(image.layers[0].chunks())
    assert cache.has_blob(first.descriptor.digest)
    assert second.descriptor.media_type.endswith("+gzip")
    assert gzip.decompress(b"".join(second.chunks())) == data


def test_a_layer_that_is_not_the_one_of_the_config(tmp_path: Path) -> None:
    image = image_of([layer_of(tar_of("a"))])
    wrong = replace(image, layers=(_plain(b"junk", Digest.of(b"other")),))
    with pytest.raises(OutsideError, match="the engine gave another layer than it built"):
        kept_layers(wrong, Cache(tmp_path))


def test_an_image_is_taken_out_of_an_engine_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    image = image_of([layer_of(tar_of("a"))])
    taken: list[Image] = []

    def read() -> Image:
        taken.append(image)
        return image

    first = kept_image("sha256:1", read, cache)
    again = kept_image("sha256:1", read, cache)
    assert (again.digest, again.config) == (first.digest, image.config)
    assert check_image(again) == []
    assert len(taken) == 1
    kept_image("sha256:2", read, cache)
    assert len(taken) == 2
    # The cache may lose a part.
    cache.blob_path(first.layers[0].descriptor.digest).unlink()
    assert kept_image("sha256:1", read, cache).digest == first.digest
    assert len(taken) == 3
