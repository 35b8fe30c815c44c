"""A component to lock, and a repository that it may require."""

from pathlib import Path

import pytest

from tests.artifacts import FACTS, base_image
from tests.locking import Locking, commit, git
from tests.package_index import PackageIndex
from tests.projects import project
from toolkit.cache.store import Cache
from toolkit.job.context import BuildContext
from toolkit.python.target import Base, Target


@pytest.fixture
def locking(tmp_path: Path, index: PackageIndex, debian: Target) -> Locking:
    assert index.port
    base = Base(image=base_image(), reference="layout:base", pinned=None, facts=FACTS, target=debian)
    return Locking(folder=tmp_path / "comp", context=BuildContext(cache=Cache(tmp_path / "cache")), base=base)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of two projects: lib, which requires alpha and its neighbour below `other`."""
    top = tmp_path / "repository"
    sources = 'dependencies = ["near", "alpha<2"]\n[tool.uv.sources]\nnear = { path = "other" }'
    project(top, "lib", project=sources, requires="near")
    project(top / "other", "near")
    commit(top)
    git(top, "tag", "v1")
    return top
