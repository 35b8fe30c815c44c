"""What the commands that read or write a component registry share: options, and the time of a release."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from toolkit.errors import InputError

if TYPE_CHECKING:
    from toolkit.registry.names import Name
    from toolkit.registry.protocol import Registry, WritableRegistry

registry_option = click.option(
    "--registry",
    envvar="COMP_REGISTRY",
    show_envvar=True,
    metavar="NAME|PLACE",
    help="The registry: a configured name, a folder, https://…, git+https://…, oci://HOST/PREFIX.",
)

branch_option = click.option("--branch", metavar="NAME", help="Write to this branch of a git registry, for review.")
by_option = click.option("--by", metavar="NAME", help="Your name, for the record.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")


def published_now(environ: Mapping[str, str]) -> datetime:
    """Return SOURCE_DATE_EPOCH, for records that can be reproduced, or now."""
    text = environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"SOURCE_DATE_EPOCH is {text!r}, expected seconds since 1970") from error


def open_to_mark(
    text: str | None, name: "Name", branch: str | None, check: "Callable[[Registry], None]"
) -> "WritableRegistry":
    """Open the registry of a component to write to it, after `check` has read it: a missing one is not made."""
    from toolkit.registry.named import resolve_one
    from toolkit.registry.opening import open_registry, open_writable

    place = resolve_one(text, environ=os.environ, namespace=name.namespace).place
    check(open_registry(place, environ=os.environ))
    return open_writable(place, environ=os.environ, review=branch)
