"""A base made of the packages on Debian's servers, and a resolution against the ordinary index for it."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from tests.bases import make_debian_base
from tests.commands import comp
from tests.package_index import HERE, resolved
from toolkit.bases.description import describe
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform, host_platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout
from toolkit.progress import silent
from toolkit.python.base import read_facts
from toolkit.python.target import Target
from toolkit.requirements.fetch import fetch_wheels


@pytest.fixture(scope="module")
def image(debian_base: Path) -> Image:
    return read_layout(debian_base, platform=host_platform())


@pytest.fixture(scope="module")
def members(image: Image) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(_unpacked(image))) as archive:
        return {member.name: member for member in archive}


def _unpacked(image: Image) -> bytes:
    (layer,) = image.layers
    return gzip.decompress(b"".join(layer.chunks()))


def test_the_image_is_sound(image: Image) -> None:
    assert check_image(image) == []
    config = image.parsed_config()
    assert config["config"]["Cmd"] == ["python3"]
    assert config["architecture"] == host_platform().architecture


def test_its_facts_are_those_of_debian(image: Image, tmp_path: Path) -> None:
    facts = read_facts(image, Cache(tmp_path))
    assert (facts.python, facts.minor, facts.libc, facts.libc_version) == (
        "/usr/bin/python3.11",
        "3.11",
        "glibc",
        "2.36",
    )
    assert (facts.os_id, facts.os_version, facts.user) == ("debian", "12", "")


def test_what_scripts_would_have_made_is_there(members: dict[str, tarfile.TarInfo], image: Image) -> None:
    merged = {name: members[name].linkname for name in ("bin", "sbin", "lib")}
    assert merged == {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib"}
    assert members["usr/bin/sh"].linkname == "dash"
    assert members["tmp"].mode == 0o1777
    assert {"etc/passwd", "etc/group", "etc/os-release", "usr/bin/env"} <= members.keys()
    with tarfile.open(fileobj=io.BytesIO(_unpacked(image))) as archive:
        bundle = archive.extractfile("etc/ssl/certs/ca-certificates.crt")
        assert bundle
        assert bundle.read().count(b"-----BEGIN CERTIFICATE-----") > 100


def test_nothing_of_this_machine_or_moment_is_in_it(members: dict[str, tarfile.TarInfo]) -> None:
    assert {member.mtime for member in members.values()} == {315532800}
    assert not [name for name in members if name.startswith(("var/cache/", "var/log/", "var/lib/apt/", "dev/"))]
    assert not members.keys() & {"etc/machine-id", "etc/hostname", "etc/resolv.conf", "etc/apt/sources.list"}


def test_it_says_what_is_installed_and_under_which_licence(members: dict[str, tarfile.TarInfo], image: Image) -> None:
    records = {name.rpartition("/")[2] for name in members if name.startswith("var/lib/dpkg/status.d/")}
    assert {"python3", "libc6", "base-files"} <= records
    with tarfile.open(fileobj=io.BytesIO(_unpacked(image))) as archive:
        record = archive.extractfile("var/lib/dpkg/status.d/libc6")
        assert record
        assert record.read().startswith(b"Package: libc6\nSource: glibc\nVersion: 2.36-")
    documents = {name for name in members if name.startswith("usr/share/doc/")}
    assert all(name.endswith("/copyright") for name in documents if members[name].isreg())
    # A folder of its own, or a link to that of another package.
    assert {f"usr/share/doc/{name}" for name in records} <= documents


def test_made_again_it_is_the_same(image: Image, tmp_path: Path, cache_folder: Path) -> None:
    again = make_debian_base(tmp_path / "again", cache=cache_folder)
    now = describe(again.images[0], Cache(tmp_path / "cache"))
    kept = describe(image, Cache(tmp_path / "cache"))
    if (now.packages, now.labels) != (kept.packages, kept.labels):
        pytest.skip("COMP_TEST_BASE keeps a base of older packages than Debian has now")
    assert again.digest == image.digest
    assert _unpacked(again.images[0]) == _unpacked(image)


def test_a_suite_of_every_age_and_another_architecture(tmp_path: Path, cache_folder: Path) -> None:
    env = os.environ | {"COMP_CACHE_DIR": str(cache_folder)}
    place = f"layout:{tmp_path / 'trixie'}"
    made = comp("base", "--python", "3.13", "--platform", "linux/arm64", "--output", place, env=env)
    assert (made.code, made.out) == (0, f"{place}\n"), made.err
    arm = read_layout(tmp_path / "trixie", platform=Platform("linux", "arm64"))
    facts = read_facts(arm, Cache(tmp_path / "cache"))
    assert (facts.minor, facts.libc_version) == ("3.13", "2.41")
    assert check_image(arm) == []


def test_an_unknown_package_is_named(tmp_path: Path, cache_folder: Path) -> None:
    env = os.environ | {"COMP_CACHE_DIR": str(cache_folder)}
    place = f"layout:{tmp_path / 'base'}"
    result = comp("base", "--packages", "no-such-package", "--output", place, env=env)
    assert (result.code, result.out) == (1, "")
    assert "error: no Debian package is called 'no-such-package'" in result.err
    assert [*tmp_path.iterdir()] == []


def test_real_packages_resolve_and_fetch_for_it(image: Image, tmp_path: Path, cache_folder: Path) -> None:
    target = Target.of(host_platform(), read_facts(image, Cache(tmp_path)))
    pins = resolved(["numpy<3", "pandas>=2", "scikit-learn"], target)
    assert {"numpy", "pandas", "scikit-learn", "scipy", "joblib", "python-dateutil"} <= {pin.name for pin in pins}
    assert all(target.rank(pin.filename) is not None for pin in pins)
    small = [pin for pin in pins if pin.name in {"joblib", "python-dateutil"}]
    for wheel in fetch_wheels(small, target, Cache(cache_folder), silent, indexes=HERE):
        assert Digest.of(wheel.path.read_bytes()) == wheel.digest
