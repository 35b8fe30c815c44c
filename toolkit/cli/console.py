"""Words on the screen: data on stdout, everything else on stderr."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command prints. `verbosity` is -1 for quiet, 0, or 1 and more for verbose."""

    verbosity: int = 0

    def data(self, text: str) -> None:
        """Print a result: the only thing that ever reaches stdout."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Tell what is being done; silent with -q."""
        if self.verbosity >= 0:
            click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """Tell more, with -v only."""
        if self.verbosity > 0:
            click.echo(text, err=True)

    def warn(self, text: str) -> None:
        """Warn, whatever the verbosity."""
        click.echo(f"warning: {text}", err=True)


pass_console = click.make_pass_decorator(Console)


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write rows as columns of equal width; a column without any text is left out."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()
