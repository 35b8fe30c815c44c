"""`comp sync`: bring a newer template into a component's folder."""

import os
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console

_WORDS = {
    "add": "added {}",
    "replace": "replaced {}",
    "conflict": "{} was changed by you and by the template",
    "gone": "{} was deleted by you; the template changed it",
}
_WOULD = {"add": "would add {}", "replace": "would replace {}"}


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if there is something to bring.")
@click.option(
    "--conflicts",
    type=click.Choice(["rej", "inline"]),
    default="rej",
    show_default=True,
    help="Where the template's version of a file goes that both changed: FILE.rej, or into it between markers.",
)
@click.option("--hooks", type=click.Choice(["no", "yes"]), default="no", help="Whether your template may run programs.")
@click.option("--template", metavar="NAME", help="The template that FOLDER was made from: that you trust it.")
@pass_console
def command(console: Console, *, folder: Path, check: bool, conflicts: str, hooks: str, template: str | None) -> int:
    """Bring the newest version of the template that FOLDER was made from.

    Files that you did not change are replaced, new ones added; what you changed or deleted is left alone. Exit
    code 1 when a file needs your attention. A template that you have not used on this machine is neither fetched
    nor used before you name it with --template.
    """
    from toolkit.atomic import write_text
    from toolkit.config import read_project
    from toolkit.errors import InputError
    from toolkit.scaffold.contract import stale_files
    from toolkit.scaffold.sync import sync
    from toolkit.scaffold.trust import Trust

    trust = Trust.of(os.environ)
    changes = sync(folder, trust=trust, named=template, check=check, inline=conflicts == "inline", hooks=hooks == "yes")
    for change in changes:
        words = (_WOULD if check else {}).get(change.what) or _WORDS[change.what]
        console.say(words.format(change.path))
        if change.what == "conflict" and not check:
            console.say(f"  see {change.path}.rej" if conflicts == "rej" else "  see the markers in it")
    if not changes:
        console.say("nothing to bring")
        return 0
    if not check:
        try:
            for path, text in stale_files(read_project(folder)).items():
                write_text(path, text)
        except InputError as error:
            console.warn(f"comp generate: {error.message}")
    return 1 if check or any(change.what == "conflict" for change in changes) else 0
