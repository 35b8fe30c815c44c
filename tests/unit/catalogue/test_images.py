import logging
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.catalogues import small_registry
from toolkit.catalogue.images import ImageFacts, Images, Layer
from toolkit.errors import RemoteError

BASE, TOP = Layer(digest="sha256:" + "a" * 64, size=30_000_000), Layer(digest="sha256:" + "b" * 64, size=1_000)


def facts(*layers: Layer) -> ImageFacts:
    """Return the facts about an image of these layers."""
    return ImageFacts(platforms=("linux/amd64",), created="2026-01-01T00:00:00Z", base="", layers=layers)


def test_an_image_is_read_once_and_kept(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)
    entries = list(registry.entries())
    asked = []

    def read(image: str) -> ImageFacts:
        asked.append(image)
        return facts(BASE, TOP)

    images = Images({})
    images.update(registry, entries, read)
    assert len(asked) == 3
    again = Images.from_bytes(images.to_bytes())
    again.update(registry, entries, read)
    assert len(asked) == 3
    # Offline, what is known stays.
    again.update(registry, entries, None)
    assert again.facts(entries[0]) == facts(BASE, TOP)
    # A component that is gone is forgotten.
    again.update(registry, entries[1:], None)
    assert again.facts(entries[0]) is None


def test_packages_are_read_of_an_image_whose_layers_are_known(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)
    entries = list(registry.entries())[:1]
    asked = []

    def read(image: str) -> ImageFacts:
        asked.append(image)
        return replace(facts(BASE), packages=())

    images = Images({entries[0].digest: facts(BASE)})
    before = images.key(entries[0])
    images.update(registry, entries, read)
    assert asked == []
    images.update(registry, entries, read, packages=True)
    # An image without packages is asked once too.
    images.update(registry, entries, read, packages=True)
    assert len(asked) == 1
    assert images.key(entries[0]) != before


def test_components_share_layers(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)
    entries = list(registry.entries())
    images = Images({})
    images.update(registry, entries, lambda image: facts(BASE, TOP) if "train" in image else facts(BASE))
    assert [entry.name for entry in entries] == ["data/load-table", "ml/score", "ml/train-model"]
    assert images.others(entries[0], BASE) == (["ml/score", "ml/train-model"], False)
    assert images.others(entries[2], TOP) == ([], False)
    keys = [images.key(entry) for entry in entries]
    images.update(registry, entries[:2], None)
    assert images.key(entries[0]) != keys[0]


def test_an_image_that_cannot_be_read_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry = small_registry(tmp_path)

    def read(image: str) -> ImageFacts:
        raise RemoteError(f"{image} is gone", status=404)

    images = Images({})
    with caplog.at_level(logging.WARNING):
        images.update(registry, registry.entries(), read)
    assert "the image of ml/score cannot be read" in caplog.text
    assert images.key(next(registry.entries())) == ""


def test_facts_that_cannot_be_read_are_read_again() -> None:
    assert Images.from_bytes(b"[").to_bytes() == b"{}"
    assert Images.from_bytes(None).to_bytes() == b"{}"
