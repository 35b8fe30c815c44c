"""A package index of made-up wheels, a target, and an environment in which uv sees nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package_index import PackageIndex, serving_index, small_wheel
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Target


@pytest.fixture
def debian() -> Target:
    """Debian 12 with its own Python."""
    return Target(platform=Platform("linux", "amd64"), version="3.11.2", libc="glibc", libc_version="2.36")


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of uv's for all tests: it spares looking for interpreters."""
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture
def quiet_uv(tmp_path: Path, uv_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide this machine's settings of uv and pip from uv."""
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("UV_CACHE_DIR", str(uv_cache))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "netrc").touch(mode=0o600)


@pytest.fixture
def index(quiet_uv: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """An index that uv uses instead of the ordinary one: alpha 1.0 and 2.0, and beta, which needs alpha<2."""
    del quiet_uv
    files = {
        "alpha-1.0-py3-none-any.whl": small_wheel("alpha", "1.0"),
        "alpha-2.0-py3-none-any.whl": small_wheel("alpha", "2.0"),
        "beta-1.5-py3-none-any.whl": small_wheel("beta", "1.5", requires="alpha<2"),
    }
    with serving_index(PackageIndex(files)) as served:
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.url)
        yield served
