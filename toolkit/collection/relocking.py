"""The lock of a collection, written anew when a command on one of its components finds it stale.

Every command has this at hand and few need it, so it loads what it needs when it is called.
"""

from typing import TYPE_CHECKING

from toolkit.errors import InputError, Location

if TYPE_CHECKING:
    from toolkit.collection.workspace import Workspace
    from toolkit.config.project import Project
    from toolkit.job.context import BuildContext


def relock(project: "Project", context: "BuildContext", upgrade: bool) -> None:  # noqa: FBT001 (as the context calls it)
    """Lock the whole collection of a component anew. Raises InputError if the component is not one of its members."""
    from toolkit.collection.workspace import read_workspace

    root = project.shared_lock.parent if project.shared_lock else project.folder
    workspace = context.shared.get(("workspace", root), lambda: read_workspace(root, context.environ))
    if project.folder not in {member.folder for member in workspace.members}:
        raise InputError(
            f"{project.folder} is not a member of the collection at {root}, whose components share a lock",
            where=Location(path=root / "pyproject.toml"),
            hint="add it to members in [tool.comp.workspace], or give it a [tool.comp.workspace] of its own",
        )
    # Once for a command. A conflict is that of the collection: to look for it again for each component would take long.
    conflict = context.shared.get(("relocked", root), lambda: _lock_together(workspace, context, upgrade=upgrade))
    if conflict:
        raise conflict


def _lock_together(workspace: "Workspace", context: "BuildContext", *, upgrade: bool) -> InputError | None:
    """Lock a collection; return why it cannot be locked, or None."""
    from toolkit.collection.locking import lock_together

    try:
        lock_together(workspace, context, upgrade=upgrade)
    except InputError as conflict:
        return conflict
    return None
