"""Python in the command line: code that cannot be parsed, and names that nothing in it defines."""

import sys

import pytest

from tests.contracts import PATH, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

WRITES = """'p=$(mktemp); printf "%s" "$0" > "$p"; python3 -u "$p" "$@"'"""

CASES: tuple[Case, ...] = (
    ("C052", contract(command="python3, -c, 'print(1'"), ["'print(1'"]),
    ("C052", contract(command="python3, -c, 'print(1)'"), []),
    ("C052", contract(command="python3, -c, 'x = \"\\d\"'"), []),
    ("C052", contract(command=f"sh, -ec, {WRITES}, 'def f(:'"), ["'def f(:'"]),
    ("C052", contract(command=f"sh, -ec, {WRITES}, 'def f(): pass'"), []),
    ("C052", contract(command="python2, -c, 'print 1'"), []),
    ("C052", contract(command="sh, -c, 'def f(:'"), []),
    ("C054", contract(command="python3, -c, 'print(json.dumps(1))'"), ["'print(json.dumps(1))'"]),
    ("C054", contract(command="python3, -c, 'import json; print(json.dumps(1))'"), []),
    ("C054", contract(command=f"sh, -ec, {WRITES}, 'def f(): helper()'"), ["'def f(): helper()'"]),
    ("C054", contract(command="python3, -c, 'print(1'"), []),
    # The shell runs this word; nothing writes it into a file.
    ("C054", contract(command='sh, -c, \'pip install "$1" && python3 "$0"\', train'), []),
    ("C054", contract(command='sh, -c, \'python3 -m pip install a==1 && "$0" "$@"\', train, x'), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.embedded_python") == set()


def test_a_block_has_its_own_lines() -> None:
    text = (
        "name: n\nimplementation:\n  container:\n    image: a\n    command:\n    - sh\n    - -c\n    - |\n"
        "      set -e\n      x\n    - python3\n    - -c\n    - |\n      import os\n\n      print(os\n"
    )
    found = {finding.rule: finding for finding in findings_of(parse_document(text, PATH))}
    assert found["C052"].where.line == 16
    assert found["C052"].message == "the Python code cannot be parsed: '(' was never closed, in its line 3"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python knows it")
def test_syntax_of_a_newer_python_is_no_finding() -> None:
    code = 'print(t"a")'
    assert texts_found(contract(command=f"python3, -c, {code}"), "C052") == []


def test_an_undefined_name_has_its_line() -> None:
    text = contract(command="python3, -c, CODE").replace(
        "command: [python3, -c, CODE]",
        "command:\n    - python3\n    - -c\n    - |\n      def f():\n        return helper(os)\n      f()\n",
    )
    found = [finding for finding in findings_of(parse_document(text, PATH)) if finding.rule == "C054"]
    assert [(each.where.line, each.where.column) for each in found] == [(13, 16), (13, 23)]
    assert found[0].message == "the Python code uses 'helper' in its line 2, and nothing in it defines the name"


def test_code_of_any_depth_is_one_finding() -> None:
    text = contract(command=f"python3, -c, '{'(' * 5000}{')' * 5000}'")
    assert [finding.rule for finding in findings_of(parse_document(text, PATH)) if finding.rule == "C052"] == ["C052"]
