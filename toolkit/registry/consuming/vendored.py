"""A consumer's copies of contracts: verbatim, described by `components.lock`, and never overwritten once edited."""

import enum
import os
from contextlib import nullcontext
from pathlib import Path

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import CONTRACT_SIZE
from toolkit.registry.consuming.lock import (
    ComponentsLock,
    LockedRelease,
    check_within,
    read_lock,
    write_lock,
    written_place,
)
from toolkit.registry.place import Place
from toolkit.registry.release import CONTRACT, Release
from toolkit.spec.reader import parse_component
from toolkit.spec.schema_header import normalised, schema_header
from toolkit.system.atomic import write_bytes
from toolkit.system.held import held
from toolkit.system.paths import check_inside, leads_elsewhere, real
from toolkit.system.reading import read_foreign

_INTO = "components"
# What `--force` names an edited copy.
_KEPT = ".orig"
_SHOWN = 80


class Vendored(Struct, frozen=True, kw_only=True):
    """The copy of one component, and whether adding it changed anything; `kept` is where an edited copy is now."""

    path: Path
    changed: bool
    kept: Path | None = None


class Copying(Struct, frozen=True, kw_only=True):
    """How a copy is made: `into` a folder below that of the lock, None for where it is, or `components` for a new one.

    With `force` a copy that was edited is kept beside the new one. With `dry_run` all is as it would be, and nothing is
    written.
    """

    into: str | None = None
    force: bool = False
    dry_run: bool = False


class CopyState(enum.Enum):
    """How a copy is beside what the lock says."""

    OK = "OK"
    MODIFIED = "MODIFIED"
    CORRUPTED = "CORRUPTED"
    MISSING = "MISSING"


def add_component(
    release: Release,
    contract: bytes,
    *,
    requested: str,
    registry: Place,
    folder: Path,
    image: str | None = None,
    copying: Copying | None = None,
) -> Vendored:
    """Write the copy and its entry in `components.lock` of `folder`; the same release again changes nothing.

    `image` is the copy of the release's image that a mirror has, which the lock notes. Raises InputError if the
    existing copy was edited, unless `copying` forces it.
    """
    copying = copying or Copying()
    try:
        with nullcontext() if copying.dry_run else held(folder):
            return _add(release, contract, requested, registry, read_lock(folder), copying, image)
    except OSError as error:
        raise OutsideError(f"cannot add {release} in {folder}: {error.strerror}") from error


def remove_component(name: str, folder: Path, *, force: bool = False) -> tuple[LockedRelease, Path | None]:
    """Remove a copy and its entry in the lock; return the entry, and where an edited copy is now.

    Raises InputError if the copy was edited, unless `force`, and for a name that the lock has not.
    """
    with held(folder):
        lock = read_lock(folder)
        (entry,) = lock.chosen([name])
        path = lock.copy_of(entry)
        # What a link leads to is not this project's.
        if not _is_inside(lock.root_of(entry), path):
            raise InputError(
                f"{path} is in {real(path.parent)}, outside of {lock.root_of(entry)}",
                hint="a folder on the way is a link: remove it",
            )
        state, _ = copy_state(lock, entry)
        kept = None
        if state in {CopyState.MODIFIED, CopyState.CORRUPTED}:
            if not force:
                raise _edited(path, "removing the component", "--force keeps it beside, as component.yaml.orig")
            kept = keep_aside(path)
        else:
            path.unlink(missing_ok=True)
        write_lock(lock.without(entry))
    _remove_empty(path.parent, folder)
    return entry, kept


def copy_state(lock: ComponentsLock, entry: LockedRelease) -> tuple[CopyState, str]:
    """Return how the copy of a component is, and the reason if it is not OK."""
    path = lock.copy_of(entry)
    try:
        data = read_foreign(path, CONTRACT_SIZE)
        if Digest.of(normalised(data)) == entry.digest:
            return CopyState.OK, ""
        parse_component(data.decode(), path)
    except (FileNotFoundError, NotADirectoryError):
        return CopyState.MISSING, f"{path} does not exist"
    except OSError as error:
        return CopyState.CORRUPTED, f"{path} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return CopyState.CORRUPTED, f"{path} is no contract: not UTF-8 text"
    except InputError as error:
        return CopyState.CORRUPTED, f"{path} is no contract: {error.message}"
    return CopyState.MODIFIED, f"{path} was edited"


