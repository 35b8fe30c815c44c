"""Types of KFP 1.8 that KFP 2 takes for artifacts."""

import pytest

from tests.contracts import PATH, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

CASES: tuple[Case, ...] = (
    ("C036", contract(outputs="{name: o, type: GCSPath, description: d}"), ["GCSPath"]),
    ("C036", contract("{name: a, type: Dictionary, description: d}", args="{inputPath: a}"), ["Dictionary"]),
    ("C036", contract(outputs="{name: o, type: 'typing.Sequence[str]', description: d}"), ["'typing.Sequence[str]'"]),
    ("C036", contract(outputs="{name: o, type: 'Optional[str]', description: d}"), ["'Optional[str]'"]),
    # C032 reports it.
    ("C036", contract("{name: a, type: GCSPath, description: d}", args="{inputValue: a}"), []),
    ("C036", contract(outputs="{name: o, type: 'typing.List[str]'}, {name: p, type: Model}, {name: q}"), []),
    ("C036", contract(outputs="{name: o, type: {GCSPath: {data_type: CSV}}}"), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.older_types") == set()


@pytest.mark.parametrize(
    ("type_", "advice"),
    [
        ("GCPRegion", "write String"),
        ("Mapping", "write JsonObject"),
        ("typing.Optional[int]", "write the type inside of `Optional`, and `optional: true`"),
    ],
)
def test_the_advice_names_the_type(type_: str, advice: str) -> None:
    document = parse_document(contract(outputs=f"{{name: o, type: '{type_}', description: d}}"), PATH)
    assert [finding.help for finding in findings_of(document) if finding.rule == "C036"] == [advice]
