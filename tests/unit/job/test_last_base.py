from pathlib import Path

import pytest

from tests.artifacts import base_image, base_of, component
from toolkit.builders.plan import Installed, Plan
from toolkit.builders.planning import make_plan
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.job import last_base
from toolkit.oci.descriptor import Platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
BASE = base_image()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return component(tmp_path / "c")


def planned(project: Project) -> Plan:
    return make_plan(project, base_of(BASE), Installed(), environ={})


def test_the_base_that_the_command_line_named(project: Project, cache: Cache) -> None:
    last_base.note(project.folder, "127.0.0.1:5000/b:1", [planned(project)], cache)
    assert last_base.recall(project.folder, AMD64, cache) == f"127.0.0.1:5000/b:1@{BASE.digest}"
    # Of a platform that was not built the name is all there is.
    assert last_base.recall(project.folder, ARM64, cache) == "127.0.0.1:5000/b:1"
    assert last_base.recall(project.folder / "src", AMD64, cache) is None


def test_the_last_build_counts(project: Project, cache: Cache) -> None:
    last_base.note(project.folder, "b:1", [planned(project)], cache)
    last_base.note(project.folder, None, [planned(project)], cache)
    assert last_base.recall(project.folder, AMD64, cache) is None
    # One that found nothing to do has no plans, and is the last build all the same.
    last_base.note(project.folder, "b:1", (), cache)
    assert last_base.recall(project.folder, AMD64, cache) == f"docker.io/library/b:1@{BASE.digest}"


@pytest.mark.parametrize("kind", ["layout", "archive"])
def test_a_base_on_this_disk_is_named_in_full(
    project: Project, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    last_base.note(project.folder, f"{kind}:base", [planned(project)], cache)
    monkeypatch.chdir("/")
    assert last_base.recall(project.folder, AMD64, cache) == f"{kind}:{tmp_path / 'base'}"
