"""The bases of the components at and below folders."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.bases.used import UsedBase, used_bases
from toolkit.collection.workspace import read_workspace

log = logging.getLogger(__name__)


def bases_below(folders: Sequence[Path], environ: Mapping[str, str]) -> tuple[UsedBase, ...]:
    """Return the bases of all components at and below folders, each once.

    A component whose settings cannot be read is left out, with a warning. Raises InputError if there is no component.
    """
    members = {member.folder: member for folder in folders for member in read_workspace(folder, environ).members}
    for member in members.values():
        if member.problem:
            log.warning("%s is left out: %s", member.name, member.problem.message)
    return used_bases([member.project for member in members.values() if member.project])
