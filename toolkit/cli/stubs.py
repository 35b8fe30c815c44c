"""`comp stubs`: a typed Python module of components, for pipelines."""

import os
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import registry_option
from toolkit.errors import UsageError


@click.command
@click.argument("names", nargs=-1, metavar="[NAME[@VERSION]|CONTRACT]...")
@registry_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The module.  [default: stdout]",
)
@click.option("--check", is_flag=True, help="Change nothing; print a diff and exit with 1 if FILE is stale.")
@format_option
@pass_console
def command(
    console: Console, *, names: Sequence[str], registry: str | None, output: Path | None, check: bool, form: str
) -> int:
    """Write a typed Python module of the components in components.lock.

    It has a function for each: an editor completes its inputs and outputs with their documentation, and mypy or pyright
    finds a wrong one. In a pipeline the function makes a step of the locked release. It needs kfp and toolkit.

    NAME is a component of the lock, or a release of a registry, and CONTRACT a component.yaml or its folder.
    """
    from toolkit.pipelines.stub_sources import stub_components
    from toolkit.pipelines.stubs import stub_module
    from toolkit.registry.consuming.lock import find_lock

    if output is None and (check or form == "json"):
        option = "--check compares" if check else "--format json is about"
        raise UsageError(f"{option} a file, and none is named", hint="add --output FILE")
    if output is not None and output.suffix != ".py":
        raise UsageError(f"--output {output} is no Python module", hint="give it a name like components.py")
    beside = output.parent if output else Path()
    components = stub_components(names, folder=find_lock(Path()), beside=beside, environ=os.environ, registry=registry)
    text = stub_module(components)
    if output is None:
        console.document(text)
        return 0
    return _write(console, output, text, check=check, form=form)


def _write(console: Console, path: Path, text: str, *, check: bool, form: str) -> int:
    """Write the module, or compare it only, and return the exit code."""
    from toolkit.system.atomic import write_text

    old = path.read_bytes().decode(errors="replace") if path.exists() else ""
    state = "fresh" if text == old else "stale" if check else "written"
    difference = "".join(
        unified_diff(old.splitlines(keepends=True), text.splitlines(keepends=True), f"a/{path}", f"b/{path}")
    )
    if state == "written":
        write_text(path, text)
    if form == "json":
        console.json({"path": str(path), "state": state, "difference": difference or None})
    elif state == "stale":
        console.document(difference)
    said = {
        "fresh": f"{path} is fresh",
        "stale": f"stale: run `comp stubs --output {path}`",
        "written": f"wrote {path}",
    }
    console.say(said[state])
    return 1 if state == "stale" else 0
