"""What `toolkit.load` loads: the release that `components.lock` has for a request, or one that is locked now."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.errors import InputError, Location, UsageError
from toolkit.pipelines.comp_process import LOCKED
from toolkit.registry.consuming.adding import add
from toolkit.registry.consuming.lock import ComponentsLock, LockedRelease, read_lock
from toolkit.registry.consuming.lock_place import lock_above, new_lock
from toolkit.registry.consuming.locked_contract import usable_contract
from toolkit.registry.named import UnknownRegistryError, by_name, configured_places, identity_of
from toolkit.registry.names import VersionRequest, parse_request

log = logging.getLogger(__name__)

_YES, _NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


class LoadRequest(Struct, frozen=True, kw_only=True):
    """A component that a pipeline's code asks for, such as `ml/train@^1`.

    `folders` are those to look for a lock from, one after the other. `lock` is the one that the caller names.
    With `locked` a component that the lock does not have is refused; None leaves that to the environment.
    `registry` is where such a component is looked for, None for the configured registries.
    """

    request: str
    folders: tuple[Path, ...]
    lock: Path | None = None
    locked: bool | None = None
    registry: str | None = None


class Load(Struct, frozen=True, kw_only=True):
    """A release of the lock at `lock`, the path of its copy, and its contract, with `image` as it is to be used."""

    entry: LockedRelease
    lock: Path
    copy: Path
    image: str
    text: str


def load_release(request: LoadRequest, environ: Mapping[str, str]) -> Load:
    """Return the release of the lock that a request means; one that the lock does not have is added to it.

    Raises InputError for a release of the lock that the request does not allow, a copy that was edited, and, where
    nothing may be added, for one that is not in the lock.
    """
    asked = parse_request(request.request)
    found = (lock_above(folder) for folder in request.folders)
    path = request.lock or next(filter(None, found), None) or new_lock(request.folders[0])
    lock = read_lock(path.parent)
    entry = _named(lock, asked)
    if entry is None:
        _add(request, path, environ)
        lock = read_lock(path.parent)
        # Another process may have taken it out again.
        entry = lock.chosen([request.request.partition("@")[0].rpartition(":")[2]])[0]
    elif not entry.satisfies(asked):
        raise InputError(
            f"{entry.name} is locked at {entry.version}, which {request.request!r} does not allow",
            where=Location(path=path),
            hint=f"{_in_folder(path)}comp add {request.request}",
        )
    elif asked.registry:
        _check_registry(lock, entry, asked.registry, environ)
    return Load(
        entry=entry,
        lock=path,
        copy=lock.copy_of(entry),
        image=lock.image(entry.image),
        text=usable_contract(lock, entry, environ),
    )


def _named(lock: ComponentsLock, request: VersionRequest) -> LockedRelease | None:
    """Return the release of a lock whose name is requested; None without one. Raises InputError for several."""
    found = [entry for entry in lock.components.values() if request.is_of(entry.name)]
    if len(found) > 1:
        several = ", ".join(str(entry.name) for entry in found)
        raise InputError(f"{request.name!r} is the name of several components", hint=f"one of {several}")
    return found[0] if found else None


def _check_registry(lock: ComponentsLock, entry: LockedRelease, name: str, environ: Mapping[str, str]) -> None:
    """Raise InputError unless a release was added from the registry that the settings call `name`."""
    place = by_name(name, configured_places(lock.folder, environ))
    if place.identity != identity_of(lock.place_of(entry)):
        raise InputError(
            f"{entry.name} was added from {entry.registry}, and {name} is {place.place}",
            where=Location(path=lock.path),
            hint=f"leave {name}: out; or `comp remove {entry.name}` first, to take it from there",
        )


def _add(request: LoadRequest, lock: Path, environ: Mapping[str, str]) -> None:
    """Add a component to the lock, and say so. Raises InputError where that is not allowed."""
    locked, reason = (request.locked, "locked=True") if request.locked is not None else _locked_by(environ)
    if locked:
        raise InputError(
            f"{request.request} is not in the lock, and {reason} allows no other component",
            where=Location(path=lock),
            hint=f"{_in_folder(lock)}comp add {request.request}; then commit components.lock and the copy",
        )
    registry = request.registry or environ.get("COMP_REGISTRY")
    try:
        added = add([request.request], folder=lock.parent, environ=environ, registry=registry, remark=log.warning)
    except (UsageError, UnknownRegistryError) as error:
        # Its own hint is about the command line.
        hint = "name registries in [tool.comp.registries], set COMP_REGISTRY, or give load(…, registry=PLACE)"
        raise type(error)(error.message, hint=hint) from error
    log.info("locked %s in %s", added[0].release, os.path.relpath(lock))


def _locked_by(environ: Mapping[str, str]) -> tuple[bool, str]:
    """Return whether the environment allows nothing new, and what of it says so. Raises UsageError for another word."""
    word = environ.get(LOCKED, "").lower()
    if word in _YES:
        return True, f"{LOCKED}={environ[LOCKED]}"
    if word not in _NO:
        raise UsageError(f"{LOCKED} is {word[:40]!r}, expected true or false", hint=f"{LOCKED}=1 allows nothing new")
    # On a CI platform nothing that is added would be committed, and tomorrow's run would take another release.
    return LOCKED not in environ and environ.get("CI", "").lower() in _YES, f"CI={environ.get('CI')}"


def _in_folder(lock: Path) -> str:
    """Return the beginning of a command that has to run where a lock is."""
    folder = os.path.relpath(lock.parent)
    return "" if folder == "." else f"cd {folder} && "
