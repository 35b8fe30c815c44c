"""Reports: the very text."""

import json
import time
from pathlib import Path

from msgspec.structs import replace

from toolkit.edits import Applicability, Change, Fix, Spot
from toolkit.errors import Finding, Location, Severity
from toolkit.lint.reports import as_json, as_text

PATH = Path("a/component.yaml")


def _finding(line: int | None = None, column: int | None = None, end: int | None = None, message: str = "m") -> Finding:
    where = Location(path=PATH, line=line, column=column, end_line=line if end else None, end_column=end)
    return Finding(rule="C010", severity=Severity.ERROR, message=message, where=where, help="do this")


def test_text_with_carets() -> None:
    found = [_finding(2, 3, 6), _finding()]
    assert as_text(found, {PATH: "x: 1\n\ta bcd: 2\n"}) == (
        "a/component.yaml:2:3: error C010 m\n"
        "    \ta bcd: 2\n"
        "    \t ^^^\n"
        "    do this\n"
        "a/component.yaml: error C010 m\n"
        "    do this"
    )


def test_a_place_on_several_lines_has_one_caret() -> None:
    where = Location(path=PATH, line=1, column=1, end_line=2, end_column=5)
    finding = Finding(rule="C010", severity=Severity.INFO, message="m", where=where)
    assert as_text([finding], {PATH: "abc\nd"}) == "a/component.yaml:1:1: info C010 m\n    abc\n    ^"


def test_of_a_long_line_the_part_around_the_place_is_shown() -> None:
    line = "a" * 1000 + "bcd" + "e" * 1000
    _, shown, carets, _ = as_text([_finding(1, 1001, 1004)], {PATH: line}).split("\n")
    assert len(shown) < 200
    start = carets.index("^")
    assert shown[start : start + carets.count("^")] == "bcd"


def test_a_place_outside_the_text_is_no_failure() -> None:
    assert as_text([_finding(9, 9)], {PATH: "a"}) == "a/component.yaml:9:9: error C010 m\n    do this"
    assert as_text([_finding(1, 9)], {}) == "a/component.yaml:1:9: error C010 m\n    do this"


def test_json() -> None:
    assert json.loads(as_json([_finding(2, 3, 6)])) == [
        {
            "rule": "C010",
            "severity": "error",
            "path": "a/component.yaml",
            "line": 2,
            "column": 3,
            "end_line": 2,
            "end_column": 6,
            "message": "m",
            "help": "do this",
            "fix": None,
        }
    ]
    assert as_json([]) == "[]"


def test_as_many_findings_as_lines() -> None:
    count = 20_000
    began = time.monotonic()
    shown = as_text([_finding(line, 1) for line in range(1, count + 1)], {PATH: "a: b\n" * count})
    assert shown.count("    a: b\n") == count
    # Splitting the text for each of them takes minutes.
    assert time.monotonic() - began < 20


def test_a_star_marks_what_fix_alone_would_fix() -> None:
    for applicability, star in ((Applicability.SAFE, "[*] "), (Applicability.UNSAFE, "")):
        fix = Fix(title="Do this", edits=(), applicability=applicability)
        assert as_text([replace(_finding(), fix=fix)], {}).splitlines()[0] == f"a/component.yaml: error C010 {star}m"


def test_json_has_what_a_fix_changes() -> None:
    change = Change(start=Spot(1, 2), end=Spot(1, 3), text="x")
    (found,) = json.loads(as_json([replace(_finding(), fix=Fix(title="Do this", edits=(), changes=(change,)))]))
    assert found["fix"] == {
        "title": "Do this",
        "applicability": "safe",
        "changes": [{"line": 1, "column": 2, "end_line": 1, "end_column": 3, "text": "x"}],
    }
