"""The rules of `comp lint` as a user chooses them: settings, options, severities."""

import json
from pathlib import Path

import pytest

from tests.commands import comp

# It has findings of these rules, and may have some of others.
RULES = {"C020": "error", "C040": "warning", "C060": "warning", "S001": "error"}
CONTRACT = """\
name: Count
description: Count rows
inputs:
- {name: rows, type: Integer, default: 3o, description: How many}
implementation:
  container:
    image: a:1
    args: [--rows, {if: {cond: {isPresent: rows}, then: [{inputValue: rows}], else: ['3o']}}]
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with contracts and no component, in which the test runs."""
    (tmp_path / ".git").mkdir()
    for folder in ("new", "legacy"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "component.yaml").write_text(CONTRACT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rules(*words: str) -> list[tuple[str, str, str]]:
    """Return the path's folder, the rule and the severity of each finding of the rules above."""
    found = json.loads(comp("lint", *words, "--format", "json").out)
    return [(Path(each["path"]).parent.name, each["rule"], each["severity"]) for each in found if each["rule"] in RULES]


def test_contracts_take_the_settings_above_them(tree: Path) -> None:
    assert rules("new/component.yaml") == [
        ("new", "C020", "error"),
        ("new", "C040", "warning"),
        ("new", "C060", "warning"),
    ]
    (tree / "pyproject.toml").write_text(
        '[tool.comp.lint]\nignore = ["C040"]\nseverity = { C06 = "error", C020 = "warning" }\n'
        '[tool.comp.lint.per-file-ignores]\n"legacy/**" = ["C020"]\n'
    )
    found = rules("new/component.yaml", "legacy/component.yaml")
    assert found == [("new", "C020", "warning"), ("new", "C060", "error"), ("legacy", "C060", "error")]
    result = comp("lint", "new/component.yaml", "--format", "github")
    assert result.code == 1
    assert result.out.startswith("::warning file=new/component.yaml,line=4,col=40,")


def test_options_override_settings(tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[tool.comp.lint]\nselect = ["C04"]\nseverity = { C040 = "info" }\n')
    assert rules("new/component.yaml") == [("new", "C040", "info")]
    assert rules("new/component.yaml", "--select", "C020, C060") == [
        ("new", "C020", "error"),
        ("new", "C060", "warning"),
    ]
    assert rules("new/component.yaml", "--select", "C0", "--select", "ALL", "--ignore", "C02,C06") == [
        ("new", "C040", "info")
    ]
    assert rules("new/component.yaml", "--ignore", "C040") == []


def test_strict_counts_the_chosen_severities(tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[tool.comp.lint]\nseverity = { ALL = "info", C060 = "warning" }\n')
    assert comp("lint", "new/component.yaml").code == 0
    result = comp("lint", "new/component.yaml", "--strict")
    assert (result.code, result.err.partition(" warning")[0]) == (1, "0 errors, 1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--select", "C06O"], "error: --select: unknown rule: 'C06O'\n\nhint: did you mean C060?"),
        (["--ignore", "C01,C003"], "error: --ignore: C003 is always an error: it cannot be ignored\n\nhint: "),
        (["--ignore", "B101"], "error: --ignore: B101 is about `comp breaking`, not `comp lint`\n\nhint: "),
    ],
)
@pytest.mark.usefixtures("tree")
def test_an_option_that_names_no_rule(options: list[str], message: str) -> None:
    result = comp("lint", "new/component.yaml", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(message)


def test_invalid_settings_are_one_finding_for_all_files(tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[tool.comp.lint]\nignore = ["C060", "C06O"]\n')
    result = comp("lint", "new/component.yaml", "legacy/component.yaml")
    assert result.code == 1
    assert result.out.startswith("pyproject.toml:2:19: error S001 unknown rule: 'C06O'\n")
    assert '    ignore = ["C060", "C06O"]\n                      ^\n    did you mean C060?' in result.out
    assert result.err == "2 contracts: 1 error, 0 warnings, 0 infos\n"


def test_a_component_follows_its_own_settings(tree: Path) -> None:
    folder = tree / "new"
    (folder / "x.py").write_text("")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "count"\nversion = "1.2.0"\n[tool.comp]\ncommand = ["python", "x.py"]\n'
        '[tool.comp.lint]\nignore = ["C0", "S"]\n'
    )
    assert rules("new") == []
    (folder / "pyproject.toml").write_text((folder / "pyproject.toml").read_text().replace('"S"', '"S001"'))
    assert rules("new") == [("new", "S001", "error")]
