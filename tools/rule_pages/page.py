"""Write the page of a rule, and the index of all, as Markdown."""

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from toolkit.lint.rule import Rule, RuleCategory
from tools.rule_pages.example import Example
from tools.rule_pages.explanation import read_explanation
from tools.rule_pages.run import run

_MADE = "<!-- Made by `make rules` from the rule's docstring. -->"
_LANGUAGES = {".yaml": "yaml", ".py": "python", ".toml": "toml"}


def rule_page(rule: Rule) -> str:
    """Return a rule's page. Its example runs, and its findings stand there as they were printed."""
    explanation = read_explanation(rule)
    found = run(explanation.wrong).of(rule.id)
    parts = [
        f"{_MADE}\n\n# {rule.id} {rule.name}",
        f"{rule.severity.capitalize()}, in the category [{rule.category}](../rules.md#{rule.category}).",
        rule.summary,
        explanation.text,
        "## Wrong",
        *_files(explanation.wrong),
        f"```console\n$ comp {explanation.wrong.command}\n{found}```",
        "## Right",
        *_files(explanation.right, explanation.wrong.files),
        f"## Accept it\n\n{rule.acceptance()}",
    ]
    return "\n\n".join(parts) + "\n"


def index(rules: Mapping[str, Rule]) -> str:
    """Return the page that lists all rules by category."""
    parts = [_HEAD]
    for category in RuleCategory:
        listed = [rule for _, rule in sorted(rules.items()) if rule.category is category]
        parts.append(f"## {category}\n\n{category.meaning}\n\n{_table(listed)}")
    return "\n\n".join(parts) + "\n"


def _table(rules: Iterable[Rule]) -> str:
    """Return a table with a row for each rule."""
    rows = [f"| [{rule.id}](rules/{rule.id}.md) | {rule.name} | {rule.severity} | {rule.summary} |" for rule in rules]
    return "\n".join(["| rule | name | severity | |", "|---|---|---|---|", *rows])


def _files(example: Example, others: Mapping[str, str] | None = None) -> list[str]:
    """Return an example's files, those of `others` only where they differ; a single one needs no name."""
    shown = {name: text for name, text in example.files.items() if not others or others.get(name) != text}
    fences = [f"```{_LANGUAGES.get(PurePath(name).suffix, '')}\n{text}```" for name, text in shown.items()]
    return [f"`{name}`:\n\n{fence}" for name, fence in zip(shown, fences, strict=True)]


_HEAD = """\
<!-- Made by `make rules` from the docstrings of the rules. -->

# Rules

`comp lint` and `comp breaking` name a rule in each finding. `comp explain C010` prints the rule's page in the terminal,
without a network; `comp rules` lists all, and `comp rules --category names` those of one category."""
