"""`comp rules`: list the lint rules."""

import json

import click

from toolkit.cli.console import Console, pass_console


@click.command
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@pass_console
def command(console: Console, *, form: str) -> None:
    """List the rules of `comp lint` with their ids, severities and one line each."""
    from toolkit.lint.rules import RULES

    rules = [RULES[key] for key in sorted(RULES)]
    if form == "json":
        listed = [{"id": r.id, "name": r.name, "severity": str(r.severity), "summary": r.summary} for r in rules]
        console.data(json.dumps(listed, indent=2))
        return
    width = max(len(r.name) for r in rules)
    for r in rules:
        console.data(f"{r.id}  {r.severity:<7}  {r.name:<{width}}  {r.summary}")
