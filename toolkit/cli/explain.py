"""`comp explain`: explain one lint rule."""

from textwrap import indent

import click

from toolkit.cli.console import Console, pass_console
from toolkit.errors import UsageError


@click.command
@click.argument("rule")
@pass_console
def command(console: Console, *, rule: str) -> None:
    """Explain RULE (such as C010) with an example of what is wrong and what is right."""
    from difflib import get_close_matches

    from toolkit.lint.rules import RULES

    known = RULES.get(rule.upper()) or next((r for r in RULES.values() if r.name == rule.lower()), None)
    if known is None:
        close = get_close_matches(rule.upper(), RULES, n=1)
        raise UsageError(
            f"there is no rule {rule!r}", hint=f"did you mean {close[0]}?" if close else "see `comp rules`"
        )
    console.data(
        f"{known.id} {known.name} ({known.severity})\n\n{known.summary}\n\n"
        f"wrong:\n{indent(known.bad, '    ')}\n\nright:\n{indent(known.good, '    ')}\n\n"
        + (
            f"To accept it at one place: # comp:ignore[{known.id}] with the reason, on the line or above it."
            if known.check
            else "It cannot be ignored."
        )
    )
