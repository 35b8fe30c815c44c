import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.debian_archive import DebianArchive, debian_image, serving_archive
from toolkit.cache.store import Cache
from toolkit.debian.adding import choose, index_for, with_packages
from toolkit.debian.fetching import Mirrors
from toolkit.debian.package import Package
from toolkit.errors import InputError, OutsideError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.progress import silent

AMD64 = Platform("linux", "amd64")


class Adder:
    """Adds packages of an archive to bases."""

    def __init__(self, archive: DebianArchive, cache: Cache) -> None:
        self.archive, self.cache = archive, cache
        self.notices: list[str] = []

    def mirrors(self) -> Mirrors:
        return Mirrors(self.cache, self.archive.environ, silent)

    def choose(self, image: Image, *wanted: str) -> tuple[Package, ...]:
        return choose(image, wanted, self.cache, lambda system: index_for(system, AMD64, self.mirrors(), self.cache))

    def add(self, image: Image, packages: tuple[Package, ...], *wanted: str) -> Image:
        names = wanted or tuple(package.name for package in packages)
        return with_packages(image, packages, names, self.cache, self.mirrors, self.notices.append)


@pytest.fixture
def adder(tmp_path: Path) -> Iterator[Adder]:
    archive = DebianArchive(folder=tmp_path / "archive")
    archive.add("a", Depends="libc6, b", files={"usr/bin/a": b"a"}, scripts={"postinst": "adduser x"})
    archive.add("b", files={"lib/b.so": b"b"})
    archive.publish()
    with serving_archive(archive):
        yield Adder(archive, Cache(tmp_path / "cache"))


def test_packages_become_one_layer_that_is_made_once(adder: Adder) -> None:
    image = debian_image()
    packages = adder.choose(image, "a")
    assert [*map(str, packages)] == ["a 1.0-1", "b 1.0-1"]
    derived = adder.add(image, packages)
    assert derived.layers[:-1] == image.layers
    assert check_image(derived) == []
    with tarfile.open(fileobj=io.BytesIO(b"".join(derived.layers[-1].chunks()))) as tar:
        assert {"usr/bin/a", "usr/lib/b.so"} <= set(tar.getnames())
    assert derived.parsed_config()["history"][-1]["created_by"] == "comp: Debian packages, unpacked: a b"
    assert adder.notices == ["a: its users or groups are not added"]
    assert adder.archive.site
    adder.archive.site.news()
    assert adder.add(image, packages[::-1]).digest == derived.digest
    assert (adder.archive.site.news(), len(adder.notices)) == ([], 1)


def test_a_layer_that_was_pruned_is_made_again(adder: Adder) -> None:
    image = debian_image()
    packages = adder.choose(image, "b")
    derived = adder.add(image, packages)
    adder.cache.blob_path(derived.layers[-1].descriptor.digest).unlink()
    again = adder.add(image, packages)
    assert again.digest == derived.digest
    assert b"".join(again.layers[-1].chunks())


def test_a_base_that_has_the_packages_stays_as_it_is(adder: Adder) -> None:
    image = debian_image(packages=("libc6", "b"))
    assert adder.choose(image, "b") == ()
    assert adder.add(image, ()) is image


def test_a_file_that_the_mirror_no_longer_has_is_an_error_with_a_way_out(adder: Adder) -> None:
    image = debian_image()
    packages = adder.choose(image, "b")
    for path in adder.archive.folder.rglob("b_*.deb"):
        path.unlink()
    with pytest.raises(OutsideError, match=r"cannot fetch b_1.0-1_amd64.deb") as caught:
        adder.add(image, packages)
    assert "`comp lock --upgrade`" in (caught.value.hint or "")
    assert "server of snapshots" in (caught.value.hint or "")


def test_a_mirror_that_is_down_when_a_file_is_fetched_is_named_with_a_way_out(adder: Adder) -> None:
    packages = adder.choose(debian_image(), "b")
    assert adder.archive.site
    adder.archive.site = replace(adder.archive.site, address="http://127.0.0.1:9")
    with pytest.raises(OutsideError, match=r"cannot connect to 127\.0\.0\.1:9") as caught:
        adder.add(debian_image(), packages)
    assert (caught.value.hint or "").endswith("; COMP_DEBIAN_MIRROR=http://… names another mirror")


def test_a_file_with_other_content_is_refused(adder: Adder) -> None:
    image = debian_image()
    packages = adder.choose(image, "b")
    for path in adder.archive.folder.rglob("b_*.deb"):
        path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(OutsideError, match=r"b_1.0-1_amd64.deb"):
        adder.add(image, packages)


def test_a_base_that_does_not_say_what_it_has_is_refused(adder: Adder) -> None:
    with pytest.raises(InputError, match="does not say which Debian packages it has"):
        adder.choose(debian_image(packages=()), "b")


def test_packages_are_those_that_are_wanted_and_no_more(adder: Adder) -> None:
    image = debian_image()
    (a, b) = adder.choose(image, "a")
    assert adder.add(image, (a, b), "a").digest
    # Also where the layer is there already, for others who want both.
    assert adder.add(image, (a, b), "a", "b").digest
    with pytest.raises(InputError, match=r"nothing that is asked for needs a 1\.0-1, pinned"):
        adder.add(image, (a, b), "b")
    with pytest.raises(InputError, match="the Debian package a is asked for and not pinned"):
        adder.add(image, (b,), "a")
    with pytest.raises(InputError, match=r"the Debian package a \(= 2\) is asked for"):
        adder.add(image, (a, b), "a=2")
    with pytest.raises(InputError, match="is asked for and not pinned"):
        adder.add(image, (), "a")
