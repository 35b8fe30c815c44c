"""Pages and their index; `tests/acceptance/test_rule_pages.py` compares all with docs/."""

from toolkit.cli.rules import every_rule
from toolkit.lint.rule import RuleCategory
from tools.rule_pages.page import index, rule_page

RULES = every_rule()


def test_a_page_shows_the_example_its_output_and_the_fix() -> None:
    page = rule_page(RULES["C020"])
    begin, wrong, right, accept = page.split("\n## ")
    assert "# C020 default-not-parsable\n\nError, in the category [values](../rules.md#values). " in begin
    assert wrong.startswith("Wrong\n\n`component.yaml`:\n\n```yaml\nname: Train\n")
    assert "```console\n$ comp lint --select C020 component.yaml\ncomponent.yaml:3:42: error C020 the default" in wrong
    assert "default: '30'" in right
    assert "# comp:ignore[C020]" in accept


def test_a_page_says_how_a_finding_can_be_fixed() -> None:
    lines = {name: rule_page(RULES[name]).splitlines()[4] for name in ("C024", "C010", "C012")}
    assert lines["C024"].endswith(" `comp lint --fix` corrects it, where the correction is clear.")
    assert lines["C010"].endswith(" `comp lint --fix --unsafe-fixes` corrects it, where a correction is likely.")
    assert lines["C012"].endswith("(../rules.md#passing).")


def test_of_several_files_the_fix_shows_those_that_differ() -> None:
    _, wrong, right, _ = rule_page(RULES["C098"]).split("\n## ")
    names = ("`pyproject.toml`:", "`src/train.py`:", "`component.yaml`:")
    assert [name in wrong for name in names] == [True, True, True]
    assert [name in right for name in names] == [False, False, True]


def test_a_change_without_consequences_has_no_fix() -> None:
    page = rule_page(RULES["N501"])
    assert [part.splitlines()[0] for part in page.split("\n## ")[1:]] == ["Example", "Version"]


def test_the_index_lists_every_rule_in_its_category() -> None:
    parts = index(RULES).split("\n## ")
    assert [part.splitlines()[0] for part in parts[1:]] == list(RuleCategory)
    rows = [line for part in parts for line in part.splitlines() if line.startswith("| [")]
    assert len(rows) == len(RULES)
    assert all(row.count("|") == 6 for row in rows)
