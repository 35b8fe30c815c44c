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
    ("C052", contract(command="python3, -c, 'print(1'"), ["'print(1'"]),
    ("C052", contract(command="python3, -c, 'print(1)'"), []),
    ("C052", contract(command="python3, -c, 'x = \"\\d\"'"), []),
    ("C052", contract(command=f"sh, -ec, {WRITES}, 'def f(:'"), ["'def f(:'"]),
    ("C052", contract(command=f"sh, -ec, {WRITES}, 'def f(): pass'"), []),
    ("C052", contract(command="python2, -c, 'print 1'"), []),
    ("C052", contract(command="sh, -c, 'def f(:'"), []),
    ("C065", contract(command="sh, -c, 'pip install pandas && python a.py'"), ["'pip install pandas && python a.py'"]),
    ("C065", contract(command="sh, -c, 'apt-get -y install git'"), ["'apt-get -y install git'"]),
    ("C065", contract(RATE, command="sh, -c, {concat: ['pip  install x==', {inputValue: rate}]}"), [
        "{concat: ['pip  install x==', {inputValue: rate}]}"
    ]),
    ("C065", contract(command="sh, -c, 'python a.py --installed'"), []),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.scripts") == set()


def test_a_block_has_its_own_lines() -> None:
    text = (
        "name: n\nimplementation:\n  container:\n    image: a\n    command:\n    - sh\n    - -c\n    - |\n"
        "      set -e\n      pip install pandas\n    - python3\n    - -c\n    - |\n      import os\n\n      print(os\n"
    )
    found = {finding.rule: finding for finding in findings_of(parse_document(text, PATH))}
    assert (found["C065"].where.line, found["C065"].where.column) == (10, 7)
    assert found["C065"].message == "the step runs `pip install` each time it starts"
    assert found["C052"].where.line == 16
    assert found["C052"].message == "the Python code cannot be parsed: '(' was never closed, in its line 3"


def test_programs_are_found_in_the_command_and_in_its_arguments() -> None:
    document = parse_document(contract(command=f"sh, -c, {WRITES}", args="'x = 1', --flag"), PATH)
    assert [(script.place, script.language) for script in scripts(document)] == [
        (("command", 2), "shell"),
        (("args", 0), "python"),
    ]


def test_code_of_any_depth_is_one_finding() -> None:
    text = contract(command=f"python3, -c, '{'(' * 5000}{')' * 5000}'")
    assert [finding.rule for finding in findings_of(parse_document(text, PATH)) if finding.rule == "C052"] == ["C052"]
