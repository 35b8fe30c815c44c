"""`comp rules`: list the rules of contracts."""

import json
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.lint.rule import Rule


@click.command
@format_option
@pass_console
def command(console: Console, *, form: str) -> None:
    """List the rules of `comp lint` and `comp breaking` with their ids, severities and summaries."""
    rules = [rule for _, rule in sorted(every_rule().items())]
    if form == "json":
        listed = [
            {"id": rule.id, "name": rule.name, "severity": str(rule.severity), "summary": rule.summary}
            for rule in rules
        ]
        console.data(json.dumps(listed, indent=2))
        return
    width = max(len(rule.name) for rule in rules)
    for rule in rules:
        console.data(f"{rule.id}  {rule.severity:<7}  {rule.name:<{width}}  {rule.summary}")


def every_rule() -> "Mapping[str, Rule]":
    """Return all rules by their ids: those of `comp lint`, and those of `comp breaking`."""
    from toolkit.breaking.rules import CHANGES, VERSIONS
    from toolkit.lint.rules import RULES

    return {**RULES, **CHANGES, **VERSIONS}
