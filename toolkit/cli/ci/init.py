"""`comp ci init`: write the definition for a CI platform."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.errors import InputError, UsageError
from toolkit.words import some_of

if TYPE_CHECKING:
    from toolkit.collection.workspace import Workspace
    from toolkit.git.repository import Repository
    from toolkit.scaffold.ci.definition import Subject

_PLATFORMS = ("github", "gitlab", "argo", "tekton")
# For want of a remote; its user has to change it.
_NO_ADDRESS = "https://git.example.com/team/components.git"
_USUAL_BRANCHES = ("main", "master")


@click.command
@click.argument("platform", type=click.Choice(_PLATFORMS))
@click.option(
    "--root",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="The folder of the components.  [default: the current one]",
)
@click.option(
    "--image-prefix",
    "prefix",
    metavar="HOST/PATH",
    help="Where images go.  [default: ghcr.io/OWNER/REPOSITORY or GitLab's own registry]",
)
@click.option("--branch", metavar="NAME", help="The branch whose images are pushed.  [default: the default branch]")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file to write.  [default: where the platform looks for it]",
)
@format_option
@pass_console
def command(
    console: Console,
    *,
    platform: str,
    root: Path,
    prefix: str | None,
    branch: str | None,
    output: Path | None,
    form: str,
) -> None:
    """Write the definition that checks, builds, tests, pushes and publishes your components in CI.

    The file is yours to change. A file that is there already stays as it is: the command prints the difference, and
    its exit code is 1.
    """
    from toolkit.collection.workspace import read_workspace
    from toolkit.config.workspace import workspace_document
    from toolkit.git.repository import Repository
    from toolkit.scaffold.ci.definition import PLATFORMS, Subject, render

    # The whole collection, also from a folder in it; without the variables of this machine, since CI is another one.
    document = workspace_document(root.resolve())
    workspace = read_workspace(document.path.parent if document else root, {})
    repository = Repository.open(workspace.root, os.environ)
    prefix = prefix.rstrip("/") if prefix else None
    _check_prefix(platform, prefix, workspace)
    path = output.absolute() if output else repository.top / PLATFORMS[platform].path
    subject = Subject(
        platform=platform,
        path=_below(path, repository.top),
        directory="" if workspace.root == repository.top else _below(workspace.root, repository.top),
        branch=branch or _default_branch(repository),
        repository=_address(repository),
        prefix=prefix,
        is_locked=not _unlocked(workspace),
    )
    _write(console, path, render(subject), form)
    _print_notes(console, workspace, subject)


def _write(console: Console, path: Path, text: str, form: str) -> None:
    """Write the file and say so. Raises InputError, after the difference, if it exists with other content."""
    from toolkit.scaffold.ci.definition import difference
    from toolkit.system.atomic import made_parents, write_text

    changes = difference(path, text)
    if changes is None:
        with made_parents(path):
            write_text(path, text)
    shown = os.path.relpath(path)
    if form == "json":
        state = "differs" if changes else "written" if changes is None else "fresh"
        console.json({"path": shown, "state": state, "difference": changes or None})
    elif changes:
        console.document(changes)
    if changes:
        raise InputError(
            f"{shown} exists with other content, and stays as it is",
            hint="take over the lines that you want, or write another file with --output",
        )
    console.say(f"wrote {shown}" if changes is None else f"{shown} is fresh")


def _check_prefix(platform: str, prefix: str | None, workspace: "Workspace") -> None:
    """Raise UsageError for a prefix that is missing or cannot be one."""
    from toolkit.oci.reference import parse_reference
    from toolkit.scaffold.ci.definition import PLATFORMS

    if prefix:
        try:
            # The last part could also be a tag or a digest, but not in the middle of a name.
            parse_reference(f"{prefix}/name")
        except InputError as error:
            raise UsageError(f"invalid --image-prefix {prefix}: {error.message}", hint="write HOST/PATH") from error
    unnamed = [member.name for member in workspace.members if member.project and not member.image]
    if unnamed and not prefix and not PLATFORMS[platform].registry:
        raise UsageError(
            f"no image name for {some_of(unnamed)}, and {platform} has no registry of its own",
            hint="add --image-prefix HOST/PATH, or set image in [tool.comp]",
        )


def _below(path: Path, top: Path) -> str:
    """Return a path from the top of the repository, or as it is elsewhere."""
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)


def _default_branch(repository: "Repository") -> str:
    """Return the default branch: that of the remote, else one with a usual name, else the current one."""
    remote = repository.git.try_("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    if not remote.code:
        return remote.text.strip().removeprefix("origin/")
    for name in _USUAL_BRANCHES:
        if repository.commit(f"refs/heads/{name}") or repository.commit(f"refs/remotes/origin/{name}"):
            return name
    current = repository.git.try_("symbolic-ref", "--quiet", "--short", "HEAD")
    return current.text.strip() if not current.code else _USUAL_BRANCHES[0]


def _address(repository: "Repository") -> str:
    """Return the address of the repository, without a login."""
    from toolkit.redaction import without_login

    remote = repository.git.try_("config", "--get", "remote.origin.url")
    return without_login(remote.text.strip()) if not remote.code else _NO_ADDRESS


def _unlocked(workspace: "Workspace") -> list[str]:
    """Return the names of the components without a lock."""
    projects = [member.project for member in workspace.members if member.project]
    return [project.name for project in projects if not project.lock_file.is_file()]


def _print_notes(console: Console, workspace: "Workspace", subject: "Subject") -> None:
    """Say what the definition builds, and what it needs that is not there."""
    from toolkit.oci.reference import parse_reference
    from toolkit.scaffold.ci.definition import login_host

    projects = [member.project for member in workspace.members if member.project]
    console.say(f"components: {some_of([member.name for member in workspace.members])}")
    if subject.platform != "gitlab":
        console.say(f"default branch: {subject.branch}")
    for member in workspace.members:
        if member.problem:
            console.warn(f"{member.name}: {member.problem.message}")
    own = login_host(subject)
    elsewhere = [project.name for project in projects if project.image and parse_reference(project.image).host != own]
    if elsewhere:
        console.say(
            f"note: the definition logs in to {own} alone; other servers have the images of {some_of(elsewhere)}"
        )
    if unlocked := _unlocked(workspace):
        console.say(f"note: without a lock, so that CI may install other versions than you: {some_of(unlocked)}")
        console.say("note: `comp lock --all` writes locks; commit them, delete the file, and run this command again")
    unnamed = [project.name for project in projects if not project.namespace]
    if unnamed:
        console.say(f"note: no namespace in [tool.comp], which publishing needs: {some_of(unnamed)}")
