"""`comp lint --fix`, `--unsafe-fixes` and `--diff`: what is written, what is printed, and what is left alone."""

import json
import stat
from pathlib import Path

import pytest

from tests.commands import Result, comp, ok, run_program

TEXT = """\
# Rates
name: Train
description: Train a model
inputs:
- name: rate   # the rate
  type: Float
  description: Its rate
  default: 5   # of all
- {name: seed, type: Integer, description: 'Its seed'}
implementation:
  container:
    image: a:1  # comp:ignore[C060] the base team moves it
    command: [train]
    args:
    - --rate   # flag
    - {inputValue: rate}
"""
FIXED = """\
# Rates
name: Train
description: Train a model
inputs:
- name: rate   # the rate
  type: Float
  description: Its rate
  default: '5'   # of all
- {name: seed, type: Integer, description: 'Its seed'}
implementation:
  container:
    image: a:1  # comp:ignore[C060] the base team moves it
    command: [train]
    args:
    - if:
        cond: {isPresent: rate}
        then:
        - --rate   # flag
        - {inputValue: rate}
        else:
        - --rate
        - '5'
"""
UNUSED = """\
component.yaml:9:3: warning C013 the input 'seed' is never used
    - {name: seed, type: Integer, description: 'Its seed'}
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    use it or remove it
"""
WITHOUT_SEED = "- {name: seed, type: Integer, description: 'Its seed'}\n"


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "component.yaml"
    path.write_text(TEXT)
    return path


def _lint(contract: Path, *options: str) -> Result:
    return comp("lint", contract.name, *options, folder=contract.parent)


def test_a_lint_says_what_can_be_fixed(contract: Path) -> None:
    done = _lint(contract)
    assert done.code == 0
    assert "component.yaml:8:12: info C022 [*] the default 5 is not in quotes\n" in done.out
    assert "warning C013 the input 'seed' is never used\n" in done.out
    assert done.err == (
        "0 errors, 2 warnings, 1 info\n[*] 2 can be fixed with `--fix` (1 more with `--unsafe-fixes`)\n"
    )
    assert contract.read_text() == TEXT


def test_safe_fixes_are_made_and_the_rest_is_printed(contract: Path) -> None:
    assert _lint(contract, "--fix") == Result(
        0,
        UNUSED,
        "fixed 2 findings in 1 file\n0 errors, 1 warning, 0 infos\n1 can be fixed with `--fix --unsafe-fixes`\n",
    )
    assert contract.read_text() == FIXED
    again = _lint(contract, "--fix")
    assert (again.out, again.err.splitlines()[0]) == (UNUSED, "nothing to fix")
    assert contract.read_text() == FIXED


def test_unsafe_fixes_are_made_with_their_option(contract: Path) -> None:
    done = _lint(contract, "--fix", "--unsafe-fixes")
    assert done == Result(0, "", "fixed 3 findings in 1 file\n0 errors, 0 warnings, 0 infos\n")
    assert contract.read_text() == FIXED.replace(WITHOUT_SEED, "")


def test_a_diff_writes_nothing(contract: Path) -> None:
    done = _lint(contract, "--diff")
    assert (done.code, done.err) == (1, "would fix 2 findings in 1 file\n")
    lines = done.out.splitlines()
    assert lines[:2] == ["--- component.yaml", "+++ component.yaml"]
    assert [line for line in lines if line.startswith("-  ")] == [
        "-  default: 5   # of all",
        "-    - --rate   # flag",
        "-    - {inputValue: rate}",
    ]
    assert contract.read_text() == TEXT
    assert f"-{WITHOUT_SEED}" in _lint(contract, "--diff", "--unsafe-fixes").out
    contract.write_text(FIXED)
    assert _lint(contract, "--diff") == Result(0, "", "nothing to fix\n")


def test_a_diff_can_be_applied(contract: Path) -> None:
    contract.write_text(TEXT.removesuffix("\n"))
    diff = contract.with_name("a.diff")
    diff.write_text(_lint(contract, "--diff").out)
    run_program("git", "-C", contract.parent, "apply", "-p0", diff)
    assert contract.read_text() == FIXED.removesuffix("\n")


