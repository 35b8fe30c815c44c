"""Which components of a collection contain others, by local dependencies."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.collection.workspace import Member
from toolkit.errors import CompError, InputError, Location
from toolkit.requirements.project_sources import local_projects, may_name_sources
from toolkit.system.moment import one_moment
from toolkit.words import some_of


def members_inside(members: Sequence[Member], environ: Mapping[str, str]) -> dict[Path, frozenset[Path]]:
    """Return the folders of the members whose code is in a member's image, by its folder; without those that have none.

    A push writes into the folders of the members, and so changes what contains them: these come later. Raises
    InputError if there is no such order, for members that contain one another.
    """
    folders = {member.folder for member in members}
    inside: dict[Path, frozenset[Path]] = {}
    with one_moment():
        for member in members:
            if member.project is None or not may_name_sources(member.project):
                continue
            try:
                found = local_projects(member.project.pyproject, member.project.dependencies, environ)
            except CompError:
                # The build of this component reports it.
                continue
            if contained := frozenset(found.values()) & folders:
                inside[member.folder] = contained
    in_cycle = [member for member in members if member.folder in inside.get(member.folder, ())]
    if in_cycle:
        raise InputError(
            f"components contain one another, by their local dependencies: {some_of([each.name for each in in_cycle])}",
            where=_place(in_cycle[0]),
            hint="move the code that they share to a package of its own, which all of them require",
        )
    return inside


def _place(member: Member) -> Location | None:
    """Return the place of a member's dependencies."""
    from toolkit.config.toml import TomlDocument

    document = TomlDocument.read(member.project.pyproject) if member.project else None
    return document.where("project", "dependencies") if document else None
