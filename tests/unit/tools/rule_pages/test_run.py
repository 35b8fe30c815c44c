"""Running an example: its files, its command, and the findings in what is printed."""

import os
from pathlib import Path

import pytest

from tools.rule_pages.example import Example
from tools.rule_pages.run import run

CONTRACT = """\
name: a
inputs: [{name: b, type: String}]
implementation: {container: {image: a:1, command: [c], args: [{inputValue: d}]}}
"""


def test_findings_have_their_rules_and_their_lines() -> None:
    before = Path.cwd()
    ran = run(Example(files={"x/c.yaml": CONTRACT}, command="lint x/c.yaml"))
    assert ran.rules == {"C010", "C013", "C060", "C090", "C091"}
    assert ran.of("C010") == (
        "x/c.yaml:3:63: error C010 unknown input 'd'\n"
        "    implementation: {container: {image: a:1, command: [c], args: [{inputValue: d}]}}\n"
        "                                                                  ^^^^^^^^^^^^^^^\n"
        "    there are: b\n"
    )
    assert Path.cwd() == before


def test_a_rule_at_the_end_of_a_line_is_a_finding_too() -> None:
    ran = run(Example(files={"train.py": "def f(:\n"}, command="inspect-function train.py"))
    assert ran.rules == {"F001"}
    assert ran.code == 1
    assert ran.of("F001") == ran.printed.splitlines(keepends=True)[0]
    assert ran.out == ""


def test_long_texts_are_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = CONTRACT.replace("name: b", "name: b, default: …(140000 characters)…")
    assert "C028" in run(Example(files={"c.yaml": text}, command="lint c.yaml")).rules
    assert os.environ["NO_COLOR"] == "1"
