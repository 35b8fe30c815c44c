import os
from pathlib import Path

from toolkit.registry.consuming.lock_place import LOCK_NAME, lock_above, new_lock, repository_of


def test_the_nearest_lock_within_the_repository_counts(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / LOCK_NAME).touch()
    assert lock_above(inner) == tmp_path / LOCK_NAME
    (tmp_path / "repository" / ".git").mkdir()
    assert lock_above(inner) is None
    (tmp_path / "repository" / LOCK_NAME).touch()
    assert lock_above(inner) == tmp_path / "repository" / LOCK_NAME
    (inner / LOCK_NAME).touch()
    assert lock_above(inner) == inner / LOCK_NAME
    assert lock_above(inner.parent / "x" / "..") == tmp_path / "repository" / LOCK_NAME


def test_a_new_lock_is_the_projects_or_the_repositorys(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    assert new_lock(inner) == tmp_path / "repository" / LOCK_NAME
    (inner.parent / "pyproject.toml").touch()
    assert new_lock(inner) == inner.parent / LOCK_NAME


def test_without_a_project_it_is_where_the_code_is(tmp_path: Path) -> None:
    outside = any((folder / name).exists() for folder in tmp_path.parents for name in ("pyproject.toml", ".git"))
    assert outside or new_lock(tmp_path) == tmp_path / LOCK_NAME
    assert new_lock(Path(os.path.relpath(tmp_path))).is_absolute()


def test_the_repository_of_a_folder_is_the_nearest_above(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "a"
    inner.mkdir(parents=True)
    assert repository_of(inner) == inner
    (tmp_path / "repository" / ".git").mkdir()
    assert repository_of(inner) == repository_of(tmp_path / "repository") == tmp_path / "repository"