def test_json_and_sarif_have_the_fixes(contract: Path) -> None:
    found = {each["rule"]: each["fix"] for each in json.loads(_lint(contract, "--format", "json").out)}
    assert found["C022"] == {
        "title": "Put the default in quotes",
        "applicability": "safe",
        "changes": [{"line": 8, "column": 12, "end_line": 8, "end_column": 13, "text": "'5'"}],
    }
    assert found["C013"]["applicability"] == "unsafe"
    results = json.loads(_lint(contract, "--format", "sarif").out)["runs"][0]["results"]
    (result,) = (each for each in results if each["ruleId"] == "C022")
    assert result["fixes"] == [
        {
            "description": {"text": "Put the default in quotes"},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": "component.yaml"},
                    "replacements": [
                        {
                            "deletedRegion": {"startLine": 8, "startColumn": 12, "endLine": 8, "endColumn": 13},
                            "insertedContent": {"text": "'5'"},
                        }
                    ],
                }
            ],
        }
    ]
    assert result["properties"] == {"applicability": "safe"}


def test_permissions_and_a_link_stay(contract: Path) -> None:
    contract.chmod(0o666)
    link = contract.with_name("link.yaml")
    link.symlink_to(contract.name)
    assert _lint(link, "--fix").code == 0
    assert link.is_symlink()
    assert contract.read_text() == FIXED
    assert stat.S_IMODE(contract.stat().st_mode) == 0o666
    assert sorted(path.name for path in contract.parent.iterdir()) == ["component.yaml", "link.yaml"]


def test_a_link_in_a_tree_that_leads_out_of_it_is_left(contract: Path) -> None:
    tree = contract.parent / "tree" / "deep"
    tree.mkdir(parents=True)
    (tree / "component.yaml").symlink_to("../../component.yaml")
    done = comp("lint", "tree", "--fix", folder=contract.parent)
    assert contract.read_text() == TEXT
    assert done.err.splitlines()[:2] == [
        "warning: tree/deep/component.yaml is left as it is: it is a link to a file elsewhere: name that file",
        "nothing to fix",
    ]


def test_a_contract_that_cannot_be_written_keeps_its_findings(contract: Path) -> None:
    # The temporary file beside it would have a longer name than a file can have, for root too.
    long = contract.rename(contract.with_name("a" * 250 + ".yaml"))
    done = comp("lint", "--fix", long.name, folder=long.parent)
    assert done.code == 3
    assert " warning C029 [*] " in done.out
    assert done.err.splitlines() == [
        f"error: cannot write {long.name}: File name too long",
        "",
        "hint: use a shorter path",
        "nothing to fix",
        "0 errors, 2 warnings, 1 info",
        "[*] 2 can be fixed with `--fix` (1 more with `--unsafe-fixes`)",
    ]


def test_only_chosen_rules_are_fixed(contract: Path) -> None:
    ok("lint", contract, "--fix", "--select", "C022")
    assert contract.read_text() == TEXT.replace("default: 5", "default: '5'")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fix", "--diff"], "error: --fix writes and --diff does not\n\nhint: give one of them\n"),
        (
            ["--unsafe-fixes"],
            "error: --unsafe-fixes alone fixes nothing\n\nhint: write --fix --unsafe-fixes, or --diff\n",
        ),
        (
            ["--diff", "--format", "json"],
            "error: --diff has no format json\n\nhint: leave out --format, or use --fix\n",
        ),
    ],
)
def test_options_that_do_not_go_together(options: list[str], message: str, contract: Path) -> None:
    assert _lint(contract, *options) == Result(2, "", message)


def test_a_generated_contract_is_left_to_its_code(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text('def train(rate: float = 0.5) -> None:\n    """Train a model."""\n')
    ok("new", "--from-function", "train.py:train", "made", folder=tmp_path)
    contract = tmp_path / "made" / "component.yaml"
    edited = contract.read_text().replace("default: '0.5'", "default: 0.5")
    contract.write_text(edited)
    for path in ("made", "made/component.yaml"):
        found = comp("lint", path, folder=tmp_path)
        assert "C022 the default 0.5 is not in quotes" in found.out
        assert "can be fixed" not in found.err
        done = comp("lint", path, "--fix", folder=tmp_path)
        assert done.err.splitlines()[:2] == [
            "warning: made/component.yaml is left as it is: `comp generate` writes it: change the code or the settings",
            "nothing to fix",
        ]
        assert contract.read_text() == edited
