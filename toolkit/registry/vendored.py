"""A consumer's files: verbatim copies of contracts, and `components.lock`, which describes them."""

import json
import os
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import SETTINGS_SIZE
from toolkit.registry.release import Release
from toolkit.spec.reader import parse_component
from toolkit.spec.schema_header import normalised, schema_header
from toolkit.system.atomic import write_bytes
from toolkit.system.held import held
from toolkit.system.paths import check_inside, leads_elsewhere
from toolkit.system.reading import read_foreign

LOCK_NAME = "components.lock"
LOCK_VERSION = 1
_SHOWN = 80


class Vendored(Struct, frozen=True, kw_only=True):
    """The copy of one component, and whether adding it changed anything."""

    path: Path
    changed: bool


def add_component(
    release: Release, contract: bytes, *, requested: str, registry: str, folder: Path, into: str, force: bool = False
) -> Vendored:
    """Write the copy and its entry in `components.lock` of `folder`; the same release again changes nothing.

    Raises InputError if the existing copy was edited, unless `force`.
    """
    path = folder / into / release.name.namespace / release.name.name / "component.yaml"
    entry = {
        "version": str(release.version),
        "digest": str(release.digest),
        "image": release.image,
        "requested": requested,
        "registry": registry,
        # Relative, since the lock is committed with the project and read in other places.
        "path": Path(os.path.relpath(path, folder)).as_posix(),
    }
    check_inside(folder / into, path)
    try:
        with held(folder):
            return _add(path, contract, entry, str(release.name), lock_path=folder / LOCK_NAME, force=force)
    except OSError as error:
        raise OutsideError(f"cannot add {release} at {path}: {error.strerror}") from error


def check_names(release: Release, contract: bytes) -> None:
    """Raise InputError for a contract with an input or output whose name is a path that leads elsewhere.

    Publishing refuses such a contract too, but another program may have written the registry.
    """
    interface = parse_component(contract.decode(errors="replace"), Path(str(release), "component.yaml")).interface
    for name in (*(port.name for port in interface.inputs), *(port.name for port in interface.outputs)):
        if leads_elsewhere(name):
            raise InputError(
                f"{release} has an input or output called {name[:_SHOWN]!r}, which cannot name a file",
                hint="do not use this component before you know who published it",
            )


def _add(path: Path, contract: bytes, entry: dict[str, Any], key: str, *, lock_path: Path, force: bool) -> Vendored:
    """Write the copy, and the entry under `key`; the caller holds the lock of the folder."""
    locked = read_components_lock(lock_path)
    previous = locked.get(key)
    old = path.read_bytes() if path.is_file() else None
    if old is not None and not force:
        current = str(Digest.of(normalised(old)))
        # An unedited copy has the digest of this release or of the one in the lock.
        if current != entry["digest"] and (previous is None or current != previous.get("digest")):
            raise InputError(
                "this copy was edited, and adding the component would lose that",
                where=Location(path=path),
                hint="--force takes the release's own contract",
            )
    # The consumer's own header stays: it names a schema of the consumer's repository.
    new = schema_header(old or b"") + contract
    # The copy before the lock: after a crash in between, adding the same release again finds its own copy.
    if old != new:
        write_bytes(path, new)
    if previous != entry:
        locked[key] = entry
        # Sorted, so that adding a component changes one place of the file.
        document = {"version": LOCK_VERSION, "components": dict(sorted(locked.items()))}
        write_bytes(lock_path, json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
    return Vendored(path=path, changed=old != new or previous != entry)


def _reason(error: Exception) -> str:
    """Return in words why a document is not a lock."""
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"not valid JSON: {error}"
    return "its parts are of other types"


def read_components_lock(path: Path) -> dict[str, dict[str, Any]]:
    """Read the entries of a lock; empty if the file is missing. Raises InputError if it is not a lock."""
    try:
        document = json.loads(read_foreign(path, SETTINGS_SIZE))
        if document["version"] != LOCK_VERSION:
            raise InputError(f"its version is {document['version']!r}", where=Location(path=path), hint="update comp")
        return {str(name): dict(entry) for name, entry in document["components"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"not a {LOCK_NAME}: {_reason(error)}", where=Location(path=path), hint="restore it from version control"
        ) from error
