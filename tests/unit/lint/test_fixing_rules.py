"""What each rule's fix makes of a contract, and whether it is safe."""

from pathlib import Path

import pytest

from toolkit.edits import Applicability
from toolkit.lint.fixing import fixed
from toolkit.lint.linter import lint_text
from toolkit.lint.rule import FIXES

PATH = Path("component.yaml")
SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE
HEAD = "name: A\ndescription: A component\n"
CONTAINER = "implementation: {container: {image: 'a:1', command: [c], args: ["
IMPLEMENTATION = CONTAINER + "{inputValue: n}]}}\n"


def _input(text: str) -> str:
    return f"{HEAD}inputs: [{{name: n, {text}}}]\n{IMPLEMENTATION}"


def _args(inputs: str, args: str) -> str:
    return f"{HEAD}inputs: [{inputs}]\n{CONTAINER}{args}]}}}}\n"


CASES = [
    (
        "C002",
        SAFE,
        "name: A\n" + _input("type: Integer").replace("A\n", "'A'\n", 1),
        _input("type: Integer").replace("A\n", "'A'\n", 1),
    ),
    ("C002", UNSAFE, _input("type: Integer, default: '1', default: '2'"), _input("type: Integer, default: '2'")),
    (
        "C025",
        SAFE,
        _args("{name: a, type: String}", "{concat: [x, {if: {cond: {isPresent: a}, then: [b, {inputValue: a}]}}]}"),
        _args(
            "{name: a, type: String}",
            "{concat: [x, {if: {cond: {isPresent: a}, then: {concat: [b, {inputValue: a}]}}}]}",
        ),
    ),
    (
        "C036",
        UNSAFE,
        HEAD + "outputs: [{name: a, type: GCSPath}]\n" + CONTAINER + "{outputPath: a}]}}",
        HEAD + "outputs: [{name: a, type: String}]\n" + CONTAINER + "{outputPath: a}]}}",
    ),
    ("C003", SAFE, HEAD + "inptus: []\n" + CONTAINER + "]}}\n", HEAD + "inputs: []\n" + CONTAINER + "]}}\n"),
    ("C003", UNSAFE, _input("typo: Integer"), _input("type: Integer")),
    (
        "C042",
        SAFE,
        "name: A\nimplementation: {container: {image: a, comand: [c]}}",
        "name: A\nimplementation: {container: {image: a, command: [c]}}",
    ),
    ("C004", SAFE, _args("", "5, no"), _args("", "'5', 'no'")),
    ("C004", SAFE, _input("type: JsonArray, default: [1, a]"), _input("type: JsonArray, default: '[1, \"a\"]'")),
    ("C005", UNSAFE, _input("type: String, default: 1.10"), _input("type: String, default: '1.10'")),
    ("C010", UNSAFE, _args("{name: data}", "{inputPath: date}"), _args("{name: data}", "{inputPath: data}")),
    (
        "C010",
        UNSAFE,
        _args("{name: data}", "{if: {cond: {isPresent: date}, then: [a]}}"),
        _args("{name: data}", "{if: {cond: {isPresent: data}, then: [a]}}"),
    ),
    (
        "C011",
        UNSAFE,
        HEAD + "outputs: [{name: model}]\n" + CONTAINER + "{outputPath: modle}]}}",
        HEAD + "outputs: [{name: model}]\n" + CONTAINER + "{outputPath: model}]}}",
    ),
    (
        "C011",
        UNSAFE,
        HEAD + "outputs: [{name: model}]\n" + CONTAINER + "], fileOutputs: {modle: /a}}}",
        HEAD + "outputs: [{name: model}]\n" + CONTAINER + "], fileOutputs: {model: /a}}}",
    ),
    ("C013", UNSAFE, _args("{name: a}, {name: b}", "{inputPath: b}"), _args("{name: b}", "{inputPath: b}")),
    ("C020", UNSAFE, _input('type: Integer, default: "30\'"'), _input('type: Integer, default: "30"')),
    ("C020", UNSAFE, _input("type: Boolean, default: 'Fasle'"), _input("type: Boolean, default: 'false'")),
    ("C021", UNSAFE, _input("type: JsonArray, default: ''"), _input("type: JsonArray, default: '[]'")),
    ("C021", UNSAFE, _input("type: Integer, default: ''"), _input("type: Integer, optional: true")),
    ("C021", UNSAFE, _input("type: Integer, default: '', optional: true"), _input("type: Integer, optional: true")),
    ("C022", SAFE, _input("type: Integer, default: 5"), _input("type: Integer, default: '5'")),
    ("C022", SAFE, _input("type: Boolean, default: yes"), _input("type: Boolean, default: 'True'")),
    ("C022", UNSAFE, _input("type: Float, default: 1.50"), _input("type: Float, default: '1.50'")),
    ("C023", SAFE, _input("type: String, default: 5"), _input("type: String, default: '5'")),
    (
        "C024",
        SAFE,
        _args("{name: n, type: String, optional: true}", "{inputValue: n}"),
        _args("{name: n, type: String, optional: true}", "{if: {cond: {isPresent: 'n'}, then: [{inputValue: n}]}}"),
    ),
    (
        "C024",
        UNSAFE,
        _args("{name: a, type: String, optional: true}", "x, --a, {inputValue: a}"),
        _args(
            "{name: a, type: String, optional: true}", "x, {if: {cond: {isPresent: a}, then: [--a, {inputValue: a}]}}"
        ),
    ),
    (
        "C025",
        SAFE,
        _args("{name: a, type: String}", "{concat: [x, {if: {cond: {isPresent: a}, then: [{inputValue: a}]}}]}"),
        _args("{name: a, type: String}", "{concat: [x, {if: {cond: {isPresent: a}, then: {inputValue: a}}}]}"),
    ),
    (
        "C027",
        UNSAFE,
        _input("type: String, default: fats, annotations: {choices: [fast, slow]}"),
        _input("type: String, default: fast, annotations: {choices: [fast, slow]}"),
    ),
    (
        "C029",
        SAFE,
        _args("{name: a, type: String, default: b}", "--a, {inputValue: a}"),
        _args(
            "{name: a, type: String, default: b}",
            "{if: {cond: {isPresent: a}, then: [--a, {inputValue: a}], else: [--a, b]}}",
        ),
    ),
    (
        "C030",
        UNSAFE,
        _args("{name: a, type: Datset}", "{inputPath: a}"),
        _args("{name: a, type: Dataset}", "{inputPath: a}"),
    ),
    (
        "C032",
        UNSAFE,
        _args("{name: a, type: String}", "{inputPath: a}"),
        _args("{name: a, type: String}", "{inputValue: a}"),
    ),
    ("C032", UNSAFE, _args("{name: a}", "{inputValue: a}"), _args("{name: a, type: String}", "{inputValue: a}")),
    ("C033", SAFE, _args("{name: a, type: {}}", "{inputPath: a}"), _args("{name: a}", "{inputPath: a}")),
    (
        "C034",
        UNSAFE,
        _args("{name: a, type: [CSV]}", "{inputPath: a}"),
        _args("{name: a, type: CSV}", "{inputPath: a}"),
    ),
    ("C101", SAFE, HEAD + CONTAINER + "]}}  # comp:ignore[C061] moves\n", HEAD + CONTAINER + "]}}\n"),
    (
        "C101",
        SAFE,
        HEAD + CONTAINER + "]}}  # comp:ignore[C060, C061] moves\n",
        HEAD + CONTAINER + "]}}  # comp:ignore[C060] moves\n",
    ),
    (
        "C101",
        SAFE,
        HEAD + CONTAINER + "]}}  # comp:ignore[C061, C060] moves\n",
        HEAD + CONTAINER + "]}}  # comp:ignore[C060] moves\n",
    ),
]


