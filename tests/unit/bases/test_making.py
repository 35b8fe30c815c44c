"""Bases of a small archive: what is in them, and that equal packages give one image."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.bases import base_archive
from tests.debian_archive import DebianArchive, serving_archive
from toolkit.bases.making import PACKAGES, make_base, packages_now
from toolkit.bases.recipe import Recipe
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.oci.check import check_image
from toolkit.oci.contents import layer_tar
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, ImageIndex
from toolkit.python.base import read_facts

AMD64 = Platform("linux", "amd64")
BOOKWORM = Recipe(suite="bookworm")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DebianArchive]:
    with serving_archive(base_archive(tmp_path / "archive")) as archive:
        yield archive


@pytest.fixture
def context(tmp_path: Path, archive: DebianArchive) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ=archive.environ)


def made(recipe: Recipe, context: BuildContext) -> Image:
    built = make_base(recipe, [AMD64], context)
    assert isinstance(built, Image)
    assert check_image(built) == []
    return built


def members(image: Image) -> dict[str, tarfile.TarInfo]:
    with layer_tar(image.layers[0]) as tar:
        return {member.name.rstrip("/"): member for member in tar}


def test_a_base_that_components_can_stand_on(context: BuildContext, tmp_path: Path) -> None:
    image = made(BOOKWORM, context)
    facts = read_facts(image, Cache(tmp_path / "other"))
    assert (facts.python, facts.version) == ("/usr/bin/python3.11", "3.11.2")
    assert (facts.libc, facts.os_id) == ("glibc", "debian")
    config = image.parsed_config()
    assert config["config"]["Cmd"] == ["python3"]
    assert config["config"]["Labels"] == {"dev.comp.base.suite": "bookworm", "dev.comp.base.packages": ""}
    # The time of the newest file in the packages.
    assert config["created"] == "2023-11-14T22:13:20Z"


def test_what_scripts_would_have_made_is_there(context: BuildContext) -> None:
    image = made(BOOKWORM, context)
    found = members(image)
    assert {name: found[name].linkname for name in ("bin", "sbin", "lib", "lib64")} == {
        "bin": "usr/bin",
        "sbin": "usr/sbin",
        "lib": "usr/lib",
        "lib64": "usr/lib64",
    }
    assert found["usr/bin/sh"].linkname == "dash"
    assert (found["tmp"].mode, found["var/tmp"].mode, found["dev"].type) == (0o1777, 0o1777, tarfile.DIRTYPE)
    assert {"etc/passwd", "etc/group", "proc", "sys", "var/lib/dpkg/status.d/libc6"} <= found.keys()
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.layers[0].chunks()))) as tar:
        bundle = tar.extractfile("etc/ssl/certs/ca-certificates.crt")
        assert bundle
        assert bundle.read() == b"A\nB\n"
    assert {member.mtime for member in found.values()} == {315532800}
    # Of those that provide awk, no other comes.
    assert not [name for name in found if "gawk" in name]


def test_equal_packages_give_one_image_on_any_machine(context: BuildContext, tmp_path: Path) -> None:
    image = made(BOOKWORM, context)
    elsewhere = replace(context, cache=Cache(tmp_path / "elsewhere"))
    again = made(BOOKWORM, elsewhere)
    assert again.digest == image.digest
    assert b"".join(again.layers[0].chunks()) == b"".join(image.layers[0].chunks())
    more = made(Recipe(suite="bookworm", packages=("gawk",)), elsewhere)
    assert more.digest != image.digest
    assert "var/lib/dpkg/status.d/gawk" in members(more)


def test_several_platforms_are_one_index(tmp_path: Path) -> None:
    arm = Platform("linux", "arm64")
    with serving_archive(base_archive(tmp_path / "archive", "amd64", "arm64")) as archive:
        context = BuildContext(cache=Cache(tmp_path / "cache"), environ=archive.environ)
        built = make_base(BOOKWORM, [arm, AMD64, arm], context)
    assert isinstance(built, ImageIndex)
    assert [str(image.platform) for image in built.images] == ["linux/arm64", "linux/amd64"]
    assert ["lib64" in members(image) for image in built.images] == [False, True]


def test_a_platform_that_is_missing_is_found_before_anything_is_made(
    archive: DebianArchive, context: BuildContext
) -> None:
    with pytest.raises(InputError, match="no packages for linux/riscv64"):
        make_base(BOOKWORM, [AMD64, Platform("linux", "riscv64")], context)
    assert archive.site
    assert not [path for path, _ in archive.site.asked if path.endswith(".deb")]


def test_what_debian_does_not_have(context: BuildContext) -> None:
    with pytest.raises(InputError, match="no Debian package is called 'gawkk'") as refused:
        make_base(Recipe(suite="bookworm", packages=("gawkk",)), [AMD64], context)
    assert refused.value.hint == "did you mean 'gawk'?"
    with pytest.raises(InputError, match=r"Debian bookworm has Python 3\.11, not 3\.13") as refused:
        make_base(BOOKWORM, [AMD64], context, python="3.13")
    assert str(refused.value.hint).startswith("bullseye has 3.9, bookworm has 3.11, trixie has 3.13; ")


def test_the_packages_are_known_without_fetching_them(archive: DebianArchive, context: BuildContext) -> None:
    packages = {package.name: package.version for package in packages_now(BOOKWORM, AMD64, context)}
    assert packages.keys() == {*PACKAGES, "libc6", "libssl3", "python3.11-minimal"}
    assert archive.site
    assert not [path for path, _ in archive.site.asked if path.endswith(".deb")]
