"""Files that git tracks, for builds that ask it."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.building import build_folder
from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.python.target import Target
from toolkit.requirements.building.git_files import make_repository, tracked_files


def test_a_build_that_asks_git_for_its_files_finds_those_that_are_tracked(
    tmp_path: Path, debian: Target, cache: Cache, quiet_uv: None
) -> None:
    assert quiet_uv is None
    folder = tmp_path / "libs" / "shared"
    (folder / "shared").mkdir(parents=True)
    for name in ("__init__.py", "data.json", "scratch.json"):
        (folder / "shared" / name).write_text("{}")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "setuptools-scm>=8"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "shared"\nversion = "1.0"\n[tool.setuptools]\npackages = ["shared"]\n'
    )

    def files() -> list[str]:
        pin = build_folder(folder, "shared", debian, cache, relative_to=tmp_path)
        with zipfile.ZipFile(cache.blob_path(pin.digest)) as wheel:
            return sorted(name for name in wheel.namelist() if name.startswith("shared/"))

    # Without a repository, no file is tracked.
    assert files() == ["shared/__init__.py"]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", folder, "add", "shared/__init__.py", "shared/data.json", "pyproject.toml"], check=True)
    assert files() == ["shared/__init__.py", "shared/data.json"]
    subprocess.run(["git", "-C", folder, "add", "shared/scratch.json"], check=True)
    assert files() == ["shared/__init__.py", "shared/data.json", "shared/scratch.json"]
    assert not (folder / ".git").exists()


def _asking(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text('[build-system]\nrequires = ["Setuptools_SCM>=8", "not a requirement"]\n')
    return folder


def test_git_is_asked_only_for_a_build_that_asks_it(tmp_path: Path) -> None:
    assert tracked_files(_asking(tmp_path / "a"), os.environ) is None  # There is no repository.
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert tracked_files(tmp_path / "a", os.environ) == frozenset()
    (tmp_path / "a" / "pyproject.toml").write_text('[build-system]\nrequires = ["setuptools"]\n')
    assert tracked_files(tmp_path / "a", {"PATH": "/nonexistent"}) is None


def test_without_git_the_error_says_what_to_install(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with pytest.raises(OutsideError, match="git is not installed") as caught:
        tracked_files(_asking(tmp_path), {"PATH": "/nonexistent"})
    assert caught.value.hint == "apt-get install git"


def test_a_copy_gets_a_repository_that_tracks_the_same_files(tmp_path: Path) -> None:
    """The user's settings of git do not count, nor does a hook's environment."""
    folder = _asking(tmp_path / "copy")
    for name in ("ä b.txt", "-x", "other", ".gitignore"):
        (folder / name).write_text("*")
    names = ["ä b.txt", "-x", ".gitignore"]
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".gitconfig").write_text("[commit]\n\tgpgSign = true\n[core]\n\thooksPath = /nonexistent\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "GIT_DIR": str(tmp_path / "elsewhere")}
    make_repository(folder, names, environ)
    assert tracked_files(folder, environ) == frozenset(names)
    log = subprocess.run(
        ["git", "-C", str(folder), "log", "--format=%an %at %s"], check=True, capture_output=True, text=True
    )
    assert log.stdout == "comp 315532800 comp\n"
    assert not (tmp_path / "elsewhere").exists()
