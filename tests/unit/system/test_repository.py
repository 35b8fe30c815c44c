"""Paths that lead out of the repository around a folder."""

from pathlib import Path

import pytest

from toolkit.system.repository import outside_of_repository


@pytest.fixture
def component(tmp_path: Path) -> Path:
    """Make the folder of a component inside a repository."""
    folder = tmp_path / "repository" / "component"
    folder.mkdir(parents=True)
    return folder


def test_all_of_the_repository_is_the_author_s(component: Path) -> None:
    (component.parent / ".git").mkdir()
    assert outside_of_repository(component, component.parent / "shared" / "data.csv") is None
    assert outside_of_repository(component, component / ".." / "data.csv") is None
    assert outside_of_repository(component, component / ".." / ".." / "data.csv") == component.parent


def test_without_a_repository_the_folder_counts(component: Path) -> None:
    assert outside_of_repository(component, component / "data.csv") is None
    assert outside_of_repository(component, component.parent / "data.csv") == component


def test_a_worktree_has_a_file_instead_of_a_folder(component: Path) -> None:
    (component.parent / ".git").write_text("gitdir: /elsewhere\n")
    assert outside_of_repository(component, component.parent / "data.csv") is None


def test_links_count_by_what_they_lead_to(component: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (component / "away").symlink_to(tmp_path / "elsewhere")
    (component / "near").symlink_to(".")
    (tmp_path / "entrance").symlink_to(component)
    assert outside_of_repository(component, component / "away" / "data.csv") == component
    assert outside_of_repository(component, component / "near" / "data.csv") is None
    assert outside_of_repository(tmp_path / "entrance", component / "data.csv") is None