def is_edited(lock: ComponentsLock, entry: LockedRelease, release: Release) -> bool:
    """Return whether a copy was edited, so that taking a release in its place would lose something.

    The copy of that release is not: a command may have been ended before it wrote the lock.
    """
    path = lock.copy_of(entry)
    return path.is_file() and not _is_known(read_foreign(path, CONTRACT_SIZE), release, entry)


def check_names(release: Release, contract: bytes) -> None:
    """Raise InputError for a contract with an input or output whose name is a path that leads elsewhere.

    Publishing refuses such a contract too, but another program may have written the registry.
    """
    interface = parse_component(contract.decode(errors="replace"), Path(str(release), CONTRACT)).interface
    for name in (*(port.name for port in interface.inputs), *(port.name for port in interface.outputs)):
        if leads_elsewhere(name):
            raise InputError(
                f"{release} has an input or output called {name[:_SHOWN]!r}, which cannot name a file",
                hint="do not use this component before you know who published it",
            )


def keep_aside(path: Path) -> Path:
    """Move a file to a name beside it that is free, and return that path."""
    data, number = path.read_bytes(), 0
    while True:
        kept = path.with_name(f"{path.name}{_KEPT}{f'.{number}' if number else ''}")
        try:
            # A rename would replace what was kept earlier.
            with kept.open("xb") as stream:
                stream.write(data)
        except FileExistsError:
            number += 1
            continue
        path.unlink()
        return kept


def _add(
    release: Release,
    contract: bytes,
    requested: str,
    registry: Place,
    lock: ComponentsLock,
    copying: Copying,
    image: str | None,
) -> Vendored:
    """Write the copy, and its entry, unless it is a trial; the caller holds the folder of the lock."""
    previous = lock.components.get(str(release.name))
    if previous and copying.into is None:
        path, root = lock.copy_of(previous), lock.root_of(previous)
    else:
        root = lock.folder / (copying.into or _INTO)
        path = root / release.name.namespace / release.name.name / CONTRACT
    check_inside(root, path)
    entry = LockedRelease(
        name=release.name,
        version=release.version,
        digest=release.digest,
        image=release.image,
        requested=requested,
        registry=written_place(registry, lock.folder),
        # Relative, since the lock is committed with the project and read in other places.
        path=Path(os.path.relpath(path, lock.folder)).as_posix(),
        more=previous.more if previous else {},
    )
    check_within(entry, lock.folder)
    old = path.read_bytes() if path.is_file() else None
    kept = None
    if old is not None and not _is_known(old, release, previous):
        if not copying.force:
            raise _edited(path, "adding the component", "--force takes the release's, and keeps yours beside it")
        kept = None if copying.dry_run else keep_aside(path)
    # The consumer's own header stays: it names a schema of the consumer's repository.
    new = schema_header(old or b"") + contract
    left = lock.without(previous) if previous and previous.image != entry.image else lock
    added = left.with_components(entry).with_image(entry.image, image)
    changed = previous != entry or added.images != lock.images
    if not copying.dry_run:
        # The copy before the lock: after a crash in between, adding the same release again finds its own copy.
        if old != new:
            write_bytes(path, new)
        if changed:
            write_lock(added)
        if previous and previous.path != entry.path:
            _leave(lock.copy_of(previous), release, previous, lock.folder)
    return Vendored(path=path, changed=old != new or changed, kept=kept)


def _is_known(data: bytes, release: Release, locked: LockedRelease | None) -> bool:
    """Return whether a copy is that of a release or of the locked one: any other was edited."""
    return Digest.of(normalised(data)) in ({release.digest, locked.digest} if locked else {release.digest})


def _is_inside(root: Path, path: Path) -> bool:
    """Return whether no folder on the way to a file is a link out of `root`."""
    return real(path.parent).is_relative_to(real(root))


def _leave(path: Path, release: Release, locked: LockedRelease, folder: Path) -> None:
    """Remove a copy that lies elsewhere now, unless it was edited."""
    if (
        path.is_file()
        and _is_inside(folder / Path(locked.path).parents[2], path)
        and _is_known(path.read_bytes(), release, locked)
    ):
        path.unlink()
        _remove_empty(path.parent, folder)


def _edited(path: Path, what: str, hint: str) -> InputError:
    """Return the error for a copy that was edited."""
    return InputError(f"this copy was edited, and {what} would lose that", where=Location(path=path), hint=hint)


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder and those above it, below `root`, as long as they are empty."""
    for place in (folder, *folder.parents):
        if place.absolute() == root.absolute() or not place.absolute().is_relative_to(root.absolute()):
            return
        try:
            place.rmdir()
        except OSError:
            return
