"""What a consumer keeps: verbatim copies of contracts, and `components.lock` that says what they are."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.atomic import write_bytes
from toolkit.errors import InputError, Location
from toolkit.oci.digest import Digest
from toolkit.registry.release import Release, normalised

LOCK_NAME = "components.lock"
LOCK_VERSION = 1


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
    lock_path = folder / LOCK_NAME
    locked = read_components_lock(lock_path)
    key = str(release.name)
    path = folder / into / release.name.namespace / release.name.name / "component.yaml"
    known = locked.get(key)
    if path.is_file() and not force:
        found = Digest.of(normalised(path.read_bytes()))
        if found != release.digest and (known is None or str(found) != known.get("digest")):
            raise InputError(
                "this copy was edited, and adding the component would lose that",
                where=Location(path=path),
                hint="--force takes the release's own contract",
            )
    entry = {
        "version": str(release.version),
        "digest": str(release.digest),
        "image": release.image,
        "requested": requested,
        "registry": registry,
        "path": path.relative_to(folder).as_posix(),
    }
    same = path.is_file() and path.read_bytes() == contract
    if not same:
        write_bytes(path, contract)
    if known != entry:
        locked[key] = entry
        document = {"version": LOCK_VERSION, "components": dict(sorted(locked.items()))}
        write_bytes(lock_path, json.dumps(document, indent=2).encode() + b"\n")
    return Vendored(path=path, changed=not same or known != entry)


def read_components_lock(path: Path) -> dict[str, dict[str, Any]]:
    """Read the entries of a lock, none when there is no lock. Raises InputError when it is not one."""
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != LOCK_VERSION:
            raise InputError(f"its version is {document['version']!r}", where=Location(path=path), hint="update comp")
        return {str(name): dict(entry) for name, entry in document["components"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"not a components.lock: {error!r}", where=Location(path=path), hint="restore it from version control"
        ) from error
