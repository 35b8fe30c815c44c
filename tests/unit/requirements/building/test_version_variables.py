"""Versions that builds would ask git for."""

import os
from pathlib import Path

import pytest

from tests.building import build_folder
from toolkit.cache.store import Cache
from toolkit.python.target import Target
from toolkit.requirements.building.project_files import folder_digest
from toolkit.requirements.building.version_variables import version_variables


def test_content_decides_the_version_unless_the_user_sets_it(
    tmp_path: Path, debian: Target, cache: Cache, quiet_uv: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quiet_uv is None
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "shared.py").touch()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "setuptools-scm>=8"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "shared"\ndynamic = ["version"]\n[tool.setuptools_scm]\n'
        '[tool.setuptools]\npy-modules = ["shared"]\n'
    )
    pin = build_folder(folder, "shared", debian, cache, relative_to=tmp_path)
    assert pin.version == f"0+content.{folder_digest(folder, os.environ).hex[:12]}"
    assert build_folder(folder, "shared", debian, cache, relative_to=tmp_path) == pin
    # A version of the user's counts and makes another wheel; one for another project does not.
    monkeypatch.setenv("SETUPTOOLS_SCM_PRETEND_VERSION_FOR_OTHER", "3.0")
    assert build_folder(folder, "shared", debian, cache, relative_to=tmp_path).version == pin.version
    monkeypatch.setenv("SETUPTOOLS_SCM_PRETEND_VERSION_FOR_SHARED", "2.0")
    named = build_folder(folder, "shared", debian, cache, relative_to=tmp_path)
    assert (named.version, named.source) == ("2.0", pin.source)


@pytest.mark.parametrize(
    ("requires", "dynamic", "names"),
    [
        ("hatchling', 'hatch-vcs", "version", ["SETUPTOOLS_SCM_PRETEND_VERSION"]),
        ("pdm.backend", "version", ["PDM_BUILD_SCM_VERSION"]),
        ("uv-dynamic-versioning", "version", ["UV_DYNAMIC_VERSIONING_BYPASS"]),
        ("setuptools", "version", []),
        ("setuptools-scm", "readme", []),
    ],
)
def test_each_tool_has_its_variable(tmp_path: Path, requires: str, dynamic: str, names: list[str]) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f"[build-system]\nrequires = ['{requires}']\n[project]\ndynamic = ['{dynamic}']\n"
    )
    found = version_variables(tmp_path, "0123456789abcdef", {"HOME": "/"})
    assert found == dict.fromkeys(names, "0+content.0123456789ab")
