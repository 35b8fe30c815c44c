"""The options that permit others' code to run on this machine."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click

from toolkit.jail.consent import Consent

_Command = TypeVar("_Command", bound=Callable[..., Any])

_trust_base = click.option(
    "--trust-base",
    is_flag=True,
    help="Run the base's Python even where no jail can be made.  [env var: COMP_TRUST_BASE]",
)
_allow_builds = click.option(
    "--allow-builds",
    is_flag=True,
    help="Build source distributions: in a jail, or else in a container of the base, or without a jail."
    "  [env var: COMP_ALLOW_BUILDS]",
)


def options(command: _Command) -> _Command:
    """Add both options to a command; it gets them, combined with the environment, as `allowed`."""
    return _trust_base(build_option(command))


def build_option(command: _Command) -> _Command:
    """Add the option about builds alone."""

    @wraps(command)
    def with_consent(
        *arguments: object, trust_base: bool = False, allow_builds: bool = False, **rest: object
    ) -> object:
        """Call the command with the consent of both sources."""
        allowed = Consent.given(os.environ, trust_base=trust_base, allow_builds=allow_builds)
        return command(*arguments, allowed=allowed, **rest)

    return _allow_builds(cast("_Command", with_consent))
