"""`comp new`: scaffold a component."""

from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.errors import UsageError


@click.command
@click.argument("name")
@click.option(
    "--from-function", "origin", metavar="FILE.py:FUNCTION", help="Take this function; without it, an example."
)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=".", help="Where to make the folder.")
@click.option("--image", metavar="REF", help="Where its image will go.")
@click.option("--force", is_flag=True, help="Write over the files of a folder that exists.")
@pass_console
def command(console: Console, *, name: str, origin: str | None, into: Path, image: str | None, force: bool) -> None:
    """Make the component folder NAME: settings, code, contract, tests, README.

    The function is cut out of its module with what it reaches, and never imported.
    """
    from toolkit.scaffold.new import new_component

    source, function = None, None
    if origin is not None:
        file, colon, function = origin.rpartition(":")
        if not colon or not file or not function.isidentifier():
            raise UsageError(f"--from-function {origin}", hint="write it as FILE.py:FUNCTION")
        source = Path(file)
    made = new_component(name, source=source, function=function, into=into, image=image, force=force)
    for note in made.notes:
        console.say(f"note: {note}")
    console.say(f"made {made.folder}/:")
    for path in sorted(made.folder.rglob("*")):
        if path.is_file():
            console.say(f"  {path.relative_to(made.folder)}")
    console.say(f"next: comp lint {made.folder}, comp build {made.folder}")
