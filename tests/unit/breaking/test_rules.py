from pathlib import Path

import pytest

import toolkit.breaking
from toolkit.breaking.rules import CHANGES, VERSIONS

EVERY = {**CHANGES, **VERSIONS}


@pytest.mark.parametrize("rule", sorted(EVERY))
def test_a_rule_explains_itself(rule: str) -> None:
    explained = EVERY[rule]
    assert explained.summary.endswith(".")
    assert explained.explanation.startswith("\n")


def test_every_rule_is_applied() -> None:
    folder = Path(toolkit.breaking.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py") if not path.name.endswith("rules.py"))
    assert [rule for rule in EVERY if f'"{rule}"' not in code] == []
