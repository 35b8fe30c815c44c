"""Builds in the jail of this machine."""

import os
import zipfile

import pytest

from tests.building import build_source, source_of
from tests.package_index import PackageIndex
from toolkit.cache.store import Cache
from toolkit.python.target import Target


def test_a_compiler_gets_the_flags_of_python_itself(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flags() -> bytes:
        source = source_of(index, debian, "native", tag="cp311-cp311-linux_x86_64", mark="flags")
        kept = Cache(cache.root / os.environ.get("CFLAGS", "none"))
        with zipfile.ZipFile(kept.blob_path(build_source(source, debian, kept).digest)) as wheel:
            return wheel.read("native/native.so").removeprefix(b"\x7fELF")

    own = flags().decode()
    assert "-O" in own
    assert own.endswith(" -g0")
    monkeypatch.setenv("CFLAGS", "-march=native")
    assert flags() == b"-march=native -g0"
