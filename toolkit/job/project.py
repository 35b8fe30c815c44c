"""The component that a job is about: its settings, with contracts that are fresh."""

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from toolkit.config.dockerfile import DockerfileOptions
from toolkit.config.project import Project, read_project
from toolkit.errors import InputError, Location, UsageError
from toolkit.generation import stale_files
from toolkit.job.context import BuildRequest


def checked_project(
    folder: Path, *, overrides: Mapping[str, str], environ: Mapping[str, str], to_be_built: bool = True
) -> Project:
    """Read the component in `folder` as `read_project` does, and check its contracts.

    Raises InputError also for a contract that is missing or differs from the code, and if it is `to_be_built` for a
    missing Dockerfile.
    """
    project = read_project(folder, overrides=overrides, environ=environ)
    if project.dockerfile and to_be_built:
        project.dockerfile.check()
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


def with_options(project: Project, request: BuildRequest) -> Project:
    """Return a component with what the request says about its Dockerfile. Raises UsageError for one without."""
    if project.dockerfile is None:
        if request.dockerfile != DockerfileOptions():
            raise UsageError(
                f"{project.name} has no Dockerfile, and takes no --target, --build-arg, --ssh and --secret",
                hint='leave them out, or write dockerfile = "Dockerfile" into [tool.comp]',
            )
        return project
    if "base" in request.overrides:
        raise UsageError(
            f"--base does not go with {project.name}: its Dockerfile names the base",
            hint="leave it out; a build argument can name a base, as in `ARG BASE` and `FROM $BASE`",
        )
    return replace(project, dockerfile=request.dockerfile.applied(project.dockerfile))
