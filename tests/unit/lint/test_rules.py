"""Each rule finds what it is for, at its place, and nothing in what is right."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from toolkit.findings import Severity
from toolkit.lint.rules import RULES, findings_of
from toolkit.spec.reader import parse_document

PATH = Path("component.yaml")
PINNED = "a/b@sha256:" + "0" * 64


def _found(text: str, rule: str) -> list[str]:
    """Give what stands at each place where the rule finds something."""
    lines = text.splitlines()
    found = [finding for finding in findings_of(parse_document(text, PATH)) if finding.rule == rule]
    shown = []
    for finding in found:
        where = finding.where
        assert where.path == PATH
        assert finding.message
        if where.line is None or where.column is None:
            shown.append("")
        else:
            end = where.end_column - 1 if where.end_column and where.end_line == where.line else None
            shown.append(lines[where.line - 1][where.column - 1 : end])
    return shown


def _contract(inputs: str = "", args: str = "", outputs: str = "", image: str = PINNED, command: str = "run") -> str:
    return (
        f"name: n\ndescription: d\ninputs: [{inputs}]\noutputs: [{outputs}]\n"
        f"implementation:\n  container:\n    image: {image}\n    command: [{command}]\n    args: [{args}]\n"
    )


A = "{name: a, type: String, description: d}"
BRANCH = "{{if: {{cond: {{isPresent: a}}, then: {}}}}}".format
LAUNCHER = "python, /opt/comp/launch.py, a"

_TASK_C = "{componentRef: {name: n}, arguments: {x: {graphInput: {inputName: c}}}}"
_BEHIND = "{{componentRef: {{name: n}}, arguments: {{x: {{taskOutput: {{outputName: o, taskId: {}}}}}}}}}"


def _graph(tasks: str, outputs: str = "{}") -> str:
    return f"inputs: [{A}]\nimplementation: {{graph: {{tasks: {tasks}, outputValues: {outputs}}}}}"


# rule, contract, what stands at the places of its findings
CASES: tuple[tuple[str, str, list[str]], ...] = (
    ("C005", _contract("{name: a, default: 1.10, type: String}"), ["1.10"]),
    ("C005", _contract("{name: a, default: 010, type: Integer}"), ["010"]),
    ("C005", _contract("{name: a, default: yes}"), ["yes"]),
    ("C005", _contract("{name: a, default: '1.10'}, {name: b, default: 1.10, type: Float}"), []),
    ("C005", _contract("{name: a, default: yes, type: Boolean}, {name: b, default: 3, type: String}"), []),
    ("C005", _contract("{name: a, default: " + "9" * 5000 + ", type: Integer}"), []),
    ("C010", _contract(A, "{inputValue: b}"), ["{inputValue: b}"]),
    ("C010", _contract(A, "{concat: [x, {inputPath: b}]}"), ["{inputPath: b}"]),
    ("C010", _contract(A, "{if: {cond: {isPresent: b}, then: [{inputUri: c}]}}"), ["{isPresent: b}", "{inputUri: c}"]),
    ("C010", _contract(A, "{inputValue: a}, " + BRANCH("[{inputValue: a}]")), []),
    ("C010", _contract(outputs="{name: a}", args="{inputPath: a}"), ["{inputPath: a}"]),
    ("C011", _contract(outputs="{name: a}", args="{outputPath: b}, {outputUri: a}"), ["{outputPath: b}"]),
    ("C011", _contract(outputs="{name: a}") + "    fileOutputs: {a: /a, b: /b}", ["/b"]),
    ("C011", _contract(A, "{inputValue: a}, {outputPath: b}", outputs="{name: b}"), []),
    ("C012", _contract(outputs="{name: a}, {name: b}", args="{outputPath: b}"), ["{name: a}"]),
    ("C012", _contract(outputs="{name: a}, {name: b}", args="{concat: [x, {outputUri: a}]}, {outputPath: b}"), []),
    ("C012", _contract(outputs="{name: a}") + "    fileOutputs: {a: /a}", []),
    ("C012", _contract(outputs="{name: a}", args="{executorInput: null}"), []),
    ("C012", _contract(outputs="{name: a}", args="'--input={{$}}'"), []),
    ("C012", _contract(outputs="{name: a}", args="{executorInput: null}", command=LAUNCHER), ["{name: a}"]),
    ("C013", _contract(A), [A]),
    ("C013", _contract(A, BRANCH("[x]")), []),
    ("C013", _contract(A, "{executorInput: null}"), []),
    ("C013", _contract(A, "{executorInput: null}", command=LAUNCHER), [A]),
    ("C014", _contract("{name: A b}, {name: a_b}, {name: c}"), ["{name: a_b}"]),
    ("C014", _contract("{name: a}", outputs="{name: A}"), []),
    ("C015", _contract("{name: 1st}, {name: class}, {name: ok_2}"), ["{name: 1st}", "{name: class}"]),
    ("C015", _contract(outputs="{name: 名前}"), ["{name: 名前}"]),
    ("C015", _contract(A, outputs="{name: Output}"), []),
    ("C017", _contract("{name: a}, {name: b}, {name: a, type: X}"), ["{name: a, type: X}"]),
    ("C017", _contract("{name: a}", outputs="{name: a}"), []),
    (
        "C018",
        _contract("{name: ../../x}", outputs="{name: /home/u/.bash_profile}"),
        ["../../x", "/home/u/.bash_profile"],
    ),
    ("C018", _contract(r"{name: 'a\b'}, {name: '..'}, {name: '.'}, {name: ''}"), [r"'a\b'", "'..'", "'.'", "''"]),
    (
        "C018",
        _contract(r'{name: "a\0b"}, {name: "a\nb"}, {name: ' + "a" * 201 + "}"),
        [r'"a\0b"', r'"a\nb"', "a" * 201],
    ),
    ("C018", _contract("{name: größe (m²)}", outputs="{name: .hidden}, {name: 1. b}"), []),
    ("C020", _contract("{name: a, type: Integer, default: 3o}"), ["3o"]),
    ("C020", _contract("{name: a, type: Float, default: nan}"), ["nan"]),
    ("C020", _contract("{name: a, type: Boolean, default: Fasle}"), ["Fasle"]),
    ("C020", _contract("{name: a, type: JsonArray, default: '{}'}"), ["'{}'"]),
    ("C020", _contract("{name: a, type: JsonObject, default: '{'}"), ["'{'"]),
    ("C020", _contract("{name: a, type: List, default: '" + "[" * 50_000 + "'}"), ["'" + "[" * 50_000 + "'"]),
    ("C020", _contract("{name: a, type: Integer, default: '-3'}, {name: b, type: Float, default: 1e-3}"), []),
    ("C020", _contract("{name: a, type: Bool, default: 'True'}, {name: b, type: Dict, default: '{}'}"), []),
    ("C020", _contract("{name: a, type: String, default: '3o'}, {name: b, type: CSV, default: x}"), []),
    ("C021", _contract("{name: a, type: Integer, default: ''}"), ["''"]),
    ("C021", _contract("{name: a, type: String, default: ''}, {name: b, default: ''}"), []),
    ("C022", _contract("{name: a, type: Integer, default: 3}"), ["3"]),
    ("C022", _contract("{name: a, type: Integer, default: '3'}, {name: b, default: 010}"), []),
    ("C023", _contract("{name: a, default: 5, type: String}, {name: b, default: true, type: str}"), ["5", "true"]),
    ("C023", _contract("{name: a, default: 1.5, type: Integer}, {name: b, default: 1, type: Bool}"), ["1.5", "1"]),
    ("C023", _contract("{name: a, default: 5, type: Dataset}, {name: b, default: 5, type: Double}"), ["5", "5"]),
    (
        "C023",
        _contract("{name: a, default: '5', type: String}, {name: b, default: 5}, {name: c, default: 5, type: Float}"),
        [],
    ),
    ("C023", _contract("{name: a, default: yes, type: Boolean}, {name: b, default: true, type: Integer}"), []),
    ("C023", _contract("{name: a, default: 5, type: JsonArray}, {name: b, default: x y, type: String}"), []),
    ("C005", _contract("{name: a, default: 1.\t0}, {name: b, default: '1.\t0'}"), []),
    ("C029", _contract("{name: a, default: x}", "--a, {inputValue: a}"), ["{inputValue: a}"]),
    (
        "C029",
        _contract("{name: a, default: ''}", "{concat: [--a=, {inputValue: a}]}"),
        ["{concat: [--a=, {inputValue: a}]}"],
    ),
    ("C029", _contract("{name: a, default: x}", BRANCH("[--a, {inputValue: a}]")), []),
    (
        "C029",
        _contract("{name: a, default: x}, {name: b, default: y}", BRANCH("[{inputValue: a}, {inputValue: b}]")),
        [BRANCH("[{inputValue: a}, {inputValue: b}]")],
    ),
    ("C029", _contract(A + ", {name: b, optional: true}", "{inputValue: a}, {inputValue: b}"), []),
    ("C029", _contract("{name: a, default: x}", "{executorInput: null}"), []),
    ("C024", _contract("{name: a, optional: true}", "--a, {inputValue: a}"), ["{inputValue: a}"]),
    ("C024", _contract("{name: a, optional: true}", "{concat: [{inputValue: a}]}"), ["{concat: [{inputValue: a}]}"]),
    ("C024", _contract("{name: a, optional: true}", BRANCH("[--a, {inputValue: a}]")), []),
    ("C024", _contract("{name: a, optional: true, default: x}", "{inputValue: a}"), []),
    (
        "C024",
        _contract("{name: a, optional: true}", "{if: {cond: {isPresent: a}, then: [x], else: [{inputPath: a}]}}"),
        ["{if: {cond: {isPresent: a}, then: [x], else: [{inputPath: a}]}}"],
    ),
    ("C025", _contract(A, "{concat: [x, " + BRANCH("[{inputValue: a}]") + "]}"), ["[{inputValue: a}]"]),
    ("C025", _contract(A, "{concat: [x, " + BRANCH("{inputValue: a}") + "]}"), []),
    ("C025", _contract(A, BRANCH("[x, y]")), []),
    ("C026", _contract(A, "{if: {cond: {inputValue: a}, then: [x]}}"), ["{inputValue: a}"]),
    ("C026", _contract(A, "{if: {cond: true, then: [x]}}, {if: {cond: 'yes', then: [x]}}"), ["true", "'yes'"]),
    ("C026", _contract(A, BRANCH("[x]")), []),
    ("C027", _contract("{name: a, type: String, default: x, annotations: {choices: [y]}}"), ["x"]),
    ("C027", _contract("{name: a, type: Integer, default: '1', annotations: {choices: [1, 2]}}"), []),
    ("C028", _contract("{name: a, type: String, default: " + "x" * (1 << 17) + "}"), ["x" * (1 << 17)]),
    ("C028", _contract("{name: a, type: String, default: " + "x" * ((1 << 17) - 1) + "}"), []),
    ("C030", _contract("{name: a, type: Strng}", outputs="{name: b, type: Modle}"), ["Strng", "Modle"]),
    ("C030", _contract("{name: a, type: CSV}, {name: b, type: int}, {name: c}, {name: d, type: {X: 1}}"), []),
    ("C032", _contract("{name: a, type: Integer}", "{inputPath: a}"), ["{inputPath: a}"]),
    ("C032", _contract("{name: a, type: Dataset}, {name: b}", "{inputValue: a}, {inputUri: b}"), ["{inputValue: a}"]),
    ("C032", _contract("{name: a}", "{inputValue: a}"), ["{inputValue: a}"]),
    ("C032", _contract("{name: a, type: Integer}, {name: b, type: CSV}", "{inputValue: a}, {inputPath: b}"), []),
    (
        "C032",
        _contract(
            "{name: a, type: 'typing.List[str]'}, {name: b, type: 'Dict[str, int]'}", "{inputValue: a}, {inputValue: b}"
        ),
        [],
    ),
    ("C032", _contract("{name: a, type: 'typing.List[str]'}", "{inputPath: a}"), ["{inputPath: a}"]),
    ("C032", _contract("{name: a, type: 'typing.Optional[str]'}", "{inputValue: a}"), ["{inputValue: a}"]),
    ("C033", _contract("{name: a, type: {}}", outputs="{name: b, type: []}"), ["{}", "[]"]),
    ("C033", _contract("{name: a, type: {A: 1}}, {name: b}"), []),
    ("C040", _contract(command=""), [PINNED]),
    ("C040", _contract(), []),
    ("C034", _contract("{name: a, type: [CSV]}"), ["[CSV]"]),
    ("C034", _contract("{name: a, type: CSV}"), []),
    ("C043", "implementation: {graph: {tasks: {}}}", ["{tasks: {}}"]),
    ("C043", _contract(), []),
    ("C044", "name: n\nimplementation: ~", ["~"]),
    ("C044", "name: n", ["name: n"]),
    ("C044", _contract(), []),
    (
        "C045",
        _contract(A, "{inputMetadata: a}, {outputMetadata: null}"),
        ["{inputMetadata: a}", "{outputMetadata: null}"],
    ),
    ("C045", _contract(A, "{inputValue: a}"), []),
    ("C046", _graph("{b: {componentRef: {name: n}, arguments: {x: {graphInput: {inputName: c}}}}}"), [_TASK_C]),
    ("C046", _graph(f"{{b: {_BEHIND.format('c')}}}"), [_BEHIND.format("c")]),
    (
        "C046",
        _graph(f"{{b: {_BEHIND.format('c')}, c: {_BEHIND.format('b')}}}"),
        [f"{{tasks: {{b: {_BEHIND.format('c')}, c: {_BEHIND.format('b')}}}, outputValues: {{}}}}"],
    ),
    ("C046", _graph("{}", "{o: {graphInput: {inputName: a}}}"), ["{graphInput: {inputName: a}}"]),
    ("C046", _graph(f"{{b: {_BEHIND.format('c')}, c: {{componentRef: {{name: n}}}}}}"), []),
    ("C046", _contract(), []),
    ("C060", _contract(image="a/b:1"), ["a/b:1"]),
    ("C060", _contract(), []),
    ("C061", _contract(image="a/b:latest"), ["a/b:latest"]),
    ("C061", _contract(image="a/latest:1"), []),
    ("C062", _contract(image="localhost:5000/a"), ["localhost:5000/a"]),
    ("C062", _contract(image="a:1"), []),
    ("C062", _contract(), []),
    ("C069", _contract(image="A B"), ["A B"]),
    ("C069", _contract(image="''"), ["''"]),
    ("C069", _contract(), []),
    ("C080", _contract(args="x" * 10_000), [""]),
    ("C080", _contract(args="x" * 9_000), []),
    ("C090", "implementation: {container: {image: a}}", ["implementation: {container: {image: a}}"]),
    ("C090", _contract(), []),
    ("C091", _contract(A + ", {name: b}", outputs="{name: c}"), ["{name: b}", "{name: c}"]),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_what_a_rule_finds(rule: str, text: str, places: list[str]) -> None:
    assert _found(text, rule) == places


def test_every_rule_has_a_case_that_is_wrong_and_one_that_is_right() -> None:
    checked = {rule.id for rule in RULES.values() if rule.check}
    assert {rule for rule, _, places in CASES if places} == checked
    assert {rule for rule, _, places in CASES if not places} | {"C091"} == checked


def test_ids_names_and_severities_never_change() -> None:
    assert {rule.id: (rule.name, str(rule.severity)) for rule in RULES.values() if rule.id < "D"} == {
        "C001": ("yaml-syntax", "error"),
        "C002": ("duplicate-key", "error"),
        "C003": ("unknown-key", "error"),
        "C004": ("not-a-string", "error"),
        "C005": ("ambiguous-scalar", "warning"),
        "C010": ("unknown-input-ref", "error"),
        "C011": ("unknown-output-ref", "error"),
        "C012": ("output-never-produced", "warning"),
        "C013": ("input-never-used", "warning"),
        "C014": ("name-collision-after-sanitising", "error"),
        "C015": ("name-not-identifier", "warning"),
        "C017": ("duplicate-name", "error"),
        "C018": ("name-is-a-path", "error"),
        "C020": ("default-not-parsable", "error"),
        "C021": ("default-empty-for-typed", "error"),
        "C022": ("default-not-quoted", "info"),
        "C023": ("default-of-another-type", "error"),
        "C024": ("optional-unguarded", "error"),
        "C025": ("if-in-concat-list", "error"),
        "C026": ("if-cond-unsupported", "error"),
        "C027": ("default-not-a-choice", "error"),
        "C028": ("value-too-long", "error"),
        "C029": ("default-unguarded", "warning"),
        "C030": ("unknown-type", "warning"),
        "C032": ("kind-type-mismatch", "error"),
        "C033": ("empty-type", "error"),
        "C034": ("list-type", "error"),
        "C040": ("no-command", "warning"),
        "C041": ("env-placeholder", "error"),
        "C042": ("unsupported-container-key", "error"),
        "C043": ("graph", "warning"),
        "C044": ("no-implementation", "error"),
        "C045": ("unknown-to-kfp-2", "error"),
        "C046": ("graph-reference", "error"),
        "C060": ("image-not-pinned", "warning"),
        "C061": ("image-latest", "warning"),
        "C062": ("image-no-tag", "warning"),
        "C069": ("image-not-a-reference", "error"),
        "C080": ("too-large", "warning"),
        "C090": ("missing-description", "info"),
        "C091": ("missing-port-description", "info"),
        "C099": ("contract-stale", "error"),
    }


def test_a_contract_beyond_the_annotations_limit_is_an_error() -> None:
    (finding,) = (one for one in findings_of(parse_document(_contract(args="x" * 262_144), PATH)) if one.rule == "C080")
    assert finding.severity is Severity.ERROR


def test_a_suggestion() -> None:
    text = _contract("{name: data}", "{inputPath: date}")
    (finding,) = (one for one in findings_of(parse_document(text, PATH)) if one.rule == "C010")
    assert finding.help == "did you mean 'data'?"


def test_findings_come_in_the_order_of_the_file() -> None:
    text = _contract("{name: a, type: {}}, {name: b, default: 3}", "{inputPath: c}", image="a")
    lines = [finding.where.line or 0 for finding in findings_of(parse_document(text, PATH))]
    assert lines == sorted(lines)
    assert len(set(lines)) > 1


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_explains_itself(rule: str) -> None:
    known: Any = RULES[rule]
    assert known.summary.endswith(".")
    assert known.bad != known.good
    if rule in {"C002", "C003", "C004", "C020", "C021", "C060"}:
        yaml.safe_load(known.bad)
