from pathlib import Path

import pytest

from tests.debian_archive import COMPRESSIONS, ar_of, data_tar, deb_of
from toolkit.debian.deb import Deb
from toolkit.errors import InputError
from toolkit.limits import DEBIAN_PACKAGE_FILES, DEBIAN_PACKAGE_SIZE, PACKAGE_FILE_SIZE

FIELDS = {"Package": "a", "Version": "1", "Architecture": "amd64"}


def opened(tmp_path: Path, data: bytes) -> Deb:
    path = tmp_path / "a.deb"
    path.write_bytes(data)
    return Deb.open(path, "a.deb")


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_both_tars_are_read_whatever_their_compression(tmp_path: Path, compression: str) -> None:
    deb = opened(tmp_path, deb_of(FIELDS, {"usr/x": b"12"}, {"postinst": "exit 0"}, compression=compression))
    assert deb.control()["postinst"] == b"exit 0"
    with deb.tar("data") as archive:
        assert [(member.name, member.size) for member in deb.files(archive)] == [("./usr", 0), ("./usr/x", 2)]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not an ar archive"),
        (b"!<arch>\nshort", "makes no sense"),
        (ar_of({"debian-binary": b"2.0\n"}), "no control.tar"),
        (ar_of({"control.tar.rar": b"", "data.tar": b""}), "no control.tar"),
        (ar_of({"control.tar": b"x" * 100})[:-50], "ends early"),
        (ar_of({"control.tar": b"x"}).replace(b"1         `", b"-1        `"), "makes no sense"),
    ],
)
def test_a_file_that_is_no_package_is_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        opened(tmp_path, data)


def test_a_package_that_is_cut_off_inside_a_tar_is_refused(tmp_path: Path) -> None:
    whole = data_tar({"usr/x": b"1" * 5000})
    deb = opened(tmp_path, ar_of({"control.tar": data_tar({"control": b"Package: a\n"}), "data.tar": whole[:2500]}))

    def read() -> None:
        with deb.tar("data") as archive:
            for member in deb.files(archive):
                if content := archive.extractfile(member):
                    content.read()

    with pytest.raises(InputError, match=r"data\.tar makes no sense"):
        read()


def test_a_package_without_a_control_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no control file"):
        opened(tmp_path, ar_of({"control.tar": data_tar({"x": b""}), "data.tar": b""})).control()


def test_the_size_and_the_number_of_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deb = opened(tmp_path, deb_of(FIELDS, {"x": b"1" * 100, "y": b"1"}, {}))
    monkeypatch.setenv(DEBIAN_PACKAGE_SIZE.variable, "100")
    with pytest.raises(InputError, match=r"the size of the files of a\.deb exceeds"), deb.tar("data") as archive:
        list(deb.files(archive))
    monkeypatch.delenv(DEBIAN_PACKAGE_SIZE.variable)
    monkeypatch.setenv(DEBIAN_PACKAGE_FILES.variable, "1")
    with pytest.raises(InputError, match=r"the number of files of a\.deb exceeds"), deb.tar("data") as archive:
        list(deb.files(archive))
    monkeypatch.setenv(PACKAGE_FILE_SIZE.variable, "10")
    with pytest.raises(InputError, match=r"the control files of a\.deb exceeds"):
        deb.control()
