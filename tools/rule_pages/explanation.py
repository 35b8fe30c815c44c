"""The explanation of a rule, parsed from its docstring: docs/decisions/0038-pages.md describes the form."""

import inspect
import re
from textwrap import dedent

from msgspec import Struct

from toolkit.breaking.change import Category, ChangeRule
from toolkit.errors import Severity
from toolkit.lint.rule import Rule, RuleCategory
from tools.rule_pages.example import Example, read_example, read_pair

_SECTION = re.compile(r"(?m)^(Before|After|Wrong|Right):\n")
_ALSO = re.compile(r"\nAlso: ([A-Z0-9, ]+)\Z")


class Explanation(Struct, frozen=True, kw_only=True):
    """What a rule finds and why, as Markdown, and an example with its fix.

    `right` is None if there is nothing to fix: the rule is about a change that breaks nothing. `also` are other rules
    that the example cannot do without.
    """

    text: str
    wrong: Example
    right: Example | None
    also: frozenset[str] = frozenset()


def read_explanation(rule: Rule) -> Explanation:
    """Parse the explanation of a rule. Raises ValueError that names the rule if a part of it is missing."""
    # The first line is a docstring's own; texts that are no docstring begin with a line break.
    whole = inspect.cleandoc(rule.explanation.partition("\n")[2])
    also = _ALSO.search(whole)
    text, *parts = _SECTION.split(whole[: also.start()] if also else whole)
    sections = {name: dedent(block) for name, block in zip(parts[::2], parts[1::2], strict=True)}
    sides = ("After",) if rule.category is RuleCategory.COMPATIBLE else ("Wrong", "Right")
    needed = {"text": text, **{side: sections.get(side, "") for side in sides}}
    if missing := [what for what, part in needed.items() if not part.strip()]:
        raise ValueError(f"{rule.id}: the explanation has no {', '.join(missing)}")
    wrong, *right = (_example(rule, sections.get("Before"), sections[side]) for side in sides)
    return Explanation(
        text=text.strip(),
        wrong=wrong,
        right=right[0] if right else None,
        also=frozenset(also[1].split(", ")) if also else frozenset(),
    )


def _example(rule: Rule, before: str | None, side: str) -> Example:
    """Return one side of a rule's example, with its command."""
    command = _command(rule)
    return read_example(side, rule.id, command) if before is None else read_pair(before, side, rule.id, command)


def _command(rule: Rule) -> str:
    """Return the command that has findings of a rule, unless the example names another one."""
    match rule.id[0]:
        case "C":
            return "lint component.yaml"
        case "S":
            return "lint ."
        case "F":
            return "inspect-function train.py:train"
        case "P":
            return "new step --from-program train.py"
        case _:
            strict = isinstance(rule, ChangeRule) and rule.least is Category.STRICT
            return (
                # Without -v only what breaks is printed.
                f"{'-v ' if rule.severity is Severity.INFO else ''}breaking component.yaml --against before.yaml"
                f"{' --category strict' if strict else ''}"
            )
