"""`comp run`: run a component once, on files and values of the user's."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, consent
from toolkit.cli.console import Console, pass_console
from toolkit.errors import InputError, Location, UsageError

if TYPE_CHECKING:
    from toolkit.jail.consent import Consent


@click.command
@click.argument("component", type=click.Path(path_type=Path), default=".")
@click.option(
    "-i", "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="A value, or the path of an artifact."
)
@click.option("--input-file", "files", multiple=True, metavar="NAME=FILE", help="A value, read from a file.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="NAME=PATH", help="Where an output goes.")
@click.option("--runner", type=click.Choice(["docker", "buildah", "process"]), help="Default: the first that works.")
@click.option("--name", help="Which component, where the image has several.")
@click.option("--base", metavar="REF", help="The base to build on.  [default: the last build's]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How results are printed.")
@click.option("--force", is_flag=True, help="Write over files that exist.")
@consent.options
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    component: Path,
    inputs: Sequence[str],
    files: Sequence[str],
    outputs: Sequence[str],
    form: str,
    force: bool,
    progress: str,
    allowed: "Consent",
    runner: str | None,
    name: str | None,
    base: str | None,
) -> int:
    """Run COMPONENT, a folder or a component.yaml, once.

    Artifacts are paths on this machine. Outputs without -o go to out/NAME. What is printed on stdout are the
    values of output parameters, as name=value; a component that fails makes the exit code 1.
    """
    from toolkit.runners.ending import ending
    from toolkit.running import open_runnable, run_once
    from toolkit.tools import Tools

    given = _pairs(inputs, "-i") | {name: _text(path) for name, path in _pairs(files, "--input-file").items()}
    wanted = {key: Path(value) for key, value in _pairs(outputs, "-o").items()}
    with bars.reporting(console, progress) as report:
        tools = Tools(report=report, consent=allowed)
        runnable = open_runnable(component, tools, runner=runner, name=name, base=base)
    console.say(f"running {runnable.name} by {runnable.runner.name}")
    done = run_once(runnable, given, wanted, force=force)
    if done.exit_code:
        console.say(f"{runnable.name} failed with {ending(done.exit_code)}")
        return 1
    for port, path in done.artifacts.items():
        console.say(f"{port}: {path}")
    if form == "json":
        types = {port.name: port.type for port in runnable.spec.interface.outputs}
        values = {port: _typed(text, types[port]) for port, text in done.values.items()}
        paths = {port: str(path) for port, path in done.artifacts.items()}
        console.data(json.dumps({**values, **paths}, indent=2))
    elif done.values:
        console.data("\n".join(f"{port}={value}" for port, value in done.values.items()))
    return 0


def _typed(text: str, kind: str) -> object:
    """Give the value of an output; a program may have written anything."""
    try:
        return text if kind == "String" else json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text", where=Location(path=Path(path)), hint="pass bytes as an artifact") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {text}", hint=f"write {option} NAME=VALUE")
        pairs[name] = value
    return pairs
