"""The place from which uv looks for its settings."""

from pathlib import Path

from toolkit.errors import Location
from toolkit.requirements.indexes import Indexes


def test_settings_are_looked_for_from_the_projects_folder() -> None:
    indexes = Indexes(environ={}, where=Path("a/pyproject.toml"))
    assert indexes.folder == Path("a")
    assert indexes.location == Location(path=Path("a/pyproject.toml"))
    assert Indexes(environ={}).folder == Path()
    assert Indexes(environ={}).location is None


def test_the_environment_is_not_shown() -> None:
    assert "hush" not in repr(Indexes(environ={"UV_INDEX_MINE_PASSWORD": "hush"}))
