"""Inputs that a caller may leave out."""

import pytest

from tests.contracts import BRANCH, PATH, A, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

TESTED = "{if: {cond: {isPresent: t}, then: [--t, {inputPath: t}]}}"
TABLE = "{name: t, type: Dataset, optional: true}"
OURS = "python, /opt/comp/launch.py, n"

CASES: tuple[Case, ...] = (
    ("C029", contract("{name: a, default: x}", "--a, {inputValue: a}"), ["{inputValue: a}"]),
    (
        "C029",
        contract("{name: a, default: ''}", "{concat: [--a=, {inputValue: a}]}"),
        ["{concat: [--a=, {inputValue: a}]}"],
    ),
    ("C029", contract("{name: a, default: x}", BRANCH("[--a, {inputValue: a}]")), []),
    (
        "C029",
        contract("{name: a, default: x}, {name: b, default: y}", BRANCH("[{inputValue: a}, {inputValue: b}]")),
        [BRANCH("[{inputValue: a}, {inputValue: b}]")],
    ),
    ("C029", contract(A + ", {name: b, optional: true}", "{inputValue: a}, {inputValue: b}"), []),
    ("C029", contract("{name: a, default: x}", "{executorInput: null}"), []),
    ("C024", contract("{name: a, optional: true}", "--a, {inputValue: a}"), ["{inputValue: a}"]),
    ("C024", contract("{name: a, optional: true}", "{concat: [{inputValue: a}]}"), ["{concat: [{inputValue: a}]}"]),
    ("C024", contract("{name: a, optional: true}", BRANCH("[--a, {inputValue: a}]")), []),
    ("C024", contract("{name: a, optional: true, default: x}", "{inputValue: a}"), []),
    (
        "C024",
        contract("{name: a, optional: true}", "{if: {cond: {isPresent: a}, then: [x], else: [{inputPath: a}]}}"),
        ["{if: {cond: {isPresent: a}, then: [x], else: [{inputPath: a}]}}"],
    ),
    ("C048", contract(TABLE, TESTED), ["{isPresent: t}"]),
    ("C048", contract(TABLE, TESTED, command=OURS), ["{isPresent: t}"]),
    (
        "C048",
        contract(TABLE, "--executor-input, {executorInput: null}, --, run, " + TESTED, command=OURS),
        ["{isPresent: t}"],
    ),
    ("C048", contract(TABLE, TESTED + ", --executor-input, {executorInput: null}, --, run", command=OURS), []),
    ("C048", contract(TABLE, TESTED + ", --executor-input, {executorInput: null}", command=OURS), []),
    ("C048", contract(A, BRANCH("[{inputValue: a}]")), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.presence") == set()


@pytest.mark.parametrize(
    ("args", "advice"),
    [
        (
            "--a, {inputValue: a}",
            (
                "write {if: {cond: {isPresent: a}, then: [--a, {inputValue: a}], else: [--a, '5']}} "
                "in the place of --a and the value"
            ),
        ),
        ("x, {inputValue: a}", "write {if: {cond: {isPresent: a}, then: [{inputValue: a}], else: ['5']}}"),
        ("--, {inputValue: a}", "write {if: {cond: {isPresent: a}, then: [{inputValue: a}], else: ['5']}}"),
        (
            "{concat: [--a=, {inputValue: a}]}",
            (
                "write {if: {cond: {isPresent: a}, then: [--a, {inputValue: a}], else: [--a, '5']}}, "
                "if the program takes the value as an argument of its own"
            ),
        ),
        (
            "{concat: [x, {inputValue: a}, y]}",
            "pass it in an argument of its own: {if: {cond: {isPresent: a}, then: […]}}",
        ),
    ],
)
def test_the_advice_is_the_argument_as_it_should_be(args: str, advice: str) -> None:
    text = contract("{name: a, type: String, default: '5'}", args)
    (finding,) = (each for each in findings_of(parse_document(text, PATH)) if each.rule == "C029")
    assert finding.help == advice


def test_the_argument_of_an_optional_input_has_no_other_branch() -> None:
    text = contract("{name: a, type: String, optional: true}", "--a, {inputValue: a}")
    (finding,) = (each for each in findings_of(parse_document(text, PATH)) if each.rule == "C024")
    assert finding.help.startswith("write {if: {cond: {isPresent: a}, then: [--a, {inputValue: a}]}}")
