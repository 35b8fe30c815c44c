"""`comp generate`: write component.yaml from the code, or check that it is fresh."""

from difflib import unified_diff
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 and print a diff if a file is stale.")
@pass_console
def command(console: Console, *, folder: Path, check: bool) -> int:
    """Write the contracts of the functions in FOLDER, and the interface tables of its README.

    The code and pyproject.toml decide everything but the image and annotations of others. Comments survive as
    long as the contract says the same.
    """
    from toolkit.atomic import write_text
    from toolkit.config import read_project
    from toolkit.scaffold.contract import stale_files

    project = read_project(folder)
    stale = stale_files(project)
    for path, text in stale.items():
        shown = path.relative_to(project.folder)
        if check:
            old = path.read_bytes().decode().splitlines(keepends=True) if path.exists() else []
            diff = unified_diff(old, text.splitlines(keepends=True), f"a/{shown}", f"b/{shown}")
            console.document("".join(diff))
        else:
            write_text(path, text)
            console.say(f"wrote {shown}")
    if check and stale:
        console.say("stale: run `comp generate`")
        return 1
    if not stale:
        console.say("everything is fresh")
    return 0
