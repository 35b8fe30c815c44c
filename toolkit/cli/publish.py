"""`comp publish`: put a release into a component registry."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import many
from toolkit.cli.console import Console, pass_console
from toolkit.cli.registry_options import registry_option
from toolkit.errors import InputError
from toolkit.progress import SUBJECT

if TYPE_CHECKING:
    from toolkit.collection.work import Done


@click.command
@many.options
@registry_option
@click.option("--namespace", metavar="NAME", help="The namespace of the names; overrides [tool.comp] namespace.")
@click.option("--by", metavar="NAME", help="The publisher's name, for the record.")
@click.option("--branch", metavar="NAME", help="Publish on this branch of a git registry, for review.")
@click.option("--accept-breaking", is_flag=True, help="Publish even if the version is too low for what changed.")
@pass_console
def command(
    console: Console,
    /,
    *,
    asked: many.Asked,
    registry: str | None,
    namespace: str | None,
    by: str | None,
    branch: str | None,
    accept_breaking: bool,
) -> int:
    """Publish the components in FOLDER as immutable releases.

    The version is the project's, and the image has to be pinned. The version has to allow what changed since the one
    before it, as `comp breaking` says. Prints a line for each component. Publishing the same again changes nothing.
    """
    published = _published(os.environ)

    def publish(folder: Path) -> "Done":
        """Publish the components of one folder."""
        from toolkit.breaking.releases import accept_release
        from toolkit.collection.work import Done
        from toolkit.config.project import read_project
        from toolkit.registry.named import resolve_one
        from toolkit.registry.opening import open_writable
        from toolkit.registry.publishing import publish_project

        project = read_project(folder, environ=os.environ)
        place = resolve_one(registry, environ=os.environ, namespace=namespace or project.namespace, folder=folder).place
        releases = publish_project(
            project,
            lambda: open_writable(place, environ=os.environ, review=branch),
            namespace=namespace,
            published=published,
            by=by,
            accept=None if accept_breaking else accept_release,
        )
        for release, new in releases:
            if not new and not SUBJECT.get():
                console.say(f"{release} was there already")
            if asked.form == "text":
                console.data(f"{release} {release.digest}")
        return Done(
            result="published" if any(new for _, new in releases) else "unchanged",
            digest=str(releases[0][0].digest),
            more={
                "releases": [{"release": str(each), "digest": str(each.digest), "new": new} for each, new in releases]
            },
        )

    if asked.alone:
        return publish(asked.alone).code
    return many.report_on(console, "comp publish", asked, lambda member: publish(member.folder))


def _published(environ: Mapping[str, str]) -> datetime:
    """Return SOURCE_DATE_EPOCH, for records that can be reproduced, or now."""
    text = environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"SOURCE_DATE_EPOCH is {text!r}, expected seconds since 1970") from error
