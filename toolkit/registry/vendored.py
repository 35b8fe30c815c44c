"""What a consumer keeps: verbatim copies of contracts, and `components.lock` that says what they are."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.atomic import write_bytes
from toolkit.errors import InputError, Location, OutsideError
from toolkit.oci.digest import Digest
from toolkit.paths import check_inside, leads_elsewhere
from toolkit.registry.release import Release, normalised
from toolkit.spec.reader import parse_component

LOCK_NAME = "components.lock"
LOCK_VERSION = 1
_SHOWN = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendored:
    """One component that was taken: where its copy is, and whether anything changed."""

    path: Path
    changed: bool


def add_component(
    release: Release, contract: bytes, *, requested: str, registry: str, folder: Path, into: str, force: bool = False
) -> Vendored:
    """Write the copy and its line in `components.lock` of `folder`; the same release again changes nothing.

    Raises InputError when the copy that is there was edited, unless `force`.
    """
    path = folder / into / release.name.namespace / release.name.name / "component.yaml"
    entry = {
        "version": str(release.version),
        "digest": str(release.digest),
        "image": release.image,
        "requested": requested,
        "registry": registry,
        "path": Path(os.path.relpath(path, folder)).as_posix(),
    }
    check_inside(folder / into, path)
    try:
        with _locked(folder):
            return _add(path, contract, entry, str(release.name), lock_path=folder / LOCK_NAME, force=force)
    except OSError as error:
        raise OutsideError(f"cannot add {release} at {path}: {error.strerror}") from error


def check_names(release: Release, contract: bytes) -> None:
    """Refuse a contract whose inputs or outputs have names that would lead files elsewhere.

    Publishing refuses them too, but the registry may be anyone's. Raises InputError.
    """
    interface = parse_component(contract.decode(errors="replace"), Path(str(release), "component.yaml")).interface
    for name in (*(port.name for port in interface.inputs), *(port.name for port in interface.outputs)):
        if leads_elsewhere(name):
            raise InputError(
                f"{release} has an input or output called {name[:_SHOWN]!r}, which cannot name a file",
                hint="do not use this component before you know who published it",
            )


def _add(path: Path, contract: bytes, entry: dict[str, Any], key: str, *, lock_path: Path, force: bool) -> Vendored:
    locked = read_components_lock(lock_path)
    known = locked.get(key)
    old = path.read_bytes() if path.is_file() else None
    if old is not None and not force:
        found = str(Digest.of(normalised(old)))
        if found != entry["digest"] and (known is None or found != known.get("digest")):
            raise InputError(
                "this copy was edited, and adding the component would lose that",
                where=Location(path=path),
                hint="--force takes the release's own contract",
            )
    if old != contract:
        write_bytes(path, contract)
    if known != entry:
        locked[key] = entry
        document = {"version": LOCK_VERSION, "components": dict(sorted(locked.items()))}
        write_bytes(lock_path, json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
    return Vendored(path=path, changed=old != contract or known != entry)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # The folder itself is locked: a lock file would only be one more thing to ignore in version control.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_components_lock(path: Path) -> dict[str, dict[str, Any]]:
    """Read the entries of a lock, none when there is no lock. Raises InputError when it is not one."""
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != LOCK_VERSION:
            raise InputError(f"its version is {document['version']!r}", where=Location(path=path), hint="update comp")
        return {str(name): dict(entry) for name, entry in document["components"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"not a components.lock: {error!r}", where=Location(path=path), hint="restore it from version control"
        ) from error
