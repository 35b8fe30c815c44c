"""Write the page of a rule, and the index of all, as Markdown."""

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from toolkit.breaking.change import ChangeRule
from toolkit.edits import Applicability
from toolkit.lint.rule import FIXES, Rule, RuleCategory
from tools.rule_pages.example import Example
from tools.rule_pages.explanation import read_explanation
from tools.rule_pages.run import run

_MADE = "<!-- Made by `make rules` from the rule's docstring. -->"
_LANGUAGES = {".yaml": "yaml", ".py": "python", ".toml": "toml"}


def rule_page(rule: Rule) -> str:
    """Return a rule's page. Its example runs, and its findings stand there as they were printed."""
    explanation = read_explanation(rule)
    parts = [
        f"{_MADE}\n\n# {rule.id} {rule.name}",
        _kind(rule),
        rule.summary,
        explanation.text,
        "## Wrong" if explanation.right else "## Example",
        *_files(explanation.wrong),
        _printed(rule, explanation.wrong),
    ]
    if explanation.right:
        parts += ["## Right", *_files(explanation.right, explanation.wrong)]
    title = "Version" if isinstance(rule, ChangeRule) else "Accept it"
    paragraphs = rule.acceptance().replace("\n", "\n\n")
    return "\n\n".join([*parts, f"## {title}\n\n{paragraphs}"]) + "\n"


def index(rules: Mapping[str, Rule]) -> str:
    """Return the page that lists all rules by category."""
    parts = [_HEAD]
    for category in RuleCategory:
        listed = [rule for _, rule in sorted(rules.items()) if rule.category is category]
        parts.append(f"## {category}\n\n{category.meaning}\n\n{_table(listed)}")
    return "\n\n".join(parts) + "\n"


def _kind(rule: Rule) -> str:
    """Return a rule's severity and category, and how `comp lint` can correct a finding."""
    kind = f"{rule.severity.capitalize()}, in the category [{rule.category}](../rules.md#{rule.category})."
    match FIXES.get(rule.id):
        case Applicability.SAFE:
            return f"{kind} `comp lint --fix` corrects it, where the correction is clear."
        case Applicability.UNSAFE:
            return f"{kind} `comp lint --fix --unsafe-fixes` corrects it, where a correction is likely."
        case _:
            return kind


def _table(rules: Iterable[Rule]) -> str:
    """Return a table with a row for each rule."""
    cells = [
        (f"[{rule.id}](rules/{rule.id}.md)", rule.name, rule.severity, FIXES.get(rule.id, ""), rule.summary)
        for rule in rules
    ]
    rows = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join(["| rule | name | severity | fix | what it finds |", "|---|---|---|---|---|", *rows])


def _files(example: Example, other: Example | None = None) -> list[str]:
    """Return an example's files, each under its name; beside another example only those that differ."""
    before = other.files if other else {}
    return [
        f"`{name}`:\n\n```{_LANGUAGES.get(PurePath(name).suffix, '')}\n{text}```"
        for name, text in example.files.items()
        if before.get(name) != text
    ]


def _printed(rule: Rule, example: Example) -> str:
    """Return a command and what it prints: of `comp new` and `comp breaking` only the rule's findings."""
    command = example.command
    if command.startswith("lint ") and "--select" not in command:
        # Examples are short, so that other rules have findings too.
        command = command.replace("lint ", f"lint --select {rule.id} ")
    ran = run(Example(files=example.files, command=command))
    printed = ran.out if command.startswith(("lint ", "inspect-function ")) and ran.out else ran.of(rule.id)
    return f"```console\n$ comp {command}\n{printed}```"


_HEAD = """\
<!-- Made by `make rules` from the docstrings of the rules. -->

# Rules

`comp lint` and `comp breaking` name a rule in each finding. `comp explain C010` prints the rule's page in the terminal,
without a network; `comp rules` lists all, and `comp rules --category names` those of one category. `comp lint --fix`
makes safe fixes, and with `--unsafe-fixes` unsafe ones too."""
