"""`comp stubs`: a typed Python module of components, for pipelines."""

import os
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console
from toolkit.cli.registry_options import registry_option
from toolkit.errors import UsageError


@click.command
@click.argument("names", nargs=-1, metavar="[NAME[@VERSION]|CONTRACT]...")
@registry_option
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The module.  [default: stdout]"
)
@click.option("--check", is_flag=True, help="Change nothing; print a diff and exit with 1 if FILE is stale.")
@pass_console
def command(console: Console, *, names: Sequence[str], registry: str | None, out: Path | None, check: bool) -> int:
    """Write a typed Python module of the components in components.lock.

    It has a function for each: an editor completes its inputs and outputs with their documentation, and mypy or pyright
    finds a wrong one. In a pipeline the function makes a step of the locked release. It needs kfp and toolkit.

    NAME is a component of the lock, or a release of a registry, and CONTRACT a component.yaml or its folder.
    """
    from toolkit.pipelines.stub_sources import stub_components
    from toolkit.pipelines.stubs import stub_module
    from toolkit.registry.consuming.lock import find_lock
    from toolkit.system.atomic import write_text

    if check and out is None:
        raise UsageError("--check compares a file, and none is named", hint="add --out FILE")
    if out is not None and out.suffix != ".py":
        raise UsageError(f"--out {out} is no Python module", hint="give it a name like components.py")
    beside = out.parent if out else Path()
    components = stub_components(names, folder=find_lock(Path()), beside=beside, environ=os.environ, registry=registry)
    text = stub_module(components)
    if out is None:
        console.document(text)
        return 0
    old = out.read_bytes().decode(errors="replace") if out.exists() else ""
    if text == old:
        console.say(f"{out} is fresh")
        return 0
    if check:
        before, after = old.splitlines(keepends=True), text.splitlines(keepends=True)
        console.document("".join(unified_diff(before, after, f"a/{out}", f"b/{out}")))
        console.say(f"stale: run `comp stubs --out {out}`")
        return 1
    write_text(out, text)
    console.say(f"wrote {out}")
    return 0
