"""What is in a base, read from its layers once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bases import debian_base
from tests.images import image_of, layer_of, tar_of_tree
from toolkit.bases.description import InstalledPackage, describe, known_description
from toolkit.cache.store import Cache
from toolkit.oci.image import Layer


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_system_python_and_packages(cache: Cache) -> None:
    image = debian_base({"zlib1g": "1:1.2.13", "dash": "0.5"}, labels={"a": "b"})
    facts = describe(image, cache)
    assert (facts.system, facts.suite, facts.python, facts.libc) == (
        "Debian GNU/Linux 12 (bookworm)",
        "bookworm",
        "3.11.2",
        "glibc 2.36",
    )
    assert facts.packages == (
        InstalledPackage(name="dash", version="0.5"),
        InstalledPackage(name="zlib1g", version="1:1.2.13"),
    )
    assert facts.distributions == ()
    pip = InstalledPackage(name="pip", version="24.0")
    assert describe(debian_base(pip="24.0"), cache).distributions == (pip,)
    assert (facts.platform, facts.user, facts.created, facts.labels) == (
        "linux/amd64",
        "",
        "2026-01-01T00:00:00Z",
        {"a": "b"},
    )
    assert facts.size == sum(layer.descriptor.size for layer in image.layers)
    assert (facts.digest, facts.lacks) == (image.digest, "")


def test_a_base_without_python_is_described_all_the_same(cache: Cache) -> None:
    facts = describe(image_of([layer_of(tar_of_tree({"etc/os-release": b"ID=debian\n"}))]), cache)
    assert (facts.python, facts.libc, facts.system) == ("", "", "debian")
    assert facts.lacks == "the base has no Python on its PATH"


def test_nothing_is_read_twice_and_nothing_fetched_to_know_it(cache: Cache) -> None:
    image = debian_base()

    def gone() -> Iterator[bytes]:
        raise AssertionError("the layers are read again")

    lost = tuple(Layer(descriptor=layer.descriptor, diff_id=layer.diff_id, chunks=gone) for layer in image.layers)
    unread = type(image)(media_type=image.media_type, manifest=image.manifest, config=image.config, layers=lost)
    assert known_description(unread, cache) is None
    facts = describe(image, cache)
    assert known_description(unread, Cache(cache.root)) == facts == describe(unread, Cache(cache.root))
    # One whose layers lie on this disk is read.
    assert known_description(debian_base({"dash": "1"}), cache, here=True) is not None
