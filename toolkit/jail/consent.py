"""What the user allows to run on this machine, by the command line or the environment.

A file of the component never counts: the author of a repository must not vouch for it.
"""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from toolkit.errors import UsageError

TRUST_BASE = "COMP_TRUST_BASE"
ALLOW_BUILDS = "COMP_ALLOW_BUILDS"


class Consent(Struct, frozen=True, kw_only=True):
    """What may run: a base's Python without a jail, and builds of foreign projects. In a `dry` run neither may."""

    trust_base: bool = False
    allow_builds: bool = False
    dry: bool = False

    @classmethod
    def given(
        cls, environ: Mapping[str, str], *, trust_base: bool = False, allow_builds: bool = False, dry: bool = False
    ) -> Self:
        """Return what the command line allows, or `COMP_TRUST_BASE` and `COMP_ALLOW_BUILDS` do. Raises UsageError."""
        return cls(
            trust_base=trust_base or _flag(environ, TRUST_BASE),
            allow_builds=allow_builds or _flag(environ, ALLOW_BUILDS),
            dry=dry,
        )


def _flag(environ: Mapping[str, str], name: str) -> bool:
    """Return whether a variable is true. Raise UsageError for any other value than true or false."""
    text = environ.get(name, "")
    if text not in {"", "true", "false"}:
        raise UsageError(f"{name} is {text[:40]!r}, expected true or false", hint="unset it for false")
    return text == "true"
