"""Environments of this machine, made once for the same requirements."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.package_index import HERE, PackageIndex, small_wheel
from tests.projects import sdist
from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.requirements.environment import environment_python

_MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def _imports(python: Path, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], check=False, capture_output=True).returncode == 0


def test_it_is_made_once_and_used_again(index: PackageIndex, cache: Cache) -> None:
    first = environment_python(cache, python=_MINOR, requirements=["beta"], indexes=HERE)
    assert _imports(first, "alpha, beta")
    index.requests.clear()
    assert environment_python(cache, python=_MINOR, requirements=["beta"], indexes=HERE) == first
    assert index.requests == []
    assert environment_python(cache, python=_MINOR, requirements=["alpha"], indexes=HERE) != first


def test_one_whose_interpreter_is_gone_is_made_again(index: PackageIndex, cache: Cache) -> None:
    assert index.port
    first = environment_python(cache, python=_MINOR, requirements=["alpha"], indexes=HERE)
    first.unlink()
    assert _imports(environment_python(cache, python=_MINOR, requirements=["alpha"], indexes=HERE), "alpha")


def test_local_wheels_are_installed_beside_those_of_the_index(
    index: PackageIndex, cache: Cache, tmp_path: Path
) -> None:
    assert index.port
    near = tmp_path / "blob"
    near.write_bytes(small_wheel("near", "1.0", requires="alpha"))
    wheels = {"near-1.0-py3-none-any.whl": near}
    python = environment_python(cache, python=_MINOR, requirements=["near==1.0"], indexes=HERE, wheels=wheels)
    assert _imports(python, "near, alpha")


def test_nothing_is_built(index: PackageIndex, cache: Cache) -> None:
    index.files["made-1.0.tar.gz"] = sdist("made")
    with pytest.raises(OutsideError, match="uv could not make the environment") as caught:
        environment_python(cache, python=_MINOR, requirements=["made"], indexes=HERE)
    assert "only wheels are installed" in str(caught.value.hint)
    assert not (cache.root / "environments").exists()


def test_other_indexes_are_another_environment(index: PackageIndex, cache: Cache) -> None:
    first = environment_python(cache, python=_MINOR, requirements=["alpha"], indexes=HERE)
    other = replace(HERE, options=(f"--extra-index-url {index.url}",))
    assert environment_python(cache, python=_MINOR, requirements=["alpha"], indexes=other) != first
