"""Inputs and outputs, and the arguments that name them."""

import pytest

from tests.contracts import BRANCH, PATH, A, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

LAUNCHER = "python, /opt/comp/launch.py, a"

CASES: tuple[Case, ...] = (
    ("C010", contract(A, "{inputValue: b}"), ["{inputValue: b}"]),
    ("C010", contract(A, "{concat: [x, {inputPath: b}]}"), ["{inputPath: b}"]),
    ("C010", contract(A, "{if: {cond: {isPresent: b}, then: [{inputUri: c}]}}"), ["{isPresent: b}", "{inputUri: c}"]),
    ("C010", contract(A, "{inputValue: a}, " + BRANCH("[{inputValue: a}]")), []),
    ("C010", contract(outputs="{name: a}", args="{inputPath: a}"), ["{inputPath: a}"]),
    ("C011", contract(outputs="{name: a}", args="{outputPath: b}, {outputUri: a}"), ["{outputPath: b}"]),
    ("C011", contract(outputs="{name: a}") + "    fileOutputs: {a: /a, b: /b}", ["/b"]),
    ("C011", contract(A, "{inputValue: a}, {outputPath: b}", outputs="{name: b}"), []),
    ("C012", contract(outputs="{name: a}, {name: b}", args="{outputPath: b}"), ["{name: a}"]),
    ("C012", contract(outputs="{name: a}, {name: b}", args="{concat: [x, {outputUri: a}]}, {outputPath: b}"), []),
    ("C012", contract(outputs="{name: a}") + "    fileOutputs: {a: /a}", []),
    ("C012", contract(outputs="{name: a}", args="{executorInput: null}"), []),
    ("C012", contract(outputs="{name: a}", args="'--input={{$}}'"), []),
    ("C012", contract(outputs="{name: a}", args="{executorInput: null}", command=LAUNCHER), ["{name: a}"]),
    ("C013", contract(A), [A]),
    ("C013", contract(A, BRANCH("[x]")), []),
    ("C013", contract(A, "{executorInput: null}"), []),
    ("C013", contract(A, "{executorInput: null}", command=LAUNCHER), [A]),
    ("C014", contract("{name: A b}, {name: a_b}, {name: c}"), ["{name: a_b}"]),
    ("C014", contract("{name: a}", outputs="{name: A}"), []),
    ("C015", contract("{name: 1st}, {name: class}, {name: ok_2}"), ["{name: 1st}", "{name: class}"]),
    ("C015", contract(outputs="{name: 名前}"), ["{name: 名前}"]),
    ("C015", contract(A, outputs="{name: Output}"), []),
    ("C015", contract(A).replace("name: n", "name: 训练", 1), ["训练"]),
    ("C015", contract(A).replace("name: n", "name: 训练 v1", 1), []),
    ("C015", contract(A).replace("name: n", "name: '- -'", 1), []),
    ("C015", contract(A).replace("name: n", f"name: {'n' * 129}", 1), ["n" * 129]),
    ("C015", contract(A).replace("name: n", f"name: {'n' * 128}", 1), []),
    ("C017", contract("{name: a}, {name: b}, {name: a, type: X}"), ["{name: a, type: X}"]),
    ("C017", contract("{name: a}", outputs="{name: a}"), []),
    (
        "C018",
        contract("{name: ../../x}", outputs="{name: /home/u/.bash_profile}"),
        ["../../x", "/home/u/.bash_profile"],
    ),
    ("C018", contract(r"{name: 'a\b'}, {name: '..'}, {name: '.'}, {name: ''}"), [r"'a\b'", "'..'", "'.'", "''"]),
    (
        "C018",
        contract(r'{name: "a\0b"}, {name: "a\nb"}, {name: ' + "a" * 201 + "}"),
        [r'"a\0b"', r'"a\nb"', "a" * 201],
    ),
    ("C018", contract("{name: größe (m²)}", outputs="{name: .hidden}, {name: 1. b}"), []),
    ("C090", "implementation: {container: {image: a}}", ["implementation: {container: {image: a}}"]),
    ("C090", contract(), []),
    ("C091", contract(A + ", {name: b}", outputs="{name: c}"), ["{name: b}", "{name: c}"]),
    ("C091", contract(A), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.ports") == set()


def test_a_misspelt_input_has_a_suggestion() -> None:
    findings = findings_of(parse_document(contract("{name: data}", "{inputPath: date}"), PATH))
    assert [finding.help for finding in findings if finding.rule == "C010"] == ["did you mean 'data'?"]
