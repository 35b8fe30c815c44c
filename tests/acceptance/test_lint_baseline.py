"""`comp lint --baseline` as a team uses it that adopts comp for a tree with findings."""

import json
from pathlib import Path

import pytest

from tests.commands import comp

CONTRACT = """\
name: Count
description: Count rows
implementation:
  container:
    image: a:1
    args: [x]
"""
# Only these rules are asked for: C040 (no command) and C060 (no digest) are found.
SELECT = ("--select", "C010,C04,C06")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two contracts, each with two findings, in the current folder."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "component.yaml").write_text(CONTRACT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(*words: str) -> tuple[int, list[str], str]:
    """Return the exit code, the places and rules of findings, and stderr."""
    result = comp("lint", *words, *SELECT, "--format", "jsonl")
    found = [json.loads(line) for line in result.out.splitlines()]
    return result.code, [f"{each['path']}:{each['line']} {each['rule']}" for each in found], result.err


NOTHING = "2 contracts: 0 errors, 0 warnings, 0 infos\n"


def test_known_findings_are_not_reported(tree: Path) -> None:
    assert lint("--strict", "--write-baseline", "known.json") == (
        0,
        [],
        f"{NOTHING}wrote known.json: 4 findings in 2 files\n",
    )
    assert lint("--strict", "--baseline", "known.json") == (
        0,
        [],
        f"{NOTHING}known.json: 4 known findings, not shown\n",
    )
    (tree / "a" / "component.yaml").write_text("# It moved.\n" + CONTRACT.replace("[x]", "[x, {inputValue: y}]"))
    code, found, err = lint("--baseline", "known.json")
    assert (code, found) == (1, ["a/component.yaml:7 C010"])
    assert err.endswith("known.json: 4 known findings, not shown\n")


def test_a_baseline_shrinks_and_grows_on_demand(tree: Path) -> None:
    lint("--write-baseline", "known.json")
    (tree / "a" / "component.yaml").write_text(CONTRACT.replace("a:1", f"a@sha256:{'0' * 64}") + "    command: [x]\n")
    code, found, err = lint("--baseline", "known.json")
    assert (code, found) == (0, [])
    assert err == (
        f"{NOTHING}known.json: 2 known findings, not shown\n"
        "known.json lists 2 findings too many: C040 in a/component.yaml, C060 in a/component.yaml\n\n"
        "hint: add --write-baseline known.json to remove them\n"
    )
    # A check of one contract says nothing about the other one.
    nothing = NOTHING.removeprefix("2 contracts: ")
    assert lint("b", "--baseline", "known.json")[2] == f"{nothing}known.json: 2 known findings, not shown\n"
    (tree / "b" / "component.yaml").write_text(CONTRACT.replace("[x]", "[{inputValue: y}]"))
    code, found, err = lint("--baseline", "known.json", "--write-baseline", "known.json")
    assert (code, found) == (1, ["b/component.yaml:6 C010"])
    assert err.endswith("wrote known.json: 2 findings in 1 file\n")
    assert list(json.loads((tree / "known.json").read_text())["findings"]) == ["b/component.yaml"]
    assert lint("--write-baseline", "known.json")[2].endswith("wrote known.json: 3 findings in 1 file\n")
    assert lint("--baseline", "known.json")[0] == 0


def test_what_settings_switch_off_is_too_many_and_what_options_leave_out_is_not(tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[tool.comp.lint]\nselect = ["C060", "C093"]\n')
    assert comp("lint", "--write-baseline", "known.json").err.endswith("wrote known.json: 4 findings in 2 files\n")
    assert "too many" not in comp("lint", "--baseline", "known.json", "--ignore", "C093").err
    (tree / "pyproject.toml").write_text('[tool.comp.lint]\nselect = ["C060"]\n')
    assert "known.json lists 2 findings too many: C093 in a/" in comp("lint", "--baseline", "known.json").err


def test_faulty_settings_leave_the_baseline_as_it_is(tree: Path) -> None:
    comp("lint", "--write-baseline", "known.json")
    before = (tree / "known.json").read_bytes()
    (tree / "pyproject.toml").write_text("[tool.comp.lint]\nignored = []\n")
    result = comp("lint", "--write-baseline", "known.json")
    assert (result.code, result.out.splitlines()[0].split(" ", 1)[0]) == (1, "pyproject.toml:2:1:")
    assert (tree / "known.json").read_bytes() == before


def test_a_part_of_the_tree_keeps_the_rest_of_the_baseline(tree: Path) -> None:
    lint("--write-baseline", "known.json")
    before = (tree / "known.json").read_bytes()
    assert lint("a", "--write-baseline", "known.json")[2].endswith("wrote known.json: 4 findings in 2 files\n")
    assert (tree / "known.json").read_bytes() == before


def test_files_that_are_no_baselines(tree: Path) -> None:
    (tree / "mine.json").write_text("[]")
    for option in ("--baseline", "--write-baseline"):
        result = comp("lint", option, "mine.json")
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith(
            "error: mine.json: not a baseline of comp lint: Expected `object`, got `array`\n\nhint"
        )
    assert (tree / "mine.json").read_text() == "[]"
    missing = comp("lint", "--baseline", "missing.json")
    assert (missing.code, missing.err.splitlines()[0]) == (1, "error: missing.json: the baseline is missing")
    both = comp("lint", "--baseline", "mine.json", "--write-baseline", "other.json")
    assert (both.code, both.err.splitlines()[0]) == (2, "error: --baseline and --write-baseline name two files")


def test_findings_of_a_collection_too(tree: Path) -> None:
    for name in ("a", "b"):
        (tree / name / "x.py").write_text("")
        (tree / name / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\nversion = "1.2.0"\n[tool.comp]\ncommand = ["python", "x.py"]\n'
        )
    comp("lint", "--all", "--write-baseline", "known.json", "--strict")
    result = comp("lint", "--all", "--baseline", "known.json", "--strict", "--format", "json")
    assert (result.code, json.loads(result.out)) == (0, [])
    assert [line.split()[1] for line in result.err.splitlines() if line.startswith(("a ", "b "))] == ["clean", "clean"]


def test_fixed_findings_leave_the_baseline_when_they_are_written(tree: Path) -> None:
    path = tree / "a" / "component.yaml"
    path.write_text(
        CONTRACT.replace("implementation:", "inputs: [{name: n, type: Integer, default: 3}]\nimplementation:")
    )
    comp("lint", "a", "--write-baseline", "known.json")
    shown = comp("lint", "a", "--baseline", "known.json", "--diff")
    assert (shown.code, "known.json" in shown.err) == (1, False)
    refused = comp("lint", "a", "--write-baseline", "known.json", "--diff")
    assert (refused.code, refused.err.splitlines()[0]) == (2, "error: --diff writes nothing")
    fixed = comp("lint", "a", "--baseline", "known.json", "--write-baseline", "known.json", "--fix", "--format", "json")
    assert (fixed.code, json.loads(fixed.out)) == (0, [])
    assert "default: '3'" in path.read_text()
    assert "C022" not in (tree / "known.json").read_text()
