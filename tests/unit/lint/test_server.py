"""What KFP 2's server does not resolve, and what its engines replace."""

import pytest

from tests.contracts import BRANCH, PATH, A, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

CONCAT = "{concat: [--a=, {inputValue: a}]}"
NESTED = BRANCH("[{concat: [x, {inputValue: a}]}]")
OUTPUT = BRANCH("[--o, {outputPath: o}]")

CASES: tuple[Case, ...] = (
    ("C031", contract("{name: a, type: String, default: '{{workflow.name}}'}"), ["'{{workflow.name}}'"]),
    ("C031", contract("{name: a, type: String, default: costs $$5}"), ["costs $$5"]),
    ("C031", contract("{name: a, type: JsonArray, default: '[\"{{=1+1}}\"]'}"), ["'[\"{{=1+1}}\"]'"]),
    ("C031", contract(A, "'--x={{inputs.parameters.x}}'"), ["'--x={{inputs.parameters.x}}'"]),
    ("C031", contract(A, BRANCH("['{{pod.name}}']")), ["'{{pod.name}}'"]),
    (
        "C031",
        contract(A).replace("    args:", "    env: {X: '{{workflow.uid}}'}\n    args:"),
        ["{X: '{{workflow.uid}}'}"],
    ),
    ("C031", contract("{name: a, type: String, default: '{{name}} $HOME'}", "'{{$}}', $$, '{{$.inputs.x}}'"), []),
    ("C031", contract("{name: a, type: Dataset, default: '{{workflow.name}}'}"), []),
    ("C035", contract('{name: a, type: String, default: "one\\ntwo"}'), ['"one\\ntwo"']),
    ("C035", contract("{name: a, type: String, default: one}, {name: b, type: Integer}"), []),
    ("C047", contract(A, CONCAT), [CONCAT]),
    (
        "C047",
        contract(A, "\"{{$.inputs.artifacts['x'].metadata['n']}}\""),
        ["\"{{$.inputs.artifacts['x'].metadata['n']}}\""],
    ),
    ("C047", contract(A, NESTED), [NESTED]),
    ("C047", contract(A, BRANCH("[" + BRANCH("[x]") + "]")), [BRANCH("[" + BRANCH("[x]") + "]")]),
    ("C047", contract(A, OUTPUT, outputs="{name: o, type: Model}"), [OUTPUT]),
    ("C047", contract(A, BRANCH("[--a, {inputValue: a}]") + ", {outputPath: o}", outputs="{name: o}"), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.server") == set()


@pytest.mark.parametrize(
    ("text", "severity"),
    [("{{pod.name}}", "info"), ("{{ workflow.uid }}", "info"), ("{{inputs.parameters.x}}", "warning")],
)
def test_a_variable_of_argo_may_be_meant(text: str, severity: str) -> None:
    document = parse_document(contract(A, f"'{text}'"), PATH)
    assert [str(each.severity) for each in findings_of(document) if each.rule == "C031"] == [severity]
