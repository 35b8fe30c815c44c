"""A base made by the real mmdebstrap from Debian's servers, and a resolution against the ordinary index for it."""

import io
import tarfile
import zlib
from pathlib import Path

import pytest

from tests.commands import comp
from tests.package_index import HERE, resolved
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.engines.mmdebstrap import make_debian_base
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import host_platform
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
    return zlib.decompress(b"".join(layer.chunks()), 31)


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


def test_made_again_it_is_the_same(image: Image, tmp_path: Path) -> None:
    again = make_debian_base(tmp_path / "again")
    assert again.digest == image.digest
    assert _unpacked(again.images[0]) == _unpacked(image)


def test_the_command_reuses_what_is_there(debian_base: Path, tmp_path: Path) -> None:
    result = comp("base", "--output", f"layout:{debian_base}")
    assert (result.code, result.out) == (0, f"layout:{debian_base.resolve()}\n")
    (tmp_path / "file").write_text("mine")
    refused = comp("base", "--output", f"layout:{tmp_path}")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"error: {tmp_path} exists and is not an image layout")
    assert (tmp_path / "file").read_text() == "mine"


def test_an_unknown_package_is_told(tmp_path: Path) -> None:
    result = comp("base", "--packages", "no-such-package", "--output", f"layout:{tmp_path / 'base'}")
    assert (result.code, result.out) == (3, "")
    assert "error: mmdebstrap failed: " in result.err
    assert "no-such-package" in result.err
    assert [*tmp_path.iterdir()] == []


def test_without_mmdebstrap_the_way_out_is_told(tmp_path: Path) -> None:
    result = comp("base", "--output", f"layout:{tmp_path / 'base'}", env={"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        "error: mmdebstrap is not installed\n\nhint: apt-get install mmdebstrap, or name another base\n"
    )


def test_real_packages_resolve_and_fetch_for_it(image: Image, tmp_path: Path, cache_folder: Path) -> None:
    target = Target.of(host_platform(), read_facts(image, Cache(tmp_path)))
    pins = resolved(["numpy<3", "pandas>=2", "scikit-learn"], target)
    assert {"numpy", "pandas", "scikit-learn", "scipy", "joblib", "python-dateutil"} <= {pin.name for pin in pins}
    assert all(target.rank(pin.filename) is not None for pin in pins)
    small = [pin for pin in pins if pin.name in {"joblib", "python-dateutil"}]
    for wheel in fetch_wheels(small, target, Cache(cache_folder), silent, indexes=HERE):
        assert Digest.of(wheel.path.read_bytes()) == wheel.digest
