"""Rules about declarations: the place of each finding, and no value of a secret in it."""

from pathlib import Path

import pytest

from toolkit.lint.linter import lint_contract

CONTRACT = """\
name: A
metadata:
  annotations:
    comp.resources: '{"cpu": "500m", "memory": "4GB", "gpu": 1}'
    comp.env: '{"TOKEN": {"secret": "api"}}'
implementation:
  container:
    image: registry.example.com/a@sha256:0000000000000000000000000000000000000000000000000000000000000000
    command: [run]
    env:
      API_TOKEN: harmless
      HUB: VALUE
"""
VALUE = "ghp_" + "a1" * 18


@pytest.fixture
def findings(tmp_path: Path) -> list[tuple[str, str, int | None, str]]:
    path = tmp_path / "component.yaml"
    path.write_text(CONTRACT.replace("VALUE", VALUE))
    found, _ = lint_contract(path)
    return [
        (each.rule, str(each.severity), each.where.line, each.message) for each in found if each.rule.startswith("C07")
    ]


def test_invalid_declarations_and_secrets_are_found(findings: list[tuple[str, str, int | None, str]]) -> None:
    assert findings == [
        ("C070", "error", 4, "unknown key 'gpu' in resources"),
        ("C070", "error", 4, "memory is '4GB', not a Kubernetes quantity"),
        ("C070", "error", 5, "env.TOKEN names no key"),
        ("C071", "warning", 11, "the constant API_TOKEN has the name of a secret"),
        ("C071", "error", 12, "the variable HUB has a value that looks like a secret"),
    ]
    assert VALUE not in str(findings)
