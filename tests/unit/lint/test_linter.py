"""Linting a file: findings that comments ignore, and those that cannot be ignored."""

import time
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.lint.linter import lint_contract, lint_text

CONTRACT = """\
name: n
description: d
inputs:
- {name: a, type: Integer, default: 3o, description: d}{line}
# comp:ignore[C013, C091] it is read from a file
- {name: b, type: String}
implementation:
  container:
    image: a:1 # comp:ignore[C060]: pinned later
    command: [run]
    args: [{if: {cond: {isPresent: a}, then: [{inputValue: a}]}}]
"""


def _rules(path: Path, text: str) -> list[str]:
    path.write_text(text, newline="")
    return [finding.rule for finding in lint_contract(path)[0]]


def test_a_comment_ignores_rules(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    assert _rules(path, CONTRACT.replace("{line}", "")) == ["C020"]
    assert _rules(path, CONTRACT.replace("{line}", "  # comp:ignore[C020] yes")) == []
    assert _rules(path, CONTRACT.replace("{line}", "  # comp:ignore[C021] other")) == ["C020", "C101"]
    assert _rules(path, CONTRACT.replace("{line}", "").replace("\n", "\r\n")) == ["C020"]


def test_a_comment_does_not_reach_beyond_its_line(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    text = CONTRACT.replace("{line}", "").replace("name: n", "name: n # comp:ignore[C020] no")
    assert _rules(path, text) == ["C101", "C020"]
    trailing = CONTRACT.replace("{line}", "").replace("inputs:", "inputs: # comp:ignore[C020] no")
    assert _rules(path, trailing) == ["C101", "C020"]


def test_form_cannot_be_ignored(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    assert _rules(path, "nmae: a # comp:ignore[C003]\nimplementation: {container: {image: a}}\n") == ["C003"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert [finding.rule for finding in lint_contract(path)[0]] == ["C001"]
    with pytest.raises(InputError):
        lint_contract(tmp_path / "missing.yaml")


def test_time_grows_with_the_contract_and_no_faster(tmp_path: Path) -> None:
    """20,000 inputs took over half a minute; a hang would take far longer than this bound."""
    count = 20_000
    inputs = "".join(f"- {{name: a{number}, type: Integer, default: {number}}}\n" for number in range(count))
    args = "".join(f"    - {{inputValue: b{number}}}\n" for number in range(2000))
    path = tmp_path / "component.yaml"
    path.write_text(f"inputs:\n{inputs}implementation:\n  container:\n    image: a:1\n    args:\n{args}")
    began = time.monotonic()
    findings = lint_text(path.read_text(), path)
    assert sum(finding.rule == "C010" for finding in findings) == 2000
    assert time.monotonic() - began < 90


def test_no_more_findings_than_anyone_reads_and_errors_before_others(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    inputs = "".join(f"- {{name: i{number}, type: Integer, default: {number}}}\n" for number in range(1_500))
    wrong = "- {name: last, type: Integer, default: 3o}\n"
    path.write_text(f"name: n\ninputs:\n{inputs}{wrong}implementation: {{container: {{image: a:1, command: [run]}}}}\n")
    findings, text = lint_contract(path)
    assert len(findings) == 1_000
    # The error is the last one in the file, and decides the exit code.
    assert [each.rule for each in findings].count("C020") == 1
    assert findings == sorted(findings, key=lambda each: (each.where.line or 0, each.where.column or 0))
    # Fixes need all of them: one that is not counted would look like a new one.
    assert len(lint_text(text, path)) > 3_000
