"""The options of `comp lint` that choose rules."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from toolkit.errors import InputError, UsageError

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
    from toolkit.lint.selection import Overrides

    return Overrides(_selectors("--select", select), _selectors("--ignore", ignore))


def _selectors(option: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Return the selectors of an option, each value split at commas."""
    from toolkit.config.lint import Selector
    from toolkit.lint.selection import check_selector

    selectors = tuple(part.strip() for text in texts for part in text.split(",") if part.strip())
    for selector in selectors:
        try:
            check_selector(Selector(text=selector), changes=option == "--ignore")
        except InputError as error:
            raise UsageError(f"{option}: {error.message}", hint=error.hint) from None
    return selectors
