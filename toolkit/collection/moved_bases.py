"""Bases whose tag names another image now than when the component was locked."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from toolkit.config.project import Project, default_base, is_on_disk
from toolkit.digest import Digest
from toolkit.errors import CompError, OutsideError
from toolkit.system.threads import at_once

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.oci.reference import Reference


def moved_bases(projects: Sequence[Project], environ: Mapping[str, str]) -> dict["Path", str]:
    """Return the names of the bases that moved, by the folders of the components that are locked to an earlier image.

    Each name is asked for once. A base that a digest names, that lies on this disk, or that the environment names, does
    not move; neither does one without a lock. Raises OutsideError when a server cannot answer.
    """
    from toolkit.remote.client import Remote

    locked = {project.folder: base for project in projects if (base := _locked_base(project))}
    names = tuple(dict.fromkeys(replace(base, digest=None) for base in locked.values()))
    remote = Remote(environ=environ) if names else None

    def now(name: "Reference") -> Digest | None:
        described = remote.head(name) if remote else None
        if described is None:
            raise OutsideError(f"the base image {name.familiar} does not exist", hint="check its name and tag")
        return described.digest

    digests = dict(zip(names, at_once(now, names), strict=True))
    return {
        folder: replace(base, digest=None).familiar
        for folder, base in locked.items()
        if digests[replace(base, digest=None)] != base.digest
    }


def _locked_base(project: Project) -> "Reference | None":
    """Return the base in the lock of a component, if it is the one that the settings name by a tag."""
    from toolkit.job.lock import existing_lock
    from toolkit.oci.reference import parse_reference

    try:
        text = project.base or default_base(project)
        if project.base_overridden or is_on_disk(text):
            return None
        lock = existing_lock(project)
        if lock is None or lock.base is None:
            return None
        return lock.base if replace(lock.base, digest=None) == parse_reference(text) else None
    except CompError:
        # The build reports an invalid lock or base.
        return None
