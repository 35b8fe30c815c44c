"""`comp schema`: print the JSON schemas of what users write, or install them for editors."""

import os
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.errors import InputError, UsageError


def _completed(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 (click's)
    """Return the names of schemas that begin as a shell's user has typed."""
    from toolkit.scaffold.schemas import SCHEMAS

    return [name for name in SCHEMAS if name.startswith(incomplete)]


@click.command
@click.argument("name", required=False, shell_complete=_completed)
@click.option(
    "--install",
    "folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the schemas of files into FOLDER, the top of a repository.",
)
@pass_console
def command(console: Console, *, name: str | None, folder: Path | None) -> None:
    """Print the JSON schema NAME, or list the schemas.

    With --install, editors complete and check files without a network: the schemas are written to .comp/schemas, and
    the settings of VS Code to .vscode/settings.json, unless that exists. From then on, `comp new` names them in the
    first line of the files that people edit, for every editor with yaml-language-server or taplo.
    """
    from toolkit.scaffold.schemas import SCHEMAS, schema_text
    from toolkit.words import closest

    if folder is not None:
        if name is not None:
            raise UsageError("--install takes no NAME: it writes every schema of a file", hint="leave NAME out")
        _install(console, folder)
    elif name is None:
        width = max(map(len, SCHEMAS))
        for each, schema in SCHEMAS.items():
            console.data(f"{each:<{width}}  {schema.summary}")
    elif name in SCHEMAS:
        console.document(schema_text(name))
    else:
        close = closest(name, SCHEMAS)
        raise UsageError(f"unknown schema: {name!r}", hint=f"did you mean {close}?" if close else "see `comp schema`")


def _install(console: Console, folder: Path) -> None:
    """Write the files, and print the settings to add by hand."""
    from toolkit.scaffold.schemas import install

    if not folder.is_dir():
        raise InputError(f"{folder} does not exist", hint="name the top of a repository")
    written, settings = install(folder)
    for path in written:
        console.say(f"wrote {os.path.relpath(path)}")
    if settings:
        console.say("add to .vscode/settings.json, which is yours:")
        console.document(settings)
    if not written and not settings:
        console.say("everything is fresh")
