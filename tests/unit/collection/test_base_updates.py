"""Newest bases in the locks of components: their own locks, and one that they share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bases import NEW, OLD, debian_base
from tests.collections import component
from tests.fake_remote import FakeRemote, serving, store
from toolkit.cache.store import Cache
from toolkit.collection.base_updates import take_newest_bases
from toolkit.collection.workspace import read_workspace
from toolkit.config.project import Project
from toolkit.job.bases import open_bases
from toolkit.job.context import BuildContext
from toolkit.job.lock import existing_lock, refresh_lock
from toolkit.oci.image import Image


@pytest.fixture
def remote() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.fixture
def projects(tmp_path: Path, remote: FakeRemote, request: pytest.FixtureRequest) -> list[Project]:
    """Two components that are locked to the old base, with their own locks or with one."""
    store(remote, debian_base(OLD))
    root = tmp_path / "repo"
    for name in ("one", "two"):
        component(root / name, more=f'base = "{remote.host}/base/python:3.11"\n')
    if request.param == "shared":
        (root / "pyproject.toml").write_text('[tool.comp.workspace]\nlock = "shared"\n')
    members = read_workspace(root, {}).members
    found = [member.project for member in members if member.project]
    context = surroundings(tmp_path)
    if request.param == "shared":
        take_newest_bases(found, context)
    else:
        for project in found:
            refresh_lock(project, open_bases(project, context), context)
    return found


def surroundings(tmp_path: Path) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ={})


def locked(projects: list[Project]) -> list[str]:
    locks = [existing_lock(project) for project in projects]
    return [str(lock.base.digest) for lock in locks if lock and lock.base]


def moved(remote: FakeRemote, image: Image) -> str:
    store(remote, image)
    return str(image.digest)


@pytest.mark.parametrize("projects", ["each", "shared"], indirect=True)
def test_only_the_components_that_are_named_get_it(tmp_path: Path, remote: FakeRemote, projects: list[Project]) -> None:
    old = str(debian_base(OLD).digest)
    assert locked(projects) == [old, old]
    new = moved(remote, debian_base(NEW))
    assert take_newest_bases(projects[:1], surroundings(tmp_path)) == {projects[0].folder: None}
    assert locked(projects) == [new, old]
    assert take_newest_bases(projects, surroundings(tmp_path)) == {project.folder: None for project in projects}
    assert locked(projects) == [new, new]


@pytest.mark.parametrize("projects", ["each", "shared"], indirect=True)
def test_a_base_that_does_not_fit_changes_no_lock(tmp_path: Path, remote: FakeRemote, projects: list[Project]) -> None:
    before = locked(projects)
    moved(remote, debian_base(NEW, python="3.10.1"))
    failures = take_newest_bases(projects, surroundings(tmp_path))
    for project in projects:
        failure = failures[project.folder]
        assert failure
        assert "has Python 3.10.1, the component requires >=3.11" in failure.message
    assert locked(projects) == before
