"""The lock that the components of a collection share: when it is written, and what changed in it."""

import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.collection.workspace import Workspace
from toolkit.config.workspace import SHARED_LOCK
from toolkit.errors import InputError, Location
from toolkit.job.context import BuildContext
from toolkit.job.shared_lock import lock_projects
from toolkit.requirements.lock import Lock
from toolkit.requirements.shared_lock import read_shared_lock, write_shared_lock

log = logging.getLogger(__name__)


class SharedLocks(Struct, frozen=True, kw_only=True):
    """The lock of a collection: its file, and the locks of the components by their folders, before and after."""

    path: Path
    before: Mapping[Path, Lock]
    after: Mapping[Path, Lock]


def lock_together(
    workspace: Workspace,
    context: BuildContext,
    *,
    upgrade: bool = False,
    check: bool = False,
    rebased: AbstractSet[Path] = frozenset(),
) -> SharedLocks:
    """Lock all components of a collection, and write the file if it changed; see `lock_projects`.

    The components in the folders `rebased` get the newest base, and keep the versions that fit it. With `check`
    nothing is written, and a file that would change is an error. A component whose settings cannot be read keeps
    what the file has of it. One in a repository within, such as a submodule, has a lock of its own.
    """
    path = workspace.root / SHARED_LOCK
    before = read_shared_lock(path) if path.is_file() else {}
    projects = [
        member.project
        for member in workspace.members
        if member.project and member.project.shared_lock == path and not member.project.is_dockerfile_alone
    ]
    broken = [member for member in workspace.members if member.project is None]
    for member in broken:
        log.warning("the settings of %s cannot be read: %s keeps what it has of it", member.name, path.name)
    kept = {folder: replace(lock, base=None) if folder in rebased else lock for folder, lock in before.items()}
    after = lock_projects(projects, kept, context, upgrade=upgrade, check=check)
    after |= {member.folder: before[member.folder] for member in broken if member.folder in before}
    # A check leaves out what it would have to resolve.
    if after != before or len(after) < len(projects):
        if check:
            problem = "is stale: the settings changed since it was written" if before else "is missing"
            raise InputError(
                f"the lock {problem}", where=Location(path=path), hint="`comp lock --all` brings it up to date"
            )
        write_shared_lock(path, after)
        log.info("wrote %s", path)
        for project in projects:
            if project.lock.is_file():
                log.warning("%s is not used: %s takes its place; remove it", project.lock, path.name)
    return SharedLocks(path=path, before=before, after=after)
