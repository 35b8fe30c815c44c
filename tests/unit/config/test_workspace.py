"""The settings of a collection: where they are found, and which are invalid."""

import re
from pathlib import Path

import pytest

from toolkit.config.toml import TomlDocument
from toolkit.config.workspace import (
    WorkspaceSettings,
    read_workspace_settings,
    shared_lock_of,
    workspace_document,
)
from toolkit.errors import InputError


def read(settings: str) -> WorkspaceSettings | None:
    text = f"[tool.comp.workspace]\n{settings}\n"
    return read_workspace_settings(TomlDocument.parse(Path("pyproject.toml"), text.encode()))


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_settings_that_are_left_out() -> None:
    assert read("") == WorkspaceSettings(members=None, exclude=(), lock="each")
    assert read_workspace_settings(TomlDocument.parse(Path("pyproject.toml"), b"[tool.comp]\n")) is None


def test_patterns_lose_what_means_nothing() -> None:
    settings = read('members = ["./a/", ".", "./", "b//"]\nexclude = ["..a", "a../b..", "..."]')
    assert settings
    assert settings.members == ("a", ".", ".", "b")
    assert settings.exclude == ("..a", "a../b..", "...")


@pytest.mark.parametrize("pattern", ["", "/", "/a", "..", "../a", "a/..", "a/../b", "./../a", "a\\n/../b"])
def test_a_pattern_that_leads_outside(pattern: str) -> None:
    with pytest.raises(InputError, match="is not a path below the folder of this file") as caught:
        read(f'members = ["a", "{pattern}"]')
    assert caught.value.hint == 'write it as "components/*"'


@pytest.mark.parametrize(
    ("settings", "place", "message", "hint"),
    [
        ('exclude = ["a", "/b"]', (2, 17), "'/b' is not a path below", "components/*"),
        ("members = []", (2, 1), "members is empty", "or leave it out"),
        ("members = 1", (2, 1), "members is not a list of strings", "write members"),
        ("exclude = [1]", (2, 1), "exclude is not a list of strings", "write exclude"),
        ('lock = "one"', (2, 1), "lock is 'one'", '"each".*"shared"'),
        ("lock = true", (2, 1), "lock is not a string: True", "quotes"),
        ('excluded = ["a"]', (2, 1), r"unknown key 'excluded' in \[tool\.comp\.workspace\]", "did you mean 'exclude'"),
    ],
)
def test_an_invalid_setting_is_named_with_its_place(
    settings: str, place: tuple[int, int], message: str, hint: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(settings)
    assert caught.value.where
    assert (caught.value.where.line, caught.value.where.column) == place
    assert re.search(hint, caught.value.hint or "")


def test_a_workspace_that_is_not_a_table() -> None:
    document = TomlDocument.parse(Path("pyproject.toml"), b"[tool.comp]\nworkspace = true\n")
    with pytest.raises(InputError, match=r"tool\.comp\.workspace is not a table"):
        read_workspace_settings(document)


def test_the_nearest_collection_counts(tmp_path: Path) -> None:
    write(tmp_path, "[tool.comp.workspace]\n")
    inner = write(tmp_path / "a", "[tool.comp.workspace]\n")
    component = write(inner / "b" / "c", "[tool.comp]\n")
    # Without settings of a collection a file is passed over.
    write(inner / "b", '[project]\nname = "b"\n')
    found = workspace_document(component)
    assert found
    assert found.path == inner / "pyproject.toml"


@pytest.mark.parametrize("mark", ["folder", "file"])
def test_nothing_counts_above_the_repository(tmp_path: Path, mark: str) -> None:
    write(tmp_path, '[tool.comp.workspace]\nlock = "shared"\n')
    repository = tmp_path / "repository"
    component = write(repository / "a", "[tool.comp]\n")
    assert shared_lock_of(component) == tmp_path / "comp.lock"
    if mark == "folder":
        (repository / ".git").mkdir()
    else:  # As submodules and worktrees have it.
        (repository / ".git").write_text("gitdir: elsewhere\n")
    assert workspace_document(component) is None
    assert shared_lock_of(component) is None
    # The root of the repository itself still counts.
    write(repository, '[tool.comp.workspace]\nlock = "shared"\n')
    assert shared_lock_of(component) == repository / "comp.lock"


def test_only_a_shared_lock_is_shared(tmp_path: Path) -> None:
    component = write(tmp_path / "a", "[tool.comp]\n")
    write(tmp_path, "[tool.comp.workspace]\n")
    assert shared_lock_of(component) is None
    write(tmp_path, '[tool.comp.workspace]\nlock = "each"\n')
    assert shared_lock_of(component) is None
