"""`comp publish`: put a release into a component registry."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.errors import InputError

registry_option = click.option(
    "--registry",
    envvar="COMP_REGISTRY",
    required=True,
    show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The registry, a directory.",
)


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@registry_option
@click.option("--namespace", help="Where the names belong; overrides [tool.comp] namespace.")
@click.option("--by", metavar="WHO", help="Who publishes, for the record.")
@pass_console
def command(console: Console, *, folder: Path, registry: Path, namespace: str | None, by: str | None) -> None:
    """Publish the components in FOLDER as immutable releases.

    The version is the project's, and the image must be pinned. Prints a line for each component. Publishing
    the same again changes nothing.
    """
    from toolkit.config import read_project
    from toolkit.registry.directory import Directory
    from toolkit.registry.publishing import publish_project

    project = read_project(folder)
    done = publish_project(
        project, Directory.create(registry), namespace=namespace, published=_published(os.environ), by=by
    )
    for release, new in done:
        if not new:
            console.say(f"{release} was there already")
        console.data(f"{release} {release.digest}")


def _published(environ: "os._Environ[str]") -> datetime:
    text = environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"SOURCE_DATE_EPOCH is {text!r}, expected seconds since 1970") from error
