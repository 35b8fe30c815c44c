"""The screen: data on stdout, everything else on stderr.

Everything is printed here, without secrets, and without characters of others' that would steer the terminal.
"""

import io
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

import click
from msgspec import Struct

from toolkit.progress import SUBJECT
from toolkit.redaction import hide, hide_in_data, visible
from toolkit.system.os_errors import cannot


class Console(Struct, frozen=True):
    """Where a command prints. `verbosity` is -1 for quiet, 0, or 1 and more for verbose."""

    verbosity: int = 0

    def data(self, text: str) -> None:
        """Print a result: the only thing that ever reaches stdout."""
        self.document(visible(text))

    def document(self, text: str) -> None:
        """Print a file's content; on a terminal, characters that would steer it are escaped."""
        # Certain secrets alone: `hide` would also change ordinary text that only looks like one.
        text = hide_in_data(visible(text) if sys.stdout.isatty() else text)
        try:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
            # So that a full disk is an error here, with its own message, and not when Python ends.
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise cannot("cannot write to stdout", error) from error

    def json(self, document: object) -> None:
        """Print a result as JSON, in ASCII: no character of others' steers a terminal, and programs read each."""
        from json import dumps

        self.document(dumps(document, indent=2))

    def result(self, form: str, text: str, document: object) -> None:
        """Print a result in the form that `--format` asks for: a text, if there is one, or JSON."""
        if form == "json":
            self.json(document)
        elif text:
            self.data(text)

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


def printable(text: str, *, lines: int | None = None) -> str:
    """Return the first lines of a text, or all, with spaces for characters that would steer a terminal."""
    kept = text.strip().splitlines()[:lines]
    return "\n".join("".join(letter if letter.isprintable() else " " for letter in line) for line in kept)


pass_console = click.make_pass_decorator(Console)

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How results are printed.",
)


def tell(text: str, *, named: bool = True) -> None:
    """Print a line or several for people on stderr.

    In a command on many components they begin with the name of the one they are about, unless not `named`.
    """
    name = SUBJECT.get() if named else ""
    if name:
        text = "\n".join(f"{name}: {line}" for line in text.splitlines() if line.strip())
    # click's echo takes an ASCII terminal for a wrong setting, and sends UTF-8.
    sys.stderr.write(visible(hide(text)) + "\n")
    sys.stderr.flush()


def ask(text: str, **options: Any) -> Any:  # noqa: ANN401 (as click.prompt)
    """Ask on the terminal, and return the answer."""
    return click.prompt(visible(hide(text)), err=True, **options)


def confirm(text: str) -> bool:
    """Ask a yes-or-no question."""
    return click.confirm(visible(hide(text)), err=True)


def tell_traceback(error: BaseException) -> None:
    """Print a traceback."""
    import traceback

    tell("".join(traceback.format_exception(error)).rstrip("\n"))


def guard() -> None:
    """Print through this module what Python itself prints, about threads, warnings and finalizers.

    Prepare the streams for any text: files and pipes get documents, which are UTF-8 in any locale; a terminal gets
    its own encoding, with escapes for characters that it lacks.
    """
    _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            terminal = stream.isatty()
            # `surrogateescape` writes the bytes of a path that is not UTF-8 as they were.
            stream.reconfigure(
                encoding=None if terminal else "utf-8", errors="backslashreplace" if terminal else "surrogateescape"
            )
    sys.excepthook = _print_uncaught
    threading.excepthook = lambda caught: tell_traceback(caught.exc_value or caught.exc_type())
    sys.unraisablehook = lambda caught: tell_traceback(caught.exc_value or caught.exc_type())
    warnings.showwarning = lambda message, category, *_: tell(f"warning: {category.__name__}: {message}")
    # Records of other libraries, which have no handler.
    logging.lastResort = LogHandler(logging.WARNING)


class LogHandler(logging.Handler):
    """A handler that prints records of the log: plain words, with a mark before warnings."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        mark = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        tell(mark + self.format(record))


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows with columns of equal width; a column without any text is left out."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()


def _open_missing_streams() -> None:
    """Open the null device for each standard stream that the caller closed, as in `comp build >&-`."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free descriptor is this one. If it stayed free, a file would get it, and all that is printed.
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)  # noqa: FBT003 (it takes no keywords)
            mode = "w" if descriptor else "r"
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))


def _print_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of an error that nothing caught."""
    del kind
    tell_traceback(error.with_traceback(trace))
