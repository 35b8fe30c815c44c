"""The explanation of a rule, parsed from its docstring: docs/decisions/0038-pages.md describes the form."""

import inspect
import re
from textwrap import dedent

from msgspec import Struct

from toolkit.lint.rule import Rule
from tools.rule_pages.example import Example, read_example, read_pair

_SECTION = re.compile(r"(?m)^(Before|Wrong|Right):\n")
_ALSO = re.compile(r"\nAlso: ([A-Z0-9, ]+)\Z")


class Explanation(Struct, frozen=True, kw_only=True):
    """What a rule finds and why, as Markdown, and an example with its fix.

    `also` are other rules that the example cannot do without.
    """

    text: str
    wrong: Example
    right: Example
    also: frozenset[str] = frozenset()


def read_explanation(rule: Rule) -> Explanation:
    """Parse the explanation of a rule. Raises ValueError that names the rule if a part of it is missing."""
    # The first line is a docstring's own; texts that are no docstring begin with a line break.
    _, _, rest = rule.explanation.partition("\n")
    whole = inspect.cleandoc(rest)
    also = _ALSO.search(whole)
    text, *parts = _SECTION.split(whole[: also.start()] if also else whole)
    sections = {name: dedent(block) for name, block in zip(parts[::2], parts[1::2], strict=True)}
    if missing := [what for what, part in (("text", text), *_needed(sections)) if not part.strip()]:
        raise ValueError(f"{rule.id}: the explanation has no {', '.join(missing)}")
    if "Before" in sections:
        wrong, right = (read_pair(sections["Before"], sections[name], rule.id) for name in ("Wrong", "Right"))
    else:
        wrong, right = (read_example(sections[name], rule.id) for name in ("Wrong", "Right"))
    return Explanation(text=text.strip(), wrong=wrong, right=right, also=frozenset(also[1].split(", ") if also else ()))


def _needed(sections: dict[str, str]) -> list[tuple[str, str]]:
    """Return the sections that every rule has."""
    return [(name, sections.get(name, "")) for name in ("Wrong", "Right")]