def _only(rule: str, text: str, *, unsafe: bool) -> tuple[str, list[Applicability]]:
    """Return a contract's text with the findings of one rule fixed, and the applicability of what was done."""
    result = fixed(
        text, PATH, lambda text: [each for each in lint_text(text, PATH) if each.rule == rule], unsafe=unsafe
    )
    return result.text, [finding.fix.applicability for finding in result.made if finding.fix]


@pytest.mark.parametrize(("rule", "applicability", "text", "edited"), CASES)
def test_a_finding_is_fixed(rule: str, applicability: Applicability, text: str, edited: str) -> None:
    result, made = _only(rule, text, unsafe=True)
    assert result == edited
    assert set(made) == {applicability}
    if applicability is UNSAFE:
        assert _only(rule, text, unsafe=False) == (text, [])


def test_the_table_of_fixes_names_the_safest_of_each_rule() -> None:
    found: dict[str, Applicability] = {}
    for rule, applicability, *_ in CASES:
        found[rule] = SAFE if found.get(rule) is SAFE else applicability
    assert found == FIXES


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("C003", _input("foo: bar")),
        ("C004", _args("", "~")),
        ("C010", _args("{name: data}", "{inputPath: rate}")),
        ("C013", _args("{name: data}", "{inputPath: date}")),
        ("C020", _input("type: Integer, default: many")),
        ("C022", _input("type: Integer, default: 5.0")),
        ("C023", _input("type: Integer, default: 5.0")),
        ("C024", _args("{name: a, optional: true}", "--a, {inputPath: a}")),
        ("C024", _args("{name: a, type: String, optional: true}", "{concat: [--a=, {inputValue: a}]}")),
        ("C025", _args("{name: a, type: String}", "{concat: [x, {if: {cond: {isPresent: a}, then: []}}]}")),
        ("C029", _args("{name: a, type: String, default: 1.10}", "{inputValue: a}")),
        ("C029", _args("{name: a, type: Integer, default: ''}", "{inputValue: a}")),
        ("C030", _args("{name: a, type: &a Datset}, {name: b, type: *a}", "{inputPath: a}, {inputPath: b}")),
        ("C034", _args("{name: a, type: [CSV, TSV]}", "{inputPath: a}")),
        ("C101", HEAD + "# comp:ignore[C061] its tag\n# moves\n" + CONTAINER + "]}}\n"),
        (
            "C101",
            HEAD
            + "implementation:\n  container:\n    image: a:1\n    command:\n    - |\n      # comp:ignore[C061] x\n",
        ),
    ],
)
def test_what_is_not_clear_is_left(rule: str, text: str) -> None:
    assert any(finding.rule == rule for finding in lint_text(text, PATH))
    assert _only(rule, text, unsafe=True) == (text, [])
