"""The explanation of a rule, parsed from its docstring: docs/decisions/0038-pages.md describes the form."""

import inspect
import re

from msgspec import Struct

from toolkit.lint.rule import Rule
from tools.rule_pages.example import Example, read_example, read_pair

_SECTION = re.compile(r"(?m)^(Before|Wrong|Right):\n")


class Explanation(Struct, frozen=True, kw_only=True):
    """What a rule finds and why, as Markdown, and an example with its fix."""

    text: str
    wrong: Example
    right: Example


def read_explanation(rule: Rule) -> Explanation:
    """Parse the explanation of a rule. Raises ValueError that names the rule if a part of it is missing."""
    # The first line is a docstring's own; texts that are no docstring begin with a line break.
    _, _, rest = rule.explanation.partition("\n")
    text, *parts = _SECTION.split(inspect.cleandoc(rest))
    sections = {name: inspect.cleandoc(block) for name, block in zip(parts[::2], parts[1::2], strict=True)}
    if missing := [what for what, part in (("text", text), *_needed(sections)) if not part.strip()]:
        raise ValueError(f"{rule.id}: the explanation has no {', '.join(missing)}")
    if "Before" in sections:
        wrong, right = (read_pair(sections["Before"], sections[name], rule.id) for name in ("Wrong", "Right"))
    else:
        wrong, right = (read_example(sections[name], rule.id) for name in ("Wrong", "Right"))
    return Explanation(text=text.strip(), wrong=wrong, right=right)


def _needed(sections: dict[str, str]) -> list[tuple[str, str]]:
    """Return the sections that every rule has."""
    return [(name, sections.get(name, "")) for name in ("Wrong", "Right")]
