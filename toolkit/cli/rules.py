"""`comp rules`: list the rules of contracts, code, settings and changes."""

from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, columns, format_option, pass_console
from toolkit.errors import UsageError
from toolkit.words import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.lint.rule import Rule


def _completed(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 (click's)
    """Return the categories that begin as a shell's user has typed."""
    from toolkit.lint.rule import RuleCategory

    return [str(category) for category in RuleCategory if category.startswith(incomplete)]


@click.command
@click.option(
    "--category", metavar="CATEGORY", shell_complete=_completed, help="Only the rules of one, such as names or images."
)
@format_option
@pass_console
def command(console: Console, *, category: str | None, form: str) -> None:
    """List the rules of `comp lint` and `comp breaking`: ids, severities, categories, summaries.

    Rules C are about contracts, S about settings, F and P about functions and programs that become components; B, N
    and V about changes. `comp explain` shows one with an example.
    """
    from toolkit.lint.rule import FIXES

    rules = [rule for _, rule in sorted(every_rule().items()) if category in {None, rule.category}]
    if not rules:
        raise _unknown(category or "")
    if form == "json":
        listed = [
            {
                "id": rule.id,
                "name": rule.name,
                "severity": str(rule.severity),
                "category": str(rule.category),
                "fix": FIXES.get(rule.id),
                "opt_in": rule.opt_in,
                "summary": rule.summary,
            }
            for rule in rules
        ]
        console.json(listed)
        return
    fixes = {name: f"{fix} fix" for name, fix in FIXES.items()}
    rows = [
        (rule.id, str(rule.severity), str(rule.category), fixes.get(rule.id, ""), rule.name, rule.summary)
        for rule in rules
    ]
    console.data("\n".join(columns(rows)))


def every_rule() -> "Mapping[str, Rule]":
    """Return all rules by their ids: those of `comp lint`, and those of `comp breaking`."""
    from toolkit.breaking.rules import CHANGES, VERSIONS
    from toolkit.lint.rules import RULES

    return {**RULES, **CHANGES, **VERSIONS}


def _unknown(category: str) -> UsageError:
    """Return the error for a category that does not exist."""
    from toolkit.lint.rule import RuleCategory

    names = [str(each) for each in RuleCategory]
    close = closest(category.lower(), names)
    return UsageError(
        f"unknown category: {category!r}", hint=f"did you mean {close}?" if close else f"one of {', '.join(names)}"
    )
