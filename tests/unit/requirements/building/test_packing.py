"""The one form of built wheels."""

import io
import zipfile
from pathlib import Path

import pytest

from tests.building import build_source, source_of
from tests.package_index import PackageIndex
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.python.target import Target
from toolkit.requirements.building.packing import is_pure, newest_glibc, repacked


def test_members_are_in_order_and_modes_are_kept(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pin = build_source(source_of(index, debian, "plain"), debian, cache)
    with zipfile.ZipFile(cache.blob_path(pin.digest)) as wheel:
        infos = wheel.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}


def _wheel(path: Path, members: dict[str, tuple[bytes, int]], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, (data, mode) in members.items():
            info = zipfile.ZipInfo(name, (2020, 2, 2, 2, 2, 2))
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return path


def test_equal_content_has_equal_bytes(tmp_path: Path) -> None:
    members = {"b": (b"1", 0o100755), "a": (b"2", 0o100600), "c/": (b"", 0o40755)}
    first = b"".join(repacked(_wheel(tmp_path / "x.whl", members)))
    backwards = dict(reversed(members.items()))
    assert b"".join(repacked(_wheel(tmp_path / "x.whl", backwards, zipfile.ZIP_STORED))) == first
    with zipfile.ZipFile(io.BytesIO(first)) as wheel:
        modes = {info.filename: info.external_attr >> 16 for info in wheel.infolist()}
    assert modes == {"a": 0o100644, "b": 0o100755}


def test_content_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_BUILD_FILE", "1000")
    wheel = _wheel(tmp_path / "x.whl", {"a": (b"0" * 1001, 0o100644)})
    with pytest.raises(InputError, match=r"the content of x\.whl exceeds the limit"):
        list(repacked(wheel))


def test_the_newest_glibc_is_found_across_chunks(tmp_path: Path) -> None:
    # The name lies across the end of a chunk of one MiB.
    library = b"GLIBC_2.4\0" + b"\0" * ((1 << 20) - 15) + b"GLIBC_2.31\0GLIBC_2.17\0"
    members = {"a/x.so.1": (library, 0o100644), "a/notes.txt": (b"GLIBC_2.99", 0o100644)}
    assert newest_glibc(_wheel(tmp_path / "x.whl", members)) == 31
    assert newest_glibc(_wheel(tmp_path / "x.whl", {"a.py": (b"", 0o100644)})) == 0


@pytest.mark.parametrize(
    ("filename", "pure"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-cp311-abi3-any.whl", False),
        ("a-1-py3-none-linux_x86_64.whl", False),
        ("a", False),
    ],
)
def test_a_pure_wheel_runs_everywhere(filename: str, *, pure: bool) -> None:
    assert is_pure(filename) == pure
