"""Defaults and options."""

import pytest

from tests.contracts import PATH, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

CASES: tuple[Case, ...] = (
    ("C005", contract("{name: a, default: 1.10, type: String}"), ["1.10"]),
    ("C005", contract("{name: a, default: 010, type: Integer}"), ["010"]),
    ("C005", contract("{name: a, default: yes}"), ["yes"]),
    ("C005", contract("{name: a, default: '1.10'}, {name: b, default: 1.10, type: Float}"), []),
    ("C005", contract("{name: a, default: yes, type: Boolean}, {name: b, default: 3, type: String}"), []),
    ("C005", contract("{name: a, default: " + "9" * 5000 + ", type: Integer}"), []),
    ("C020", contract("{name: a, type: Integer, default: 3o}"), ["3o"]),
    ("C020", contract("{name: a, type: Float, default: nan}"), ["nan"]),
    ("C020", contract("{name: a, type: Boolean, default: Fasle}"), ["Fasle"]),
    ("C020", contract("{name: a, type: JsonArray, default: '{}'}"), ["'{}'"]),
    ("C020", contract("{name: a, type: JsonObject, default: '{'}"), ["'{'"]),
    ("C020", contract("{name: a, type: List, default: '" + "[" * 50_000 + "'}"), ["'" + "[" * 50_000 + "'"]),
    ("C020", contract("{name: a, type: Integer, default: '-3'}, {name: b, type: Float, default: 1e-3}"), []),
    ("C020", contract("{name: a, type: Bool, default: 'True'}, {name: b, type: Dict, default: '{}'}"), []),
    ("C020", contract("{name: a, type: String, default: '3o'}, {name: b, type: CSV, default: x}"), []),
    ("C021", contract("{name: a, type: Integer, default: ''}"), ["''"]),
    ("C021", contract("{name: a, type: String, default: ''}, {name: b, default: ''}"), []),
    ("C022", contract("{name: a, type: Integer, default: 3}"), ["3"]),
    ("C022", contract("{name: a, type: Integer, default: '3'}, {name: b, default: 010}"), []),
    ("C023", contract("{name: a, default: 5, type: String}, {name: b, default: true, type: str}"), ["5", "true"]),
    ("C023", contract("{name: a, default: 1.5, type: Integer}, {name: b, default: 1, type: Bool}"), ["1.5", "1"]),
    ("C023", contract("{name: a, default: 5, type: Dataset}, {name: b, default: 5, type: Double}"), ["5", "5"]),
    (
        "C023",
        contract("{name: a, default: '5', type: String}, {name: b, default: 5}, {name: c, default: 5, type: Float}"),
        [],
    ),
    ("C023", contract("{name: a, default: yes, type: Boolean}, {name: b, default: true, type: Integer}"), []),
    ("C023", contract("{name: a, default: 5, type: JsonArray}, {name: b, default: x y, type: String}"), []),
    ("C005", contract("{name: a, default: 1.\t0}, {name: b, default: '1.\t0'}"), []),
    ("C027", contract("{name: a, type: String, default: x, annotations: {choices: [y]}}"), ["x"]),
    ("C027", contract("{name: a, type: Integer, default: '1', annotations: {choices: [1, 2]}}"), []),
    ("C028", contract("{name: a, type: String, default: " + "x" * (1 << 17) + "}"), ["x" * (1 << 17)]),
    ("C028", contract("{name: a, type: String, default: " + "x" * ((1 << 17) - 1) + "}"), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_an_empty_default_is_an_error_unless_kfp_passes_it() -> None:
    types = {"a": "Boolean", "b": "JsonArray", "c": "dict"}
    ports = ", ".join(f"{{name: {name}, type: {type_}, default: ''}}" for name, type_ in types.items())
    document = parse_document(contract(ports), PATH)
    found = [finding for finding in findings_of(document) if finding.rule == "C021"]
    assert [str(finding.severity) for finding in found] == ["error", "warning", "warning"]
    assert "write '[]'" in found[1].help


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.values") == set()
