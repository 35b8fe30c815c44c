"""Expectations of outputs: checks that hold and that fail, with their messages."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.runners import snapshots
from toolkit.runners.expectations import Expectation, differences, read_expectations


def _expectation(folder: Path, checks: Mapping[str, object]) -> Expectation:
    case = folder / "tests" / "cases" / "small" / "case.yaml"
    case.parent.mkdir(parents=True, exist_ok=True)
    return read_expectations({"result": dict(checks)}, case)["result"]


def test_line_ends_count(tmp_path: Path) -> None:
    (tmp_path / "output").write_bytes(b"a\r\nb")
    assert differences(_expectation(tmp_path, {"equals": "a\r\nb"}), tmp_path / "output") == []
    assert differences(_expectation(tmp_path, {"equals": "a\nb"}), tmp_path / "output") == [
        "result: is 'a\\r\\nb', expected 'a\\nb'"
    ]


@pytest.mark.parametrize(
    ("checks", "text"),
    [
        ({"equals": 9}, "9"),
        ({"equals": "9"}, "9"),
        ({"equals": {"a": [1]}}, '{"a": [1]}'),
        ({"approx": 0.1}, "0.10000000001"),
        ({"approx": float("inf")}, "inf"),
        ({"approx": float("nan")}, "nan\n"),
        ({"equals": float("-inf")}, "-Infinity"),
        ({"equals": {"a": float("nan")}}, '{"a": NaN}'),
        ({"min": 1, "max": 2}, "1.5"),
        ({"matches": "^a.c$"}, "abc"),
        ({"contains": "<svg"}, "x<svg>"),
        ({"json": {"a": {"b": 1}}}, '{"a": {"b": 1, "c": 2}, "d": 3}'),
        ({"exists": True}, ""),
        ({"exists": True, "stable": False}, ""),
        ({"stable": False}, ""),
        ({"approx": 1, "atol": 0.5}, "1.4"),
        ({"equals": [1.0, {"a": 2}], "rtol": 0.1}, '[1.05, {"a": 2.1}]'),
        ({"equals": "x,1.0\ny,2\n", "atol": 0.1}, "x,1.05\ny,2\n"),
        ({"json": {"a": 1.0}, "atol": 0.1}, '{"a": 1.05, "b": 2}'),
        ({"schema": {"type": "array", "items": {"type": "integer"}}}, "[1, 2]"),
    ],
)
def test_checks_that_hold(tmp_path: Path, checks: Mapping[str, object], text: str) -> None:
    (tmp_path / "output").write_text(text)
    assert differences(_expectation(tmp_path, checks), tmp_path / "output") == []


@pytest.mark.parametrize(
    ("checks", "text", "problem"),
    [
        ({"equals": 9}, "10", "is 10, expected 9"),
        ({"approx": 0.1}, "0.2", "is 0.2, expected about 0.1"),
        ({"max": 4}, "nan", "is nan, expected at most 4"),
        ({"min": 2}, "1", "is 1, expected at least 2"),
        ({"max": 2}, "x", "is 'x', expected a number"),
        ({"matches": "b"}, "a", "'a' does not match 'b'"),
        ({"contains": "b"}, "a", "does not contain 'b'"),
        ({"json": {"a": {"b": 1}}}, '{"a": {}}', "a: has no 'b'"),
        ({"json": {"a": 1}}, "[]", "is [], expected an object"),
        ({"exists": False}, "", "was written"),
        ({"equals": 1.0, "rtol": 0.1}, "1.2", "is 1.2, expected 1.0 (rtol 0.1)"),
        (
            {"equals": "a,b\n1,2\n", "atol": 0.1},
            "a,b\n1,3\n",
            "line 2, column 2 ('b'): is '3', expected '2' (atol 0.1)",
        ),
        ({"schema": {"type": "array"}}, "{}", "does not fit the schema: $: {} is not of type 'array'"),
    ],
)
def test_checks_that_fail(tmp_path: Path, checks: Mapping[str, object], text: str, problem: str) -> None:
    (tmp_path / "output").write_text(text)
    (found,) = differences(_expectation(tmp_path, checks), tmp_path / "output")
    assert found.startswith(f"result: {problem}")


def test_a_missing_output(tmp_path: Path) -> None:
    assert differences(_expectation(tmp_path, {"equals": 1}), None) == ["result: was not written"]
    assert differences(_expectation(tmp_path, {"exists": False}), None) == []


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / "tests" / "cases" / "small" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_is_compared_byte_by_byte_with_a_readable_difference(tmp_path: Path) -> None:
    _file(tmp_path, "expected.txt", "a\nb\n")
    expectation, output = _expectation(tmp_path, {"file": "expected.txt"}), tmp_path / "output"
    output.write_text("a\nb\n")
    assert differences(expectation, output) == []
    output.write_text("a\nc\n")
    assert differences(expectation, output) == [
        "result: differs from expected.txt\n--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n a\n-b\n+c"
    ]
    output.write_text("a\r\nb\r\n")
    assert differences(expectation, output) == ["result: differs from expected.txt: only line ends differ"]
    output.write_bytes(b"\xff")
    assert differences(expectation, output) == ["result: differs from expected.txt: 1 bytes, expected 4"]
    assert differences(expectation, tmp_path) == ["result: is a folder, and only a file has content to compare"]


def test_a_schema_lies_beside_the_case(tmp_path: Path) -> None:
    _file(tmp_path, "shape.json", '{"required": ["n"], "properties": {"n": {"type": "integer"}}}')
    expectation, output = _expectation(tmp_path, {"schema": "shape.json"}), tmp_path / "output"
    output.write_text('{"n": 1}')
    assert differences(expectation, output) == []
    output.write_text('{"n": "1"}')
    assert differences(expectation, output) == ["result: does not fit the schema: $.n: '1' is not of type 'integer'"]


def test_a_snapshot_has_to_be_kept_first(tmp_path: Path) -> None:
    expectation, output = _expectation(tmp_path, {"snapshot": True}), tmp_path / "output"
    output.write_text("one\n")
    assert differences(expectation, output) == [
        "result: has no snapshot yet: `comp test --update` keeps the output as one"
    ]
    assert expectation.snapshot is not None
    assert snapshots.update(expectation.snapshot, output).name == "result"
    assert differences(expectation, output) == []
    output.write_text("two\n")
    assert differences(expectation, output) == [
        "result: differs from its snapshot snapshots/result\n--- expected\n+++ actual\n@@ -1 +1 @@\n-one\n+two"
    ]


def test_a_snapshot_outside_of_the_repository_is_refused(tmp_path: Path) -> None:
    component, elsewhere = tmp_path / "component", tmp_path / "elsewhere"
    elsewhere.mkdir()
    case = component / "tests" / "cases" / "small"
    case.mkdir(parents=True)
    (case / "snapshots").symlink_to(elsewhere)
    with pytest.raises(InputError, match="the snapshot of 'result' is snapshots/result, which leads out of"):
        read_expectations({"result": {"snapshot": True}}, case / "case.yaml")
