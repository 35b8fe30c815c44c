"""Work without a network: whether servers may be asked, and how old is what was seen of them."""

from collections.abc import Mapping

from toolkit.errors import UsageError
from toolkit.words import counted

VARIABLE = "COMP_OFFLINE"
HINT = f"leave out --offline, or unset {VARIABLE}"

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))
_VALUES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


def is_offline(environ: Mapping[str, str]) -> bool:
    """Return whether servers of registries must not be asked. Raises UsageError for a value that says neither."""
    text = environ.get(VARIABLE, "")
    try:
        return _VALUES[text.lower()]
    except KeyError:
        raise UsageError(f"{VARIABLE} is {text!r}, expected true or false") from None


def ago(seconds: float) -> str:
    """Return how long ago something was, in the largest unit that fits: `3 hours ago`."""
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{counted(int(seconds // length), unit)} ago"
    # A clock that was set back gives a time to come.
    return "a moment ago"
