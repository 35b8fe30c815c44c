"""Failures on the screen: an error with its place, causes and hint; a bug with its traceback."""

import os
import re
from pathlib import Path

from toolkit import __version__
from toolkit.cli.console import tell, tell_traceback
from toolkit.errors import CompError
from toolkit.system.os_errors import expected_error


def print_failure(error: Exception) -> int:
    """Print why a command failed, and return the exit code."""
    expected = expected_error(error)
    if expected is None:
        _print_bug(error)
        return CompError.exit_code
    _print_error(expected)
    return expected.exit_code


def near(text: str) -> str:
    """Return the text with paths below the current folder relative to it.

    Only where a path begins: `/work/` stays in `/mnt/work/a` and in `https://host/work/a`, and in `/` every path
    stays as it is.
    """
    try:
        folder = str(Path.cwd())
    except FileNotFoundError:
        # The current folder was removed meanwhile.
        return text
    if folder == os.sep or folder not in text:
        return text
    return re.sub(rf"(?<![\w./~%-]){re.escape(folder + os.sep)}(?=[^\s/])", "", text)


def _print_error(error: CompError) -> None:
    """Print an error with its place, its causes and its hint."""
    where = f"{error.where}: " if error.where else ""
    tell(near(f"error: {where}{error.message}"))
    cause, printed = error.__cause__, error.message
    while cause is not None:
        text = cause.message if isinstance(cause, CompError) else str(cause) or type(cause).__name__
        # Many messages repeat their cause already, of a file only why it cannot be read.
        why = (isinstance(cause, OSError) and cause.strerror) or text
        if text not in printed and why not in printed:
            tell(f"  caused by: {text}")
        cause, printed = cause.__cause__, printed + text
    if error.hint:
        print_hint(error.hint)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from toolkit.cli.ci_reports import error_as_commands

        # GitHub finds commands at the beginning of a line alone.
        tell(error_as_commands(error, os.environ), named=False)


def _print_bug(error: Exception) -> None:
    """Print a traceback, and where to report it."""
    tell_traceback(error)
    tell(f"error: this is a bug in comp {__version__}: {type(error).__name__}: {error}")
    print_hint("please report it with the lines above")


def print_hint(text: str) -> None:
    """Print advice after an empty line."""
    tell(f"\nhint: {text}")
