"""docs/rules and docs/rules.md are what the rules say, and `comp explain` and `comp rules` print it."""

import json
import re
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.conftest import ROOT
from tests.rule_examples import skip_without_bash
from toolkit.cli.rules import every_rule
from tools.rule_pages.page import index, rule_page

RULES = every_rule()
DOCS = ROOT / "docs"


def test_there_is_a_page_for_each_rule_and_an_index() -> None:
    assert sorted(path.stem for path in (DOCS / "rules").iterdir()) == sorted(RULES)
    assert (DOCS / "rules.md").read_text("utf-8") == index(RULES), "run make rules"


def test_every_rule_that_the_code_names_is_listed() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / "toolkit").rglob("*.py")]
    named = {rule for text in texts for rule in re.findall(r'"([BNVCSFP]\d{3})"', text)}
    assert named == set(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_page_is_what_the_rule_says_and_does(name: str) -> None:
    skip_without_bash(name)
    assert (DOCS / "rules" / f"{name}.md").read_text("utf-8") == rule_page(RULES[name]), "run make rules"


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_page_shows_its_rule_in_an_output(name: str) -> None:
    page = (DOCS / "rules" / f"{name}.md").read_text("utf-8")
    sessions = re.findall(r"^```console\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    outputs = [re.sub(r"^\$ .*\n", "", session, flags=re.MULTILINE) for session in sessions]
    assert outputs
    assert all(output.strip() for output in outputs)
    assert any(re.search(rf"\b{name}\b", output) for output in outputs)


def test_a_rule_is_explained_in_the_terminal(tmp_path: Path) -> None:
    shown = ok("explain", "f014", folder=tmp_path)
    assert shown.startswith("F014 decorator-not-followed\n\nWarning, in the category functions.\n\n")
    assert "    $ comp inspect-function train.py:train\n    train (train.py:6)\n" in shown
    assert max(map(len, shown.splitlines())) <= 120
    assert ok("explain", "decorator-not-followed", folder=tmp_path) == shown
    short = comp("explain", "c10", folder=tmp_path)
    assert short.code == 2
    assert short.err == "error: unknown rule: 'c10'\n\nhint: did you mean C010?\n"


def test_what_a_page_shows_is_what_comp_prints(tmp_path: Path) -> None:
    page = (DOCS / "rules" / "C024.md").read_text("utf-8")
    (tmp_path / "component.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    command, _, output = page.partition("```console\n$ comp ")[2].partition("```")[0].partition("\n")
    result = comp(*command.split(), folder=tmp_path)
    assert result.code == 1
    assert result.out == output


def test_rules_are_listed_by_category(tmp_path: Path) -> None:
    every = json.loads(ok("rules", "--format", "json", folder=tmp_path))
    assert [rule["id"] for rule in every] == sorted(RULES)
    assert set(every[0]) == {"id", "name", "severity", "category", "fix", "opt_in", "summary"}
    assert [rule["id"] for rule in every if rule["opt_in"]] == ["C092", "C093", "C094"]
    of_types = ok("rules", "--category", "types", folder=tmp_path).splitlines()
    assert [line.split()[0] for line in of_types] == [rule["id"] for rule in every if rule["category"] == "types"]
    assert of_types[0].startswith("C030  warning  types  unsafe fix  unknown-type ")
    wrong = comp("rules", "--category", "typs", folder=tmp_path)
    assert wrong.code == 2
    assert wrong.err == "error: unknown category: 'typs'\n\nhint: did you mean types?\n"
