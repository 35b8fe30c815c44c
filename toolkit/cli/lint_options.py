"""The options of `comp lint` that choose rules."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from toolkit.lint.selection import Overrides


def _completed(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 (click's)
    """Return what the rule behind the last comma may be: ids, and the categories of rules."""
    from toolkit.lint.rules import RULES

    before, comma, word = incomplete.rpartition(",")
    names = [*RULES, *sorted({str(rule.category) for rule in RULES.values()}), "ALL"]
    return [f"{before}{comma}{name}" for name in names if name.lower().startswith(word.lower())]


select_option = click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    shell_complete=_completed,
    help="Only these rules, such as C06,C031, a category, or ALL, whatever settings say.",
)
ignore_option = click.option(
    "--ignore",
    multiple=True,
    metavar="RULES",
    shell_complete=_completed,
    help="Leave out these rules, besides those that settings leave out.",
)


def overrides(select: Iterable[str], ignore: Iterable[str]) -> "Overrides":
    """Return what `--select` and `--ignore` say. Raises UsageError for an unknown rule."""
    from toolkit.api.contracts import chosen_rules

    return chosen_rules(select, ignore, names=("--select", "--ignore"))
