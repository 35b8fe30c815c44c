"""What the user has allowed to run on this machine, by the command line or the environment.

Never by a file of the component: whoever wrote a repository must not be the one who vouches for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from toolkit.errors import UsageError

TRUST_BASE = "COMP_TRUST_BASE"
ALLOW_BUILDS = "COMP_ALLOW_BUILDS"


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """What may run: a base's Python without a jail, builds that need consent; in a `dry` run neither, in no jail."""

    trust_base: bool = False
    allow_builds: bool = False
    dry: bool = False

    @classmethod
    def given(
        cls, environ: Mapping[str, str], *, trust_base: bool = False, allow_builds: bool = False, dry: bool = False
    ) -> Self:
        """Take what the command line says, and what `COMP_TRUST_BASE` and `COMP_ALLOW_BUILDS` do."""
        return cls(
            trust_base=trust_base or _flag(environ, TRUST_BASE),
            allow_builds=allow_builds or _flag(environ, ALLOW_BUILDS),
            dry=dry,
        )


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "")
    if text not in {"", "true", "false"}:
        raise UsageError(f"{name} is {text[:40]!r}, expected true or false", hint="unset it for false")
    return text == "true"
