"""What the commands that read or write a component registry share: options, and the time of a release."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from toolkit.cli.registry_names import registry_names

if TYPE_CHECKING:
    from datetime import datetime

    from toolkit.registry.consuming.lock import ComponentsLock
    from toolkit.registry.names import Name
    from toolkit.registry.place import Place
    from toolkit.registry.protocol import Registry, WritableRegistry

registry_option = click.option(
    "--registry",
    envvar="COMP_REGISTRY",
    show_envvar=True,
    metavar="NAME|PLACE",
    shell_complete=registry_names,
    help="The registry: a configured name, a folder, https://…, git+https://…, oci://HOST/PREFIX.",
)

_OFFLINE = "COMP_OFFLINE"

branch_option = click.option("--branch", metavar="NAME", help="Write to this branch of a git registry, for review.")
undo_option = click.option("--undo", is_flag=True, help="Take it back.")
by_option = click.option("--by", metavar="NAME", help="Your name, for the record.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")


def published_now(environ: Mapping[str, str]) -> "datetime":
    """Return SOURCE_DATE_EPOCH, for records that can be reproduced, or now."""
    from toolkit.registry.publishing.project import published_now as now

    return now(environ)


def open_to_mark(
    text: str | None, name: "Name", branch: str | None, check: "Callable[[Registry], None]"
) -> "WritableRegistry":
    """Open the registry of a component to write to it, after `check` has read it: a missing one is not made."""
    from toolkit.registry.named import resolve_one
    from toolkit.registry.opening import open_registry, open_writable

    place = resolve_one(text, environ=os.environ, namespace=name.namespace).place
    check(open_registry(place, environ=os.environ))
    return open_writable(place, environ=os.environ, review=branch)


def what_was_marked(subject: str, state: str, *, undo: bool, changed: bool, branch: str | None) -> str:
    """Return what a mark means now, in words; on a branch for review it holds only there."""
    where = f" on the branch {branch}" if branch else ""
    if changed:
        return f"{subject} is {'no longer ' if undo else ''}{state}{where}"
    return f"{subject} is not {state}{where}" if undo else f"{subject} is {state}{where} already"


def nothing_locked(lock: "ComponentsLock") -> str:
    """Return what to do where no component was added yet."""
    return f"{lock.path} has no components; `comp add` takes one of a registry"


def where_its_files_are(place: "Place", command: str) -> str:
    """Return where a command that needs the files of a registry can be run."""
    from toolkit.registry.place import PlaceKind

    match place.kind:
        case PlaceKind.GIT:
            return f"in a clone of the repository: comp registry {command} --registry ."
        case PlaceKind.HTTP:
            return f"where the folder behind the web server is: comp registry {command} --registry FOLDER"
        case _:
            return "the server removes what no tag names by its own garbage collector"


def _go_offline(context: click.Context, _: click.Parameter, value: bool | None) -> None:  # noqa: FBT001 (click's form)
    """Set the variable for as long as the command runs."""
    before = os.environ.get(_OFFLINE)
    if not value or before == "1":
        return
    os.environ[_OFFLINE] = "1"
    context.call_on_close(lambda: os.environ.__setitem__(_OFFLINE, before) if before else os.environ.pop(_OFFLINE, ""))


# Everything below a command reads the variable, so that the option sets it and commands need not pass it on.
offline_option = click.option(
    "--offline",
    is_flag=True,
    expose_value=False,
    callback=_go_offline,
    help="Ask no server; use what was seen of registries. COMP_OFFLINE=true does the same.",
)
