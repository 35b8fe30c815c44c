"""The page of the exit codes, made of the errors that have them."""

import inspect

from toolkit.errors import CompError, InputError, OutsideError, UsageError
from tools.reference_pages.markdown import prose, table

_MADE = "<!-- Made by `make reference` from toolkit/errors.py. -->"
_AFTER = """\
A command on many components ends with the worst of theirs, in the order 4, 3, 2, 1, 0. `comp run` and `comp test` end
with 1 if the component fails, and print the component's own code.

stdout carries results only: a reference by digest, a document, findings. Everything else goes to stderr, so that
`image=$(comp build --push train_model)` is safe. An error says what failed and on what; what you can do stands behind
`hint:`."""


def exit_codes_page() -> str:
    """Return the page."""
    rows = [("0", "The command did what it is for.")]
    rows += [(str(int(error.exit_code)), prose(_said(error))) for error in (InputError, UsageError, OutsideError)]
    rows += [(str(int(CompError.exit_code)), "A bug in comp. Please report it, with what the command printed.")]
    rows += [("130", "Ctrl-C."), ("143", "SIGTERM.")]
    return "\n\n".join([_MADE, "# Exit codes", table(("code", "meaning"), rows), _AFTER]) + "\n"


def _said(error: type[CompError]) -> str:
    """Return the first line of an error's docstring, with what a code of 1 stands for besides."""
    line = inspect.cleandoc(error.__doc__ or "").splitlines()[0]
    return f"{line} A check found something." if error is InputError else line
