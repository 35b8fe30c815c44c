"""Source distributions, read without running them; tests/hostile holds the damaged ones."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.requirements.building.sdists import BuildSystem, read_sdist, required_by

_METADATA = (
    "Metadata-Version: 2.2\nName: made\nVersion: 1.0\nRequires-Dist: alpha<2\nRequires-Dist: beta; extra == 'x'\n"
)
_SETTINGS = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\nbackend-path = ["a"]\n'
_LEGACY = BuildSystem(requires=("setuptools>=40.8.0",), backend="setuptools.build_meta:__legacy__")


def _tar(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def _zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("make", [_tar, _zip])
def test_only_the_files_at_the_top_count(tmp_path: Path, make: Callable[[Path, dict[str, str]], Path]) -> None:
    files = {
        "made-1.0/pyproject.toml": _SETTINGS,
        "made-1.0/PKG-INFO": _METADATA,
        "made-1.0/inner/PKG-INFO": "Metadata-Version: 2.2\n",
        "PKG-INFO": "Metadata-Version: 2.2\n",
    }
    sdist = read_sdist(make(tmp_path / "made", files))
    assert sdist.system == BuildSystem(requires=("hatchling",), backend="hatchling.build", path=("a",))
    assert sdist.requires == ("alpha<2", "beta; extra == 'x'")


@pytest.mark.parametrize(
    "metadata",
    ["", _METADATA.replace("2.2", "2.1"), _METADATA.replace("2.2", "x"), _METADATA + "Dynamic: Requires-Dist\n"],
)
def test_requirements_that_are_not_final_are_unknown(tmp_path: Path, metadata: str) -> None:
    sdist = read_sdist(_tar(tmp_path / "made.tar.gz", {"made-1.0/PKG-INFO": metadata}))
    assert sdist.requires is None
    assert sdist.system == _LEGACY


@pytest.mark.parametrize("text", ["", "= no toml", "build-system = 1", "[project]\nname = 'x'\n"])
def test_a_missing_build_system_is_the_default(text: str) -> None:
    assert BuildSystem.of_text(text) == _LEGACY


def test_invalid_values_do_not_count() -> None:
    text = '[build-system]\nrequires = ["a", 1]\nbuild-backend = 2\nbackend-path = "x"\n'
    assert BuildSystem.of_text(text) == BuildSystem(requires=("a",), backend="", path=())


def test_metadata_without_requirements() -> None:
    assert required_by(b"Metadata-Version: 2.2\n\nRequires-Dist: in the description\n") == ()
