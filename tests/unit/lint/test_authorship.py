"""Contracts that lack a version, an owner, a license or a source."""

import pytest

from tests.contracts import Case, contract, lacking, texts_found


def annotated(annotations: str) -> str:
    """Write a contract with annotations."""
    return contract().replace("description: d", f"description: d\nmetadata: {{annotations: {annotations}}}", 1)


CASES: tuple[Case, ...] = (
    ("C092", annotated("{author: Ada}"), ["{annotations: {author: Ada}}"]),
    ("C092", contract(), ["name: n"]),
    ("C092", annotated("{version: ''}"), ["{annotations: {version: ''}}"]),
    ("C092", annotated("{version: 1.0.0}"), []),
    ("C093", annotated("{version: 1.0.0}"), ["{annotations: {version: 1.0.0}}"]),
    ("C093", annotated("{author: ''}"), ["{annotations: {author: ''}}"]),
    ("C093", annotated("{author: Ada}"), []),
    ("C093", annotated("{org.opencontainers.image.authors: Ada}"), []),
    ("C093", annotated("{example.com/Owner: ml}"), []),
    ("C094", annotated("{license: MIT}"), ["{annotations: {license: MIT}}"]),
    ("C094", annotated("{canonical_location: x}"), ["{annotations: {canonical_location: x}}"]),
    ("C094", annotated("{a: b}"), ["{annotations: {a: b}}"] * 2),
    ("C094", annotated("{licence: MIT, org.opencontainers.image.source: x}"), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.authorship") == set()
