"""Take the newest bases into the locks of components: their packages stay at the versions that they have."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path

from toolkit.collection.locking import lock_together
from toolkit.collection.workspace import read_workspace
from toolkit.config.project import Project
from toolkit.errors import CompError
from toolkit.job.bases import open_bases
from toolkit.job.context import BuildContext
from toolkit.job.lock import refresh_lock


def take_newest_bases(projects: Sequence[Project], context: BuildContext) -> dict[Path, CompError | None]:
    """Write the digests that the tags of bases have now into the locks of components.

    Pins that fit the new base are kept, the others are resolved again. Returns by folder why a lock stayed as it is,
    or None. Components that share a lock succeed or fail together.
    """
    return {**_each(projects, context), **_shared(projects, context)}


def _each(projects: Sequence[Project], context: BuildContext) -> Mapping[Path, CompError | None]:
    """Lock components that have locks of their own."""
    return {
        project.folder: _failure(partial(_relock, project, context)) for project in projects if not project.shared_lock
    }


def _relock(project: Project, context: BuildContext) -> None:
    """Lock one component with the newest base, and keep its pins."""
    # Without a lock, the base is looked up anew.
    refresh_lock(project, open_bases(project, context), context)


def _shared(projects: Sequence[Project], context: BuildContext) -> Mapping[Path, CompError | None]:
    """Lock components that share the lock of their collection."""
    failures: dict[Path, CompError | None] = {}
    for path in dict.fromkeys(project.shared_lock for project in projects if project.shared_lock):
        folders = {project.folder for project in projects if project.shared_lock == path}
        failures |= dict.fromkeys(folders, _failure(partial(_relock_together, path.parent, folders, context)))
    return failures


def _relock_together(root: Path, folders: AbstractSet[Path], context: BuildContext) -> None:
    """Lock a whole collection, with the newest bases for some of its folders."""
    lock_together(read_workspace(root, context.environ), context, rebased=folders)


def _failure(work: Callable[[], object]) -> CompError | None:
    """Return why some work failed, None if it did not."""
    try:
        work()
    except CompError as error:
        return error
    return None
