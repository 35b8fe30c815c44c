"""`comp explain`: explain one rule."""

import shutil

import click

from toolkit.cli.console import Console, pass_console
from toolkit.cli.rules import every_rule
from toolkit.errors import UsageError
from toolkit.words import closest

# Prose in longer lines is hard to read.
_WIDEST = 100


def _completed(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 (click's)
    """Return the ids of rules that begin as a shell's user has typed."""
    return [id_ for id_ in every_rule() if id_.startswith(incomplete.upper())]


@click.command
@click.argument("rule", shell_complete=_completed)
@pass_console
def command(console: Console, *, rule: str) -> None:
    """Explain RULE, such as C010: what it finds, an example with its output, and the fix."""
    rules = every_rule()
    named = (each for each in rules.values() if each.name == rule.lower())
    chosen = rules.get(rule.upper()) or next(named, None)
    if chosen is None:
        # C10 is C010 for those who type it, though C102 is spelt more alike.
        letter, number = rule[:1].upper(), rule[1:]
        close = f"{letter}{number:0>3}" if f"{letter}{number:0>3}" in rules else closest(rule.upper(), rules)
        raise UsageError(f"unknown rule: {rule!r}", hint=f"did you mean {close}?" if close else "see `comp rules`")
    from toolkit.lint.pages import as_terminal_text, rule_page

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    console.data(as_terminal_text(rule_page(chosen.id), width))
