"""Every rule has an example that it finds, and a fix that it does not: what its page shows is what happens."""

import pytest

from tests.rule_examples import skip_without_bash
from toolkit.cli.rules import every_rule
from toolkit.lint.rule import RuleCategory
from tools.rule_pages.explanation import read_explanation
from tools.rule_pages.run import run

RULES = every_rule()
# Short examples describe nothing and pin no image.
SHORT = {"C060"} | {name for name, rule in RULES.items() if rule.category is RuleCategory.DOCUMENTATION}


def test_a_summary_fits_a_list() -> None:
    assert [name for name, rule in RULES.items() if len(rule.summary) > 112 or not rule.summary.endswith(".")] == []


@pytest.mark.parametrize("name", sorted(RULES))
def test_an_example_has_the_findings_of_its_rule_alone(name: str) -> None:
    skip_without_bash(name)
    explanation = read_explanation(RULES[name])
    wrong = run(explanation.wrong)
    assert name in wrong.rules, wrong.printed
    assert wrong.rules - (SHORT - {name}) <= {name, *explanation.also}, wrong.printed
    if explanation.right:
        right = run(explanation.right)
        assert right.rules - (SHORT - {name}) <= explanation.also, right.printed
        # Otherwise a command that fails for another reason would pass for one without findings.
        assert right.code == 0 or explanation.also, right.printed
