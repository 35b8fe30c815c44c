"""The component that a job is about: its settings, with contracts that are fresh."""

from collections.abc import Mapping
from pathlib import Path

from toolkit.config.project import Project, read_project
from toolkit.errors import InputError, Location
from toolkit.generation import stale_files


def checked_project(folder: Path, *, overrides: Mapping[str, str], environ: Mapping[str, str]) -> Project:
    """Read the component in `folder` as `read_project` does, and check its contracts.

    Raises InputError also for a contract that is missing or differs from the code.
    """
    project = read_project(folder, overrides=overrides, environ=environ)
    stale = stale_files(project, environ)
    if any(entry.contract in stale for entry in project.entries):
        # A push of the same component by another process may have pinned the contract between two reads of it.
        stale = stale_files(project, environ)
    for entry in project.entries:
        if not entry.contract.is_file():
            raise InputError(
                "the contract is missing",
                where=Location(path=entry.contract),
                hint="`comp generate` writes it"
                if entry.entrypoint
                else "write it: a program's contract is its author's",
            )
        # A contract that differs from the code would start the image with arguments that it does not take.
        if entry.contract in stale:
            raise InputError(
                "the contract differs from the code or the settings",
                where=Location(path=entry.contract),
                hint="`comp generate` brings it up to date; `comp generate --check` shows the difference",
            )
    return project
