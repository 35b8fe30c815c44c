"""`comp registry init`: make an empty registry."""

import json
import os
import shlex
from pathlib import Path

import click

from toolkit.cli.console import Console, format_option, pass_console


@click.command
@click.argument("directory", metavar="FOLDER")
@click.option("--name", metavar="NAME", help="The name by which users may know it.  [default: that of the folder]")
@click.option("--git", "in_git", is_flag=True, help="For a folder in a git repository: each release is committed.")
@format_option
@pass_console
def command(console: Console, *, directory: str, name: str | None, in_git: bool, form: str) -> None:
    """Make an empty registry in FOLDER.

    Releases in it never change. The folder may be shared by its group, served by a web server, or, with --git, kept in
    a git repository; then .gitignore has what comp derives from the releases. Prints the folder; if it is a registry
    already, nothing changes.
    """
    from toolkit.errors import UsageError
    from toolkit.registry.folder.config import RegistryConfig
    from toolkit.registry.folder.directory import Directory
    from toolkit.registry.names import check_part, is_part
    from toolkit.registry.place import PlaceKind, parse_place

    if (place := parse_place(directory)).kind is not PlaceKind.FOLDER:
        raise UsageError(
            f"{place} is not a folder",
            hint="make a folder and let the web server show it"
            if place.kind is PlaceKind.HTTP
            else f"nothing has to be made there: comp publish COMPONENT --registry {place}",
        )
    folder = Path(directory)
    own = folder.absolute().name
    called = check_part(name, "name of a registry") if name else own if is_part(own) else None
    was_there = (folder / "config.json").exists()
    if in_git and not was_there:
        _write_for_git(folder, called)
    opened = Directory.create(folder, RegistryConfig(name=called, git=in_git))
    if was_there:
        console.say(f"{folder} is a registry already")
    if opened.config().git and not _is_in_git(folder):
        console.warn(f"{folder} is in no git repository, so that nothing is committed; `git init` makes one")
    known = opened.config().name
    console.say(f"publish in it: comp publish COMPONENT --registry {shlex.quote(str(folder))}")
    console.say(f"or name it in pyproject.toml, for --registry {known or 'NAME'}:")
    console.say(f"  [tool.comp.registries]\n  {known or 'NAME'} = {json.dumps(str(folder), ensure_ascii=False)}")
    document = {"folder": str(folder), "name": known, "git": opened.config().git, "made": not was_there}
    console.result(form, str(folder), document)


def _is_in_git(folder: Path) -> bool:
    """Return whether a folder is in a work tree of git."""
    from toolkit.git.program import Git

    inside = Git(folder=folder, environ=os.environ).try_("rev-parse", "--is-inside-work-tree")
    return inside.text.strip() == "true"


def _write_for_git(folder: Path, name: str | None) -> None:
    """Write the files that git needs, unless the folder has such files already."""
    from toolkit.registry.folder.storage import Storage
    from toolkit.registry.git.beginnings import beginnings

    for path, data in beginnings(name).items():
        if path.startswith("."):
            Storage(folder).create(path, data)
