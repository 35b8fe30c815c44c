"""Where the copies of images go."""

from collections.abc import Iterator

import pytest

from tests.images import image_of
from toolkit.errors import InputError, UsageError
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.image import Image, ImageIndex
from toolkit.oci.reference import Reference
from toolkit.registry.publishing.mirrored_images import ImageMirror, check_prefix
from toolkit.remote.copying import Document, read_as_document

IMAGE = image_of([])
DIGEST = str(IMAGE.digest)


class Place:
    """A place that has one image under every name but `gone`, and notes what it is asked and given."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.written: set[str] = set()

    def document(self, image: Reference) -> Document:
        self.read.append(str(image))
        if image.repository.endswith("gone"):
            raise InputError(f"{image} is gone")
        return read_as_document(IMAGE.manifest, image)

    def chunks(self, image: Reference, blob: Descriptor) -> Iterator[bytes]:
        del image, blob
        yield IMAGE.config

    def has(self, image: Reference) -> bool:
        return str(image) in self.written

    def put(self, built: Image | ImageIndex, place: Reference, name: str | None) -> None:
        assert name
        self.written.add(str(place.with_digest(built.digest)))


def test_each_image_is_copied_once_below_the_prefix() -> None:
    source, target = Place(), Place()
    mirror = ImageMirror(source=source, target=target, prefix="inner.example/m")
    for _ in range(2):
        assert mirror.copy("python:3.11", {}) == f"inner.example/m/docker.io/library/python@{DIGEST}"
        assert mirror.copy(f"localhost:5000/a/b@{DIGEST}", {}) == f"inner.example/m/localhost-5000/a/b@{DIGEST}"
    assert source.read == ["docker.io/library/python:3.11", f"localhost:5000/a/b@{DIGEST}"]


def test_a_copy_that_the_source_has_is_read_in_place_of_the_original() -> None:
    source = Place()
    mirror = ImageMirror(source=source, target=Place(), prefix="inner.example/m")
    known = {"a/b:1": f"outer.example/copies/b@{DIGEST}"}
    assert mirror.copy("a/b:1", known) == f"inner.example/m/docker.io/a/b@{DIGEST}"
    assert source.read == [f"outer.example/copies/b@{DIGEST}"]


def test_a_dry_run_finds_what_is_missing_and_copies_nothing() -> None:
    source, target = Place(), Place()
    mirror = ImageMirror(source=source, target=target, prefix="inner.example/m", dry_run=True)
    assert mirror.copy("a/b:1", {}) == f"inner.example/m/docker.io/a/b@{DIGEST}"
    with pytest.raises(InputError, match="is gone"):
        mirror.copy("h.example/gone:1", {})
    assert not target.written


def test_a_layout_has_images_by_their_own_names() -> None:
    target = Place()
    assert ImageMirror(source=Place(), target=target).copy(f"h.example/a/b@{DIGEST}", {}) is None
    assert [*target.written] == [f"h.example/a/b@{DIGEST}"]


def test_an_image_that_is_gone_is_asked_for_once() -> None:
    source = Place()
    mirror = ImageMirror(source=source, target=Place(), prefix="inner.example/m")
    for _ in range(2):
        with pytest.raises(InputError, match="is gone"):
            mirror.copy("h.example/gone:1", {})
    assert len(source.read) == 1


def test_which_texts_are_prefixes() -> None:
    assert check_prefix("oci://inner.example/m/") == "inner.example/m"
    assert check_prefix("localhost:5000") == "localhost:5000"
    for text in ("m", "Inner/M", "https://inner.example/m", ""):
        with pytest.raises(UsageError, match="is not a place for images"):
            check_prefix(text)
