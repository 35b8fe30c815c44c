"""What the commands that read or write a component registry share: options, and the time of a release."""

from collections.abc import Mapping
from datetime import UTC, datetime

import click

from toolkit.errors import InputError

registry_option = click.option(
    "--registry",
    envvar="COMP_REGISTRY",
    show_envvar=True,
    metavar="NAME|PLACE",
    help="The registry: a configured name, a folder, https://…, git+https://…, oci://HOST/PREFIX.",
)

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
