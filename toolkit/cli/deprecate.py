"""`comp deprecate`: say that nothing new should use a component."""

import os
from typing import TYPE_CHECKING

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
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.registry.protocol import Registry


@click.command
@click.argument("component", metavar="NAMESPACE/NAME")
@registry_option
@click.option("--reason", metavar="TEXT", help="Why; those who use the component read it.  [required without --undo]")
@click.option("--superseded-by", metavar="NAMESPACE/NAME", help="The component to use in its place.")
@click.option("--force", is_flag=True, help="Take a successor that the registry does not have yet.")
@undo_option
@by_option
@branch_option
@format_option
@pass_console
def command(
    console: Console,
    *,
    component: str,
    registry: str | None,
    reason: str | None,
    superseded_by: str | None,
    force: bool,
    undo: bool,
    by: str | None,
    branch: str | None,
    form: str,
) -> None:
    """Deprecate a component with all its versions, and name the one to use in its place.

    The releases stay. Those who search, add or have the component are warned. Prints the component.
    """
    from toolkit.registry.publishing.marking import (
        Note,
        check_component,
        check_reason,
        check_successor,
        deprecate,
        parse_component,
    )

    name = parse_component(component)
    text = check_reason(reason, undo=undo)
    if undo and superseded_by:
        raise UsageError("--undo takes a mark back, and needs no --superseded-by", hint="leave one of them out")
    successor = parse_component(superseded_by) if superseded_by else None

    def check(registry: "Registry") -> None:
        """Check the names before anything is written."""
        check_component(registry, name)
        if successor and not force:
            check_successor(registry, name, successor)

    opened = open_to_mark(registry, name, branch, check)
    note = None if undo else Note(reason=text, published=published_now(os.environ), by=by)
    changed = deprecate(opened, name, note, successor)
    console.say(what_was_marked(str(name), "deprecated", undo=undo, changed=changed, branch=branch))
    document = {
        "component": str(name),
        "deprecated": not undo,
        "reason": text or None,
        "superseded_by": str(successor) if successor else None,
        "changed": changed,
    }
    console.result(form, str(name), document)
