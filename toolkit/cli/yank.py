"""`comp yank`: keep ranges from choosing a version."""

import os

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import (
    branch_option,
    by_option,
    open_to_mark,
    published_now,
    registry_option,
    undo_option,
    what_was_marked,
)


@click.command
@click.argument("release", metavar="NAMESPACE/NAME@VERSION")
@registry_option
@click.option("--reason", metavar="TEXT", help="Why; those who use the version read it.  [required without --undo]")
@undo_option
@by_option
@branch_option
@format_option
@pass_console
def command(
    console: Console,
    *,
    release: str,
    registry: str | None,
    reason: str | None,
    undo: bool,
    by: str | None,
    branch: str | None,
    form: str,
) -> None:
    """Yank a version of a component: ranges no longer choose it, and `comp status` warns those who have it.

    The release stays, so that locks and exact requests still get it. Prints the release.
    """
    from toolkit.registry.publishing.marking import Note, check_reason, check_release, parse_release, yank

    name, version = parse_release(release)
    text = check_reason(reason, undo=undo)
    opened = open_to_mark(registry, name, branch, lambda registry: check_release(registry, name, version))
    note = None if undo else Note(reason=text, published=published_now(os.environ), by=by)
    changed = yank(opened, name, version, note)
    console.say(what_was_marked(f"{name}@{version}", "yanked", undo=undo, changed=changed, branch=branch))
    document = {"release": f"{name}@{version}", "yanked": not undo, "reason": text or None, "changed": changed}
    console.result(form, f"{name}@{version}", document)
