"""Wheels of source distributions and of folders, built once and the same again."""

import os
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.building import build_folder, build_source, rebuild, source_of
from tests.package_index import HERE, PackageIndex, resolved, small_wheel
from tests.projects import project, sdist
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, LostError, OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.progress import silent
from toolkit.python.target import Target
from toolkit.requirements.building.project_files import folder_digest
from toolkit.requirements.fetch import fetch_wheels
from toolkit.requirements.pin import Pin, Source
from toolkit.wheels.wheel import Wheel, open_wheel


def test_a_source_distribution_is_built_once_and_the_same_again(
    index: PackageIndex, debian: Target, cache: Cache, tmp_path: Path
) -> None:
    source = source_of(index, debian, "plain")
    pin = build_source(source, debian, cache)
    assert (pin.name, pin.version, pin.filename) == ("plain", "1.0", "plain-1.0-py3-none-any.whl")
    assert pin.source
    assert (pin.source.name, pin.source.digest) == ("plain-1.0.tar.gz", source.digest)
    path = cache.blob_path(pin.digest)
    wheel = Wheel(filename=pin.filename, digest=pin.digest, path=path, size=path.stat().st_size)
    with open_wheel(wheel) as opened:
        assert [member.name for member in opened.members][:2] == [
            "plain-1.0.dist-info/METADATA",
            "plain-1.0.dist-info/RECORD",
        ]
    index.requests.clear()
    # A pure wheel is for every platform.
    arm = replace(debian, platform=Platform("linux", "arm64"), version="3.12.1")
    assert build_source(source, arm, cache) == pin
    assert index.requests == []
    assert build_source(source, debian, Cache(tmp_path / "other")) == pin
    assert fetch_wheels([pin], debian, cache, silent, indexes=HERE)[0].digest == pin.digest


def test_what_the_cache_lost_is_built_again_and_compared(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pin = build_source(source_of(index, debian, "plain"), debian, cache)
    cache.blob_path(pin.digest).unlink()
    rebuild(pin, debian, cache)
    assert cache.has_blob(pin.digest)
    with pytest.raises(InputError, match="builds to another wheel here than the lock says"):
        rebuild(replace(pin, digest=Digest("0" * 64)), debian, cache)
    index.files["plain-1.0.tar.gz"] = sdist("plain", mark="other")
    with pytest.raises(OutsideError, match=r"the index has no plain-1\.0\.tar\.gz with sha256 .*; it offers"):
        rebuild(pin, debian, Cache(cache.root / "other"))


@pytest.mark.parametrize("name", ["../demo-1.0-py3-none-any.whl", f"git+https://a.invalid/b@{'0' * 40}"])
def test_what_came_from_elsewhere_and_is_lost_takes_another_try(name: str, debian: Target, cache: Cache) -> None:
    lost = Source(name=name, digest=Digest("0" * 64))
    pin = Pin(name="demo", version="1.0", filename="demo-1.0-py3-none-any.whl", digest=lost.digest, source=lost)
    with pytest.raises(LostError, match=r"the cache lost demo-1\.0-py3-none-any\.whl"):
        rebuild(pin, debian, cache)


def test_a_folder_is_built_from_a_copy(tmp_path: Path, debian: Target, cache: Cache, quiet_uv: None) -> None:
    assert quiet_uv is None
    folder = project(tmp_path / "shared", "shared-lib")
    (folder / ".env").write_text("SECRET=1")
    before = sorted(path.name for path in folder.iterdir())
    pin = build_folder(folder, "shared-lib", debian, cache, relative_to=tmp_path / "comp")
    assert sorted(path.name for path in folder.iterdir()) == before
    assert pin.source
    assert (pin.name, pin.source.name, pin.source.digest) == (
        "shared-lib",
        "../shared",
        folder_digest(folder, os.environ),
    )
    with pytest.raises(InputError, match="is the project shared-lib, and other is required from there"):
        build_folder(folder, "other", debian, cache, relative_to=tmp_path)
    (folder / "wheel.txt").write_text("shared_lib\n1.0\nfail\n\n\n")
    with pytest.raises(InputError, match="shared-lib does not build") as caught:
        build_folder(folder, "shared-lib", debian, cache, relative_to=tmp_path)
    assert caught.value.where
    assert caught.value.where.path == folder / "pyproject.toml"
    (tmp_path / "comp").mkdir()
    lost = replace(pin, digest=Digest("0" * 64))
    with pytest.raises(InputError, match=r"\.\./shared|does not build"):
        rebuild(lost, debian, cache, indexes=replace(HERE, where=tmp_path / "comp" / "pyproject.toml"))


def test_a_build_reads_what_its_settings_name_above_the_folder(
    tmp_path: Path, debian: Target, cache: Cache, quiet_uv: None
) -> None:
    assert quiet_uv is None
    (tmp_path / ".git").mkdir()
    (tmp_path / "LICENSE").write_text("all rights")
    folder = tmp_path / "libs" / "shared"
    (folder / "shared").mkdir(parents=True)
    (folder / "shared" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "shared"\nversion = "1.0"\n'
        '[tool.hatch.build.targets.wheel.force-include]\n"../../LICENSE" = "shared/LICENSE"\n'
    )
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    pin = build_folder(folder, "shared", debian, cache, relative_to=tmp_path)
    with zipfile.ZipFile(Cache(cache.root).blob_path(pin.digest)) as wheel:
        assert wheel.read("shared/LICENSE") == b"all rights"
    after = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    assert [path for path in after if path not in before and path.parts[0] in {"libs", "LICENSE"}] == []


def test_a_local_project_takes_the_place_of_the_indexs(
    index: PackageIndex, debian: Target, cache: Cache, tmp_path: Path
) -> None:
    index.files["shared-2.0-py3-none-any.whl"] = small_wheel("shared", "2.0")
    index.files["top-1.0-py3-none-any.whl"] = small_wheel("top", "1.0", requires="shared")
    here = build_folder(project(tmp_path / "shared", "shared"), "shared", debian, cache, relative_to=tmp_path)
    assert [pin.name for pin in resolved(["top"], debian, local=[here])] == ["shared", "top"]
    assert resolved(["top"], debian, local=[here])[0] == here
