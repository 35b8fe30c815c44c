"""Programs in the command line: what becomes a part of them, and whether they can be parsed."""

import pytest

from tests.contracts import PATH, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.lint.scripts import scripts
from toolkit.spec.reader import parse_document

RATE = "{name: rate, type: Float, description: d}"
JOINED = "{concat: ['train --rate ', {inputValue: rate}]}"
WRITES = """'p=$(mktemp); printf "%s" "$0" > "$p"; python3 -u "$p" "$@"'"""

CASES: tuple[Case, ...] = (
    ("C050", contract(RATE, command=f"sh, -c, {JOINED}"), ["{inputValue: rate}"]),
    ("C050", contract(RATE, command=f"/bin/bash, -euo, pipefail, -c, {JOINED}"), ["{inputValue: rate}"]),
    ("C050", contract(RATE, command=f"python3.11, -u, -c, {JOINED}"), ["{inputValue: rate}"]),
    ("C050", contract(RATE, command="sh, -ec", args=JOINED), ["{inputValue: rate}"]),
    (
        "C050",
        contract(RATE, command="sh, -c, {concat: [a, {if: {cond: {isPresent: rate}, then: {inputValue: rate}}}]}"),
        ["{inputValue: rate}"],
    ),
    ("C050", contract(RATE, command="sh, -c, 'train \"$1\"', train, {inputValue: rate}"), []),
    # The whole program is the caller's.
    ("C050", contract("{name: code, type: String}", command="sh, -c, {inputValue: code}"), []),
    # A path is made by the engine.
    ("C050", contract("{name: a, type: CSV}", command="sh, -c, {concat: [cat, {inputPath: a}]}"), []),
    ("C050", contract(RATE, command=f"train, -c, {JOINED}"), []),
    ("C050", contract(RATE, command=f"sh, train.sh, -c, {JOINED}"), []),
    ("C051", contract(command="sh, -c, 'if true; then echo 1'"), ["'if true; then echo 1'"]),
    ("C051", contract(command="sh, -c, 'if true; then echo 1; fi'"), []),
    ("C051", contract(command="/bin/bash, -euo, pipefail, -c, 'a=(1 2'"), ["'a=(1 2'"]),
    ("C051", contract(command="busybox, sh, -ec, 'echo \"a'"), ["'echo \"a'"]),
    ("C051", contract(command="bash, -c, 'shopt -s extglob; echo !(a|b)'"), []),
    ("C051", contract(command="sh, -ec", args="'a | | b', x"), ["'a | | b'"]),
    ("C051", contract(command="sh, -c, 'for i in a; do'", image="a"), ["'for i in a; do'"]),
    ("C051", contract(command=f"sh, -ec, {WRITES}, 'def f(): pass'"), []),
    # What bash cannot parse may be valid for others.
    ("C051", contract(command="zsh, -c, 'for i (a b) echo $i'"), []),
    ("C051", contract(command="python3, -c, 'x = (1)'"), []),
    ("C051", contract(RATE, command=f"sh, -c, {JOINED}"), []),
    ("C051", contract(command="sh, train.sh, -c, 'if'"), []),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.scripts") == set()


def test_a_shell_program_has_its_own_lines() -> None:
    text = (
        "name: n\nimplementation:\n  container:\n    image: a\n    command:\n    - sh\n    - -c\n    - |\n"
        "      set -e\n      fi\n      echo\n    - >\n      a\n"
    )
    (found,) = [finding for finding in findings_of(parse_document(text, PATH)) if finding.rule == "C051"]
    assert (found.where.line, found.where.column) == (10, 7)
    assert found.message.startswith("the shell program cannot be parsed: syntax error near unexpected token")
    assert found.message.endswith(", in its line 2")


def test_a_folded_program_has_the_place_of_its_whole() -> None:
    text = (
        "name: n\nimplementation:\n  container:\n    image: a\n    command:\n    - sh\n    - -c\n    - >\n"
        "      a\n      (\n"
    )
    (found,) = [finding for finding in findings_of(parse_document(text, PATH)) if finding.rule == "C051"]
    assert (found.where.line, found.where.column) == (8, 7)


def test_a_few_shell_programs_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr("toolkit.lint.shell.shell_problem", read.append)
    findings_of(parse_document(contract(command=", ".join(f"sh, -c, 'if {n}'" for n in range(50))), PATH))
    assert read == [f"if {n}" for n in range(8)]


def test_programs_are_found_in_the_command_and_in_its_arguments() -> None:
    document = parse_document(contract(command=f"sh, -c, {WRITES}", args="'x = 1', --flag"), PATH)
    assert [(script.place, script.language) for script in scripts(document)] == [
        (("command", 2), "shell"),
        (("args", 0), "python"),
    ]
