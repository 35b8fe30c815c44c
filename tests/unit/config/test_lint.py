"""The settings of lint: how tables of several folders come together, and which are invalid."""

import re
from pathlib import Path

import pytest

from toolkit.config.lint import LintSettings, lint_settings_of, read_lint_settings
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError


def read(settings: str) -> LintSettings:
    text = f"[tool.comp.lint]\n{settings}\n"
    return read_lint_settings(TomlDocument.parse(Path("pyproject.toml"), text.encode()))


def write(folder: Path, settings: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(settings)


def texts(settings: LintSettings) -> tuple[list[str] | None, list[str] | None, dict[str, str]]:
    select, ignore = settings.select, settings.ignore
    return (
        None if select is None else [each.text for each in select],
        None if ignore is None else [each.text for each in ignore],
        {selector.text: value for selector, value in settings.severity},
    )


def test_an_empty_table_says_nothing() -> None:
    assert read("") == LintSettings()


def test_the_nearest_table_with_a_key_counts(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(
        tmp_path,
        "[tool.comp.lint]\nselect = ['C']\nignore = ['C060']\nseverity = { C0 = 'off', C1 = 'info' }\n"
        "per-file-ignores = { './a/*.yaml' = ['F'] }\n",
    )
    write(tmp_path / "a", "[tool.comp.lint]\nignore = []\nseverity = { C0 = 'error' }\n")
    (tmp_path / "a" / "b").mkdir()
    settings = lint_settings_of(tmp_path / "a" / "b")
    assert texts(settings) == (["C"], [], {"C0": "error", "C1": "info"})
    assert [(each.folder, each.pattern) for each in settings.paths] == [(tmp_path, "a/*.yaml")]
    assert texts(lint_settings_of(tmp_path)) == (["C"], ["C060"], {"C0": "off", "C1": "info"})


def test_the_search_ends_at_the_root_of_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "[tool.comp.lint]\nignore = ['C060']\n")
    (tmp_path / "repository" / "steps").mkdir(parents=True)
    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere")
    assert lint_settings_of(tmp_path / "repository" / "steps") == LintSettings()
    write(tmp_path / "repository", "[tool.comp.lint]\nignore = ['C061']\n")
    assert texts(lint_settings_of(tmp_path / "repository" / "steps"))[1] == ["C061"]


def test_registries_are_those_of_the_nearest_table(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, "[tool.comp.lint]\nregistries = ['a.example:5000', 'docker.io/library/']\n")
    write(tmp_path / "a", "[tool.comp.lint]\nregistries = []\n")
    write(tmp_path / "b", "[tool.comp.lint]\nignore = []\n")
    found = [lint_settings_of(tmp_path / name).registries for name in ("", "a", "b")]
    assert found == [("a.example:5000", "docker.io/library"), (), ("a.example:5000", "docker.io/library")]


@pytest.mark.parametrize(
    ("settings", "place", "message", "hint"),
    [
        ("ignored = []", (2, 1), r"unknown key 'ignored' in \[tool\.comp\.lint\]", "did you mean 'ignore'"),
        ("select = 'C060'", (2, 1), "select is not a list of rules", r'write select = \["C060"\]'),
        ("ignore = ['']", (2, 1), "ignore is not a list of rules", "write ignore"),
        ("severity = { C1 = 'off', C060 = 'eror' }", (2, 26), "the severity of C060 is 'eror'", "did you mean 'error'"),
        ("severity = { C060 = 1 }", (2, 14), "the severity of C060 is 1", "write one of error, warning, info, off"),
        ("registries = 'a.example'", (2, 1), "registries is not a list of hosts and paths", "without https://"),
        ("registries = ['https://a.example']", (2, 1), "registries is not a list of hosts", "without https://"),
        ("registries = ['a.example/b:1']", (2, 1), "registries is not a list of hosts", "without a tag"),
        ("severity = 'off'", (2, 1), "tool.comp.lint.severity is not a table", None),
        ("[tool.comp.lint.severity]\nC060 = ''", (3, 1), "the severity of C060 is ''", "write one of"),
        ("per-file-ignores = { 'a' = 'C' }", (2, 22), "a is not a list of rules", r'write "a" = \["C060"\]'),
        ("[tool.comp.lint.per-file-ignores]\n'a[' = ['C']", (3, 1), "invalid pattern, 'a\\[': its bracket", "legacy"),
        ("[tool.comp.lint.per-file-ignores]\n'../a' = ['C']", (3, 1), "not a path below the folder", "legacy"),
        ("[tool.comp.lint.per-file-ignores]\n'/a' = ['C']", (3, 1), "not a path below the folder", "legacy"),
        ("[tool.comp.lint.per-file-ignores]\n'' = ['C']", (3, 1), "not a path below the folder", "legacy"),
    ],
)
def test_an_invalid_setting_is_named_with_its_place(
    settings: str, place: tuple[int, int], message: str, hint: str | None
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(settings)
    assert caught.value.where
    assert (caught.value.where.line, caught.value.where.column) == place
    assert caught.value.hint is None if hint is None else re.search(hint, caught.value.hint or "")
