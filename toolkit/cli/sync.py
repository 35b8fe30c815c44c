"""`comp sync`: apply a newer template to a component's folder."""

import os
from pathlib import Path

import click

from toolkit.cli.console import Console, format_option, pass_console

_WORDS = {
    "add": "added {}",
    "replace": "replaced {}",
    "conflict": "{} was changed by you and by the template",
    "gone": "{} was deleted by you; the template changed it",
}
_WOULD = {"add": "would add {}", "replace": "would replace {}"}


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if something would change.")
@click.option(
    "--conflicts",
    type=click.Choice(["rej", "inline"]),
    default="rej",
    show_default=True,
    help="How to store conflicts: FILE.rej, or markers in the file.",
)
@click.option(
    "--hooks",
    type=click.Choice(["no", "yes"]),
    default="no",
    show_default=True,
    help="Whether the template may run programs.",
)
@click.option("--template", metavar="NAME", help="Trust this template, which FOLDER was made from.")
@format_option
@pass_console
def command(
    console: Console, *, folder: Path, check: bool, conflicts: str, hooks: str, template: str | None, form: str
) -> int:
    """Apply the newest version of the template that FOLDER was made from.

    Files that you did not change are replaced, and new ones added; files that you changed or deleted stay as they
    are. Exit code 1 if a file needs your attention. A template that you have not used on this machine is not
    fetched until you name it with --template.
    """
    from toolkit.config.project import read_project
    from toolkit.errors import InputError
    from toolkit.generation import generate
    from toolkit.scaffold.sync import sync
    from toolkit.scaffold.trust import Trust

    trust = Trust.of(os.environ)
    changes = sync(folder, trust=trust, named=template, check=check, inline=conflicts == "inline", hooks=hooks == "yes")
    listed = [{"path": str(change.path), "change": change.what} for change in changes]
    console.result(form, "", {"changes": listed, "applied": not check})
    for change in changes:
        words = (_WOULD if check else {}).get(change.what) or _WORDS[change.what]
        console.say(words.format(change.path))
        if change.what == "conflict" and not check:
            console.say(f"  see {change.path}.rej" if conflicts == "rej" else "  see the markers in it")
    if not changes:
        console.say("nothing to apply")
        return 0
    if not check:
        try:
            # A new file of the template may change settings or code that decide the contract.
            generate(read_project(folder, environ=os.environ), os.environ)
        except InputError as error:
            # The template is applied already, so this is not a failure.
            console.warn(f"comp generate: {error.message}")
    return 1 if check or any(change.what == "conflict" for change in changes) else 0
