"""`comp add`: take components from registries into this project."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import registry_option
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.registry.choosing import Found
    from toolkit.registry.lock import ComponentsLock
    from toolkit.registry.names import VersionRequest


@click.command
@click.argument("names", nargs=-1, metavar="NAME[@VERSION]...")
@registry_option
@click.option("--into", metavar="DIRECTORY", help="The folder for the copies.  [default: components]")
@click.option("--force", is_flag=True, help="Replace a copy that was edited; it is kept as component.yaml.orig.")
@click.option("--locked", is_flag=True, help="Write the copies that components.lock has; by default all of them.")
@click.option("--dry-run", is_flag=True, help="Only print what would be added.")
@format_option
@pass_console
def command(
    console: Console,
    *,
    names: Sequence[str],
    registry: str | None,
    into: str | None,
    force: bool,
    locked: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Copy components into this project, and lock them.

    VERSION is 1.2.3, a range such as ^1 or ~1.2, a digest sha256:…, or 1.2.3#sha256:…; without it, the newest one and
    those that are compatible with it. The contract is copied unchanged to components/<namespace>/<name>/component.yaml,
    and components.lock beside it records version, digest, image and registry: the nearest one above, or a new one in
    the current folder. Prints the copies' paths. A copy that was edited is never replaced unless --force is given.
    """
    from toolkit.registry.choosing import Registries
    from toolkit.registry.lock import find_lock, read_lock
    from toolkit.registry.names import parse_request

    lock = read_lock(find_lock(Path()))
    if locked:
        # Version and digest are checked together: these are the bytes that were locked.
        names = [f"{entry}#{entry.digest}" for entry in lock.chosen(names)]
    elif not names:
        raise UsageError("no component is named", hint="comp add NAME, or comp add --locked for all of components.lock")
    requests = [parse_request(name) for name in names]
    registries = Registries.of(
        registry, environ=os.environ, required=not all(_is_placed(request, lock) for request in requests)
    )
    bound = lock.bindings()
    results = []
    # All are found before the first is written.
    for request, found in [(request, registries.find(request, bound)) for request in requests]:
        _remark(console, found, lock)
        results.append(_add(console, request, found, lock, into=into, force=force, dry_run=dry_run, locked=locked))
    if form == "json":
        console.data(json.dumps(results, indent=2))
    elif results:
        console.data("\n".join(result["path"] for result in results))


def _is_placed(request: "VersionRequest", lock: "ComponentsLock") -> bool:
    """Return whether a request or the lock names the registry of a component."""
    name = f"{request.namespace}/{request.name}"
    return request.registry is not None or name in lock.components


def _add(
    console: Console,
    request: "VersionRequest",
    found: "Found",
    lock: "ComponentsLock",
    *,
    into: str | None,
    force: bool,
    dry_run: bool,
    locked: bool,
) -> dict[str, Any]:
    """Add one component, and return the result as JSON data."""
    from toolkit.registry.lock import written_place
    from toolkit.registry.names import ANY
    from toolkit.registry.release import CONTRACT
    from toolkit.registry.vendored import INTO, add_component, check_names

    release = found.release
    contract = found.registry.content(release, CONTRACT)
    # Before anything is written, since the registry is another's.
    check_names(release, contract)
    previous = lock.components.get(str(release.name))
    # Without a version later ones are taken as long as they are compatible.
    requested = f"^{release.version}" if request.selector == ANY else request.selector
    if previous and locked:
        requested = previous.requested
    below = os.path.relpath(into, lock.folder) if into else None
    path, changed = lock.folder / (below or INTO) / str(release.name) / CONTRACT, previous is None
    if dry_run:
        path = lock.copy_of(previous) if previous and below is None else path
        changed = previous is None or previous.digest != release.digest
        console.say(f"would add {release}" if changed else f"{release} is there already")
    else:
        added = add_component(
            release,
            contract,
            requested=requested,
            registry=found.place.place,
            folder=lock.folder,
            into=below,
            force=force,
        )
        path, changed = added.path, added.changed
        console.say(f"added {release}" if changed else f"{release} is there already")
        if added.kept:
            console.say(f"the edited copy is kept as {os.path.relpath(added.kept)}")
    return {
        "name": str(release.name),
        "version": str(release.version),
        "digest": str(release.digest),
        "image": release.image,
        "requested": requested,
        "registry": written_place(found.place.place, lock.folder),
        "path": os.path.relpath(path),
        "previous": str(previous.version) if previous else None,
        "changed": changed,
    }


def _remark(console: Console, found: "Found", lock: "ComponentsLock") -> None:
    """Warn about a release that is yanked or deprecated, or that comes from another registry than before."""
    from toolkit.registry.named import identity_of

    release = found.release
    marks = found.registry.marks(release.name)
    if yank := marks.yanked.get(release.version):
        console.warn(f"{release} is yanked: {yank.reason}")
    if deprecated := marks.deprecated:
        use = f"; use {deprecated.superseded_by}" if deprecated.superseded_by else ""
        console.warn(f"{release.name} is deprecated: {deprecated.reason}{use}")
    previous = lock.components.get(str(release.name))
    if previous and identity_of(lock.place_of(previous)) != found.place.identity:
        console.warn(f"{release.name} comes from {found.place} now, and came from {previous.registry}")
