"""uv's workspaces: their root, and their members."""

from pathlib import Path

import pytest

from toolkit.config.toml import TomlDocument
from toolkit.requirements.uv_workspace import members_of, workspace_of


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A workspace with two members, of four projects below it."""
    for name in ("a", "b_b", "skipped"):
        folder = tmp_path / "packages" / name
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n')
    (tmp_path / "packages" / "empty").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "Top"\n[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/skipped"]\n'
    )
    return tmp_path


def test_members_are_those_of_the_patterns_and_the_root(top: Path) -> None:
    document = TomlDocument.read(top / "packages" / "a" / "pyproject.toml")
    assert document
    packages = top.resolve() / "packages"
    assert members_of(document) == {"top": top.resolve(), "a": packages / "a", "b-b": packages / "b_b"}


def test_the_search_ends_at_the_root_of_version_control(top: Path) -> None:
    inner = top / "packages" / "a"
    assert (found := workspace_of(inner))
    assert found.path == top / "pyproject.toml"
    (inner / ".git").mkdir()
    assert workspace_of(inner) is None
    document = TomlDocument.read(inner / "pyproject.toml")
    assert document
    assert members_of(document) == {}
