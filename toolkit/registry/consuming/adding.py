"""Take components from registries into a project: a copy of each contract, and an entry in `components.lock`."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from toolkit.registry.consuming.choosing import Found, Registries
from toolkit.registry.consuming.lock import ComponentsLock, read_lock, written_place
from toolkit.registry.consuming.vendored import Copying, add_component, check_names
from toolkit.registry.named import identity_of
from toolkit.registry.names import ANY, VersionRequest, parse_request
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version


class Added(Struct, frozen=True, kw_only=True):
    """A release that is in a project now, or would be.

    `path` is that of its copy, and `kept` that of an earlier one that was edited. `requested` and `registry` are as in
    the lock. `previous` is the version before, None for a new component. `changed` if the copy or the lock is another.
    """

    release: Release
    path: Path
    requested: str
    registry: str
    previous: Version | None
    changed: bool
    kept: Path | None = None


class Adding(Struct, frozen=True, kw_only=True):
    """How components are added. `into` is the folder for copies, None for the one where they are or `components`.

    With `force` a copy that was edited is kept beside the new one. With `locked` the releases are those of the lock,
    all of them for no names. With `dry_run` nothing is written.
    """

    into: Path | None = None
    force: bool = False
    locked: bool = False
    dry_run: bool = False


def add(
    requests: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    registry: str | None = None,
    settings: Path | None = None,
    adding: Adding | None = None,
    remark: Callable[[str], object] = lambda _: None,
    announce: Callable[[Added], object] = lambda _: None,
) -> tuple[Added, ...]:
    """Add the newest releases that requests allow to the project in `folder`; the same again changes nothing.

    A registry is the one that a name was added from, else `registry`, by its name or place, else the configured ones
    of the folder `settings`, by default the project's. All releases are found before the first is written; `announce`
    gets each as it is, `remark` what is to be known of it. Raises InputError for a release that is missing or a copy
    that was edited, UsageError without a registry, and OutsideError for one that cannot be reached.
    """
    adding = adding or Adding()
    # As seen from here, so that a relative place of a registry stays one in the lock.
    lock = read_lock(Path(os.path.relpath(folder)))
    if adding.locked:
        # Version and digest are checked together: these are the bytes that were locked.
        requests = [f"{entry}#{entry.digest}" for entry in lock.chosen(requests)]
    asked = [parse_request(request) for request in requests]
    required = not all(_is_placed(request, lock) for request in asked)
    registries = Registries.of(registry, environ=environ, folder=settings or folder, required=required)
    bound = lock.bindings()
    every = []
    for request, found in [(request, registries.find(request, bound)) for request in asked]:
        for text in _remarks(found, lock):
            remark(text)
        every.append(_added(request, found, lock, adding))
        announce(every[-1])
    return tuple(every)


def _is_placed(request: VersionRequest, lock: ComponentsLock) -> bool:
    """Return whether a request or the lock names the registry of a component."""
    return request.registry is not None or any(request.is_of(entry.name) for entry in lock.components.values())


def _added(request: VersionRequest, found: Found, lock: ComponentsLock, adding: Adding) -> Added:
    """Add one component, or try to."""
    release = found.release
    contract = found.registry.content(release, CONTRACT)
    # Before anything is written, since the registry is another's.
    check_names(release, contract)
    previous = lock.components.get(str(release.name))
    # Without a version later ones are taken as long as they are compatible.
    requested = f"^{release.version}" if request.selector == ANY else request.selector
    if previous and adding.locked:
        requested = previous.requested
    done = add_component(
        release,
        contract,
        requested=requested,
        registry=found.place.place,
        folder=lock.folder,
        image=found.registry.marks(release.name).images.get(release.image),
        copying=Copying(
            into=os.path.relpath(adding.into, lock.folder) if adding.into else None,
            force=adding.force,
            dry_run=adding.dry_run,
        ),
    )
    return Added(
        release=release,
        path=done.path,
        requested=requested,
        registry=written_place(found.place.place, lock.folder),
        previous=previous.version if previous else None,
        changed=done.changed,
        kept=done.kept,
    )


def _remarks(found: Found, lock: ComponentsLock) -> Iterator[str]:
    """Yield that a release is yanked or deprecated, or comes from another registry than before."""
    release = found.release
    yield from found.warnings()
    previous = lock.components.get(str(release.name))
    if previous and identity_of(lock.place_of(previous)) != found.place.identity:
        yield f"{release.name} comes from {found.place} now, and came from {previous.registry}"
