"""A base from Debian packages, made by a program of that name that writes a small tar."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tests.images import tar_of_tree
from toolkit.engines.mmdebstrap import make_debian_base
from toolkit.errors import OutsideError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, ImageIndex

_PROGRAM = """#!/bin/sh
echo "$*" >> "{folder}/asked"
cat "{folder}/packages.tar"
{end}
"""
_FILES = {
    "./usr": None,
    "./usr/bin/python3": b"program",
    "./usr/share/ca-certificates/a/b.crt": b"certificate\n",
    "./usr/share/doc/x": b"left out",
    "./usr/share/doc/python3/copyright": b"License: PSF-2\n",
    "./usr/share/doc/python3/changelog.gz": b"left out",
    "./usr/share/doc/python3.11": "python3",
    "./var/lib/dpkg/status.d/python3": b"Package: python3\n",
    "./etc/hostname": b"this machine\n",
    "./bin": "usr/bin",
}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the program, and what it prints."""
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "packages.tar").write_bytes(tar_of_tree(_FILES))
    _write(folder, "")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def _write(folder: Path, end: str) -> None:
    program = folder / "mmdebstrap"
    program.write_text(_PROGRAM.format(folder=folder, end=end))
    program.chmod(0o755)


def _members(image: Image) -> dict[str, tarfile.TarInfo]:
    data = gzip.decompress(b"".join(image.layers[0].chunks()))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: member for member in archive}


def test_an_image_has_the_packages_and_what_their_scripts_would_make(packages: Path, tmp_path: Path) -> None:
    image = make_debian_base(tmp_path / "base", suite="trixie", packages=["git"])
    assert isinstance(image, Image)
    assert check_image(image) == []
    members = _members(image)
    assert {"usr/bin/python3", "bin", "etc/passwd", "etc/group", "tmp", "proc"} <= members.keys()
    assert not {"usr/share/doc/x", "usr/share/doc/python3/changelog.gz", "etc/hostname"} & members.keys()
    # What is installed, and under which licence.
    assert {"usr/share/doc/python3/copyright", "var/lib/dpkg/status.d/python3"} <= members.keys()
    assert members["usr/share/doc/python3.11"].linkname == "python3"
    assert members["etc/ssl/certs/ca-certificates.crt"].size == len(b"certificate\n")
    assert {member.mtime for member in members.values()} == {315532800}
    assert members["tmp"].mode == 0o1777
    asked = (packages / "asked").read_text()
    assert ",git " in asked
    assert asked.endswith("trixie -\n")


def test_several_platforms_give_an_index(packages: Path, tmp_path: Path) -> None:
    platforms = [Platform("linux", "amd64"), Platform("linux", "arm64")]
    built = make_debian_base(tmp_path / "base", platforms=platforms)
    assert isinstance(built, ImageIndex)
    assert [image.platform for image in built.images] == platforms
    lines = (packages / "asked").read_text().splitlines()
    assert "--architectures=arm64" in lines[1]
    # Only amd64 has a lib64.
    assert ("lib64" in lines[0], "lib64" in lines[1]) == (True, False)


def test_the_same_packages_give_the_same_image(packages: Path, tmp_path: Path) -> None:
    del packages
    first, second = (make_debian_base(tmp_path / name) for name in ("a", "b"))
    assert first.digest == second.digest
    # A folder that is there already is replaced.
    assert make_debian_base(tmp_path / "a").digest == first.digest


@pytest.mark.parametrize("garbage", [False, True])
def test_a_failure_has_the_last_lines_and_leaves_nothing(packages: Path, tmp_path: Path, *, garbage: bool) -> None:
    if garbage:
        (packages / "packages.tar").write_bytes(b"no tar")
    _write(packages, "echo E: unable to fetch >&2; exit 1")
    with pytest.raises(OutsideError, match="mmdebstrap failed: E: unable to fetch"):
        make_debian_base(tmp_path / "sub" / "base")
    assert not (tmp_path / "sub").exists()


def test_without_mmdebstrap_the_error_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError, match="mmdebstrap is not installed") as caught:
        make_debian_base(tmp_path / "base")
    assert "apt-get install mmdebstrap" in str(caught.value.hint)
