"""Secrets in a contract."""

import pytest

from tests.contracts import PATH, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

TOKEN = "ghp_" + "0123456789" * 4

CASES: tuple[Case, ...] = (
    ("C072", contract(f"{{name: a, type: String, default: {TOKEN}}}"), [TOKEN]),
    ("C072", contract(args=f"--key={TOKEN}"), [f"--key={TOKEN}"]),
    ("C072", contract(args=f"{{concat: [--key=, {TOKEN}]}}"), [TOKEN]),
    ("C072", contract(args="https://ann:s3cr3t@host/"), ["https://ann:s3cr3t@host/"]),
    ("C072", contract("{name: a, type: String, default: plain}", args="https://host/"), []),
    ("C073", contract("{name: api_token, type: String}"), ["api_token"]),
    ("C073", contract("{name: db password}", args="{inputValue: db password}"), []),
    ("C073", contract("{name: password, type: CSV}"), []),
    ("C073", contract("{name: tokens, type: Integer}"), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.secrets") == set()


def test_a_secret_is_not_repeated() -> None:
    text = contract(f"{{name: a, type: String, default: {TOKEN}}}", args=f"--key={TOKEN}")
    assert all(TOKEN not in finding.message + finding.help for finding in findings_of(parse_document(text, PATH)))
