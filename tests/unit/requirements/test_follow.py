"""Following requirements through projects: extras, groups, and two places for one package."""

import os
from pathlib import Path

import pytest

from tests.locking import Locking
from tests.package_index import PackageIndex, small_wheel
from tests.projects import project
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError
from toolkit.requirements.follow import follow, origins_digest


def test_extras_groups_and_projects_that_are_no_packages(locking: Locking, tmp_path: Path, index: PackageIndex) -> None:
    index.files["idna-3.0-py3-none-any.whl"] = small_wheel("idna", "3.0")
    project(tmp_path / "near", "near")
    inner = (
        '[project.optional-dependencies]\nfast = ["near", "alpha<2"]\n'
        '[tool.uv.sources]\nnear = { path = "../near", extra = "fast" }\n'
    )
    wants = "near; extra == 'fast'"
    project(tmp_path / "inner", "inner", project=inner, requires=wants)
    source = '[tool.uv.sources]\ninner = { path = "../inner" }\n'
    assert list(locking.lock(["inner"], source)) == ["inner"]
    assert list(locking.lock(["inner[Fast]"], source)) == ["inner", "near"]
    virtual = tmp_path / "virtual"
    virtual.mkdir()
    (virtual / "pyproject.toml").write_text(
        '[project]\nname = "virtual"\nversion = "1"\ndependencies = ["idna", "near"]\n'
        '[tool.uv.sources]\nnear = { path = "../near" }\n'
    )
    source = '[tool.uv.sources]\nvirtual = { path = "../virtual", package = false }\n'
    source += 'idna = [{ path = "../gone", group = "dev" }]\n'
    assert list(locking.lock(["virtual"], source)) == ["idna", "near"]


def test_one_package_from_two_places_is_refused(locking: Locking, tmp_path: Path) -> None:
    project(tmp_path / "near", "near")
    project(tmp_path / "other", "near")
    inner = 'dependencies = ["near"]\n[tool.uv.sources]\nnear = { path = "../other" }'
    project(tmp_path / "inner", "inner", project=inner, requires="near")
    sources = '[tool.uv.sources]\nnear = { path = "../near" }\ninner = { path = "../inner" }\n'
    with pytest.raises(InputError, match="near is required from two places"):
        locking.lock(["near", "inner"], sources)


def test_without_sources(locking: Locking, index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    index.files["near-1.0-py3-none-any.whl"] = small_wheel("near", "1.0")
    made = locking.project(["near"], '[tool.uv.sources]\nnear = { path = "../gone" }\n')
    monkeypatch.setenv("UV_NO_SOURCES", "1")
    assert follow(TomlDocument.read(made.pyproject), made.dependencies, os.environ).origins == {}


# Locks record these digests: with another value, every lock of such a project would count as stale.
@pytest.mark.parametrize(
    ("requirement", "digest"),
    [
        (
            "https://h.example/a/alpha-1.0-py3-none-any.whl",
            "fb22b1e79626f4936a3fb43114e7788749e81b756982cd45861659c33399f01b",
        ),
        (
            "https://u:p@h.example/a/alpha-1.0-py3-none-any.whl#sha256=" + "a" * 64,
            "9ea48a13be1ca4825df6116b3116ca5d811d4cb3899b89edaed3031b73ceb6ac",
        ),
        ("git+https://h.example/a.git", "51c043f0133663c993e26519f3769f8e96ebec2809b599e0d636c6c3f9554b3c"),
        (
            "git+https://u@h.example/a.git@v1#subdirectory=x/y",
            "6e1d1b4c7fd170c6d36441b144f2c80b517f37e412269d368bc584f513d78d0a",
        ),
    ],
    ids=["file", "file-with-digest", "git", "git-with-reference"],
)
def test_digests_of_origins_stay_the_same(locking: Locking, requirement: str, digest: str) -> None:
    made = locking.project([f"alpha @ {requirement}"])
    packages = follow(TomlDocument.read(made.pyproject), made.dependencies, {})
    recorded = origins_digest(packages)
    assert recorded
    assert recorded.hex == digest
