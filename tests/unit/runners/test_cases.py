"""Cases: what is read, and what is refused with its file."""

import json
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.runners.cases import Failure, find_cases, parameter_text, read_case
from toolkit.runners.tolerance import Tolerance


def _write(folder: Path, text: str, name: str = "small") -> Path:
    path = folder / "tests" / "cases" / name / "case.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_case_is_read(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "description: Few words.\ninputs: {text: {path: text.txt}, most: 3, options: {path: a, more: b}}\n"
        "outputs: {count: {equals: 9, rtol: 0.1}}\nenv: {LEVEL: info, N: 3}\n",
    )
    (path.parent / "text.txt").write_text("x")
    case = read_case(path)
    assert (case.name, case.component, case.failure, case.description) == ("small", None, None, "Few words.")
    assert case.artifacts == {"text": path.parent / "text.txt"}
    assert case.values == {"most": 3, "options": {"path": "a", "more": "b"}}
    assert case.env == {"LEVEL": "info", "N": "3"}
    assert case.expectations["count"].checks == {"equals": 9}
    assert case.expectations["count"].tolerance == Tolerance(rtol=0.1)


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("{}", None),
        ("fails: false", None),
        ("fails: true", Failure()),
        ("fails: {exit: 3}", Failure(exit_code=3)),
        ("fails: {message: 'no .* words'}", Failure(message="no .* words")),
    ],
)
def test_an_expected_failure(tmp_path: Path, text: str, failure: Failure | None) -> None:
    assert read_case(_write(tmp_path, text)).failure == failure


def test_cases_are_found_in_order_of_name(tmp_path: Path) -> None:
    for name in ("b", "a"):
        _write(tmp_path, "fails: true", name)
    assert [case.name for case in find_cases(tmp_path)] == ["a", "b"]
    assert find_cases(tmp_path / "elsewhere") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "not a mapping"),
        ("inptus: {}", "unknown key 'inptus'"),
        ("inputs: [a]", "inputs and outputs are mappings by name"),
        ("inputs: {1: 2}", "the input's name 1 is not a text"),
        ("fails: true\noutputs: {count: {equals: 1}}", "outputs of a component that has to fail are not compared"),
        ("outputs: {count: {equal: 1}}", "the output 'count' has the unknown check 'equal'"),
        (
            "outputs: {count: {rtol: -1}}",
            "the output 'count': rtol is -1, expected a finite number that is not negative",
        ),
        ("outputs: {count: {snapshot: 1}}", "the output 'count': snapshot is 1, expected true or false"),
        ("outputs: {count: {schema: {type: x}}}", "the output 'count': schema is .*, not a JSON schema"),
        ("outputs: {count: {schema: missing.json}}", "the output 'count': schema is 'missing.json', which does not"),
        ("outputs: {count: {schema: ../../../../x}}", "the output 'count': schema is .*, which leads out of"),
        ("fails: {exit: 0}", "fails.exit is 0, expected 1 to 255"),
        ("fails: {exit: true}", "fails.exit is True, expected 1 to 255"),
        ("fails: {message: '('}", r"fails.message is '\(', not a regular expression"),
        ("fails: {code: 1}", "fails is {'code': 1}"),
        ("fails: 'yes'", "fails is 'yes'"),
        ("env: [A]", "env is a mapping by name"),
        ("env: {A=B: c}", "env has 'A=B', and no environment can hold it"),
        ('env: {A: "b\\0"}', "env has 'A', and no environment can hold it"),
        ("component: [a]", r"component is \['a'\], not a name"),
        ('inputs: {a: {path: "b\\0"}}', r"the input 'a' is 'b\\x00': .*embedded null"),  # Python's words differ
        (f"inputs: {{a: {{path: {'b' * 300}}}}}", "the input 'a' is 'b+': File name too long"),
        (f"outputs: {{a: {{schema: {'b' * 300}}}}}", "the output 'a': schema is 'b+': File name too long"),
        ("env: {A: [1]}", "the variable 'A' of env is not a text"),
        ("env: {A: ghp_" + "a1" * 18 + "}", "the variable 'A' of env looks like a secret"),
        ("inputs: {day: 2024-02-31}", "a value cannot be read"),
        ("outputs: {count: {}}", "the output 'count' has no known check"),
        ("outputs: {count: {max: true}}", "the output 'count': max is True, expected a number"),
        ("outputs: {count: {exists: 1}}", "the output 'count': exists is 1, expected true or false"),
        ("outputs: {count: {contains: 1}}", "the output 'count': contains is 1, expected a text"),
        ("outputs: {count: {matches: '('}}", r"the output 'count': matches is '\(', not a regular expression"),
        ("outputs: {count: {file: /etc/hostname}}", "the output 'count': file is /etc/hostname, which leads out of"),
    ],
)
def test_an_invalid_case_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(InputError, match=problem) as refused:
        read_case(path)
    assert refused.value.where is not None
    assert refused.value.where.path == path


@pytest.mark.parametrize("value", [True, 1, 1.5, [1, "a"], {"a": None}])
def test_values_are_passed_as_json_and_texts_as_they_are(value: object) -> None:
    assert json.loads(parameter_text(value)) == value
    assert parameter_text("a b") == "a b"
