"""Words on the screen: data on stdout, everything else on stderr.

The one place where this program prints: no secret passes, and nothing that others wrote can steer the terminal.
"""

import io
import logging
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import click

from toolkit.machine import cannot
from toolkit.redaction import hide, hide_in_data, visible


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command prints. `verbosity` is -1 for quiet, 0, or 1 and more for verbose."""

    verbosity: int = 0

    def data(self, text: str) -> None:
        """Print a result: the only thing that ever reaches stdout."""
        self.document(visible(text))

    def document(self, text: str) -> None:
        """Print a file's content; what could steer a terminal is escaped where stdout is one."""
        text = hide_in_data(visible(text) if sys.stdout.isatty() else text)
        try:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise cannot("cannot write to stdout", error) from error

    def say(self, text: str) -> None:
        """Report what is being done; silent with -q."""
        if self.verbosity >= 0:
            tell(text)

    def detail(self, text: str) -> None:
        """Report more, with -v only."""
        if self.verbosity > 0:
            tell(text)

    def warn(self, text: str) -> None:
        """Warn, whatever the verbosity."""
        tell(f"warning: {text}")


pass_console = click.make_pass_decorator(Console)


def tell(text: str) -> None:
    """Print a line or several for people on stderr."""
    # Not click's echo: it takes an ASCII terminal for a wrong setting and sends UTF-8.
    sys.stderr.write(visible(hide(text)) + "\n")
    sys.stderr.flush()


def ask(text: str, **options: Any) -> Any:  # noqa: ANN401 (as click.prompt)
    """Ask on the terminal, and give the answer."""
    return click.prompt(visible(hide(text)), err=True, **options)


def confirm(text: str) -> bool:
    """Ask a question for yes or no."""
    return click.confirm(visible(hide(text)), err=True)


def tell_traceback(error: BaseException) -> None:
    """Print a traceback."""
    import traceback

    tell("".join(traceback.format_exception(error)).rstrip("\n"))


def guard() -> None:
    """Let what Python itself prints, about threads, warnings and finalizers, pass through here too.

    Prepare the streams for any text: files and pipes get UTF-8, whatever the locale, since what they get are
    documents; a terminal gets its own encoding, with escapes for what that lacks.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            terminal = stream.isatty()
            stream.reconfigure(
                encoding=None if terminal else "utf-8", errors="backslashreplace" if terminal else "surrogateescape"
            )
    sys.excepthook = _print_uncaught
    threading.excepthook = lambda caught: tell_traceback(caught.exc_value or caught.exc_type())
    sys.unraisablehook = lambda caught: tell_traceback(caught.exc_value or caught.exc_type())
    warnings.showwarning = lambda message, category, *_: tell(f"warning: {category.__name__}: {message}")
    # What other libraries log, if nothing else takes it.
    logging.lastResort = Words(logging.WARNING)


class Words(logging.Handler):
    """Prints what the parts below log: plain words, warnings marked as such."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        mark = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        tell(mark + self.format(record))


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write rows as columns of equal width; a column without any text is left out."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()


def _print_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    del kind
    tell_traceback(error.with_traceback(trace))
