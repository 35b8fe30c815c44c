"""`comp new`: scaffold a component."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, ask, confirm, pass_console
from toolkit.errors import InputError, UsageError

if TYPE_CHECKING:
    from toolkit.scaffold.new import Made, Wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class _Origin:
    """What a component is made from; at most one of the first three is there."""

    function: str | None
    program: Path | None
    template: str | None
    subcommand: str | None
    inputs: Sequence[str]
    outputs: Sequence[str]
    answers: Sequence[str]
    hooks: str
    execute: bool
    whole: bool


@click.command
@click.argument("name", required=False)
@click.option("--from-function", "function", metavar="FILE.py:FUNCTION[,FUNCTION]", help="Take functions of a module.")
@click.option("--whole-module", "whole", is_flag=True, help="Take the function's module as it is, not cut.")
@click.option(
    "--from-program",
    "program",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take a Python program or a notebook as it is.",
)
@click.option("--subcommand", metavar="WORDS", help="Which of the program's sub-commands.")
@click.option("--input", "inputs", multiple=True, metavar="NAME:KIND[:TYPE]", help="An option is a value or a path.")
@click.option("--output", "outputs", multiple=True, metavar="NAME[:path[:TYPE]]", help="An option is an output.")
@click.option("--exec", "execute", is_flag=True, help="Run the program to learn its options, in its own environment.")
@click.option(
    "--template",
    metavar="NAME|FOLDER|git+URL[@REF]|ZIP",
    help="container, function, notebook, program, training, or your own cookiecutter template.",
)
@click.option("--set", "answers", multiple=True, metavar="KEY=VALUE", help="An answer to your template's question.")
@click.option(
    "--hooks", type=click.Choice(["ask", "no", "yes"]), default="ask", help="Whether your template may run programs."
)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=".", help="Where to make the folder.")
@click.option("--image", metavar="REF", help="Where its image will go.")
@click.option("--force", is_flag=True, help="Write over the files of a folder that exists.")
@click.option("--no-input", is_flag=True, help="Never ask.")
@pass_console
def command(
    console: Console,
    /,
    *,
    name: str | None,
    into: Path,
    image: str | None,
    force: bool,
    no_input: bool,
    **origin: object,
) -> None:
    """Make the component folder NAME: settings, code, contract, tests, README.

    Functions are cut out of their module with what they reach; programs come along whole. Neither is imported or
    run. Without an origin it is an example of a function. On a terminal, without NAME, it asks.
    """
    from toolkit.scaffold.new import Wanted

    given = _Origin(**origin)  # type: ignore[arg-type]
    asking = not no_input and sys.stdin.isatty() and sys.stderr.isatty()
    if name is None:
        if not asking:
            raise UsageError("comp new needs the component's NAME", hint="on a terminal it asks for it")
        name, given, image = _asked(given, image)
    wanted = Wanted.checked(name, into=into, image=image, force=force)
    made = _made(console, wanted, given, asking=asking)
    for note in made.notes:
        console.say(f"note: {note}")
    console.say(f"made {made.folder}/:")
    for path in sorted(made.folder.rglob("*")):
        if path.is_file():
            console.say(f"  {path.relative_to(made.folder)}")
    if made.findings:
        for finding in made.findings:
            console.warn(f"{finding.where}: {finding.message}; {finding.help}")
        raise InputError(
            f"{made.folder} is made, but it does not work yet: see the warnings above",
            hint=f"settle them, then comp lint {made.folder}, comp build {made.folder}",
        )
    console.say(f"next: comp lint {made.folder}, comp build {made.folder}")


def _made(console: Console, wanted: "Wanted", origin: _Origin, *, asking: bool) -> "Made":
    from toolkit.scaffold.new import from_example, from_functions, from_shipped, from_template
    from toolkit.scaffold.template import opened, shipped
    from toolkit.scaffold.trust import Trust

    _check(origin)
    if origin.function is not None:
        file, colon, names = origin.function.rpartition(":")
        functions = names.split(",")
        if not colon or not file or not all(one.isidentifier() for one in functions):
            raise UsageError(f"--from-function {origin.function}", hint="write it as FILE.py:FUNCTION")
        return from_functions(wanted, Path(file), functions, whole=origin.whole)
    if origin.program is not None:
        return _from_program(console, wanted, origin, origin.program, asking=asking)
    if origin.template is None:
        return from_example(wanted)
    answers = dict(_pair(text) for text in origin.answers)
    hooks = origin.hooks == "yes"
    if origin.template in shipped():
        return from_shipped(wanted, origin.template, given=answers, hooks=hooks)
    if origin.hooks == "ask" and asking:
        with opened(origin.template) as template:
            named = ", ".join(template.programs)
        hooks = bool(named) and confirm(f"The template runs {named} on this machine. Let it?")
    made = from_template(wanted, origin.template, given=answers, hooks=hooks)
    # A user who names a template trusts it: `comp sync` may use it from now on.
    Trust.of(os.environ).add(origin.template)
    return made


def _check(origin: _Origin) -> None:
    """Refuse options that do not go together."""
    origins = [one for one in (origin.function, origin.program, origin.template) if one is not None]
    if len(origins) > 1:
        raise UsageError("one of --from-function, --from-program and --template", hint="a component has one origin")
    if not origin.program and (origin.subcommand or origin.inputs or origin.outputs or origin.execute):
        raise UsageError("--subcommand, --input, --output and --exec are about a program", hint="give --from-program")
    if origin.whole and not origin.function:
        raise UsageError("--whole-module is about a function's module", hint="give --from-function")
    if not origin.template and origin.answers:
        raise UsageError("--set answers a template's questions", hint="give --template")


def _from_program(console: Console, wanted: "Wanted", origin: _Origin, path: Path, *, asking: bool) -> "Made":
    from toolkit.scaffold.new import from_program
    from toolkit.scaffold.overrides import Override
    from toolkit.scaffold.program import read_contract

    overrides = [Override.parse(text, output=False) for text in origin.inputs]
    overrides += [Override.parse(text, output=True) for text in origin.outputs]
    if origin.execute:
        from toolkit.introspection.asking import execute_program
        from toolkit.scaffold.program import contract_of_program
        from toolkit.tools import Tools

        program = execute_program(path, Tools().cache, word=origin.subcommand)
        return from_program(wanted, contract_of_program(program, overrides=overrides))
    contract = read_contract(path, word=origin.subcommand, overrides=overrides)
    while asking and contract.guesses:
        for guess in contract.guesses:
            console.say(f"guessed: {guess}")
        answer = ask("Change one? NAME:value, NAME:path or NAME:output, or nothing", default="", show_default=False)
        if not answer:
            break
        named, _, kind = answer.partition(":")
        text = named if kind == "output" else answer
        try:
            changed = Override.parse(text, output=kind == "output")
            contract = read_contract(path, word=origin.subcommand, overrides=[*overrides, changed])
        except UsageError as error:
            console.say(f"{error.message}; {error.hint}")
            continue
        overrides.append(changed)
    return from_program(wanted, contract)


def _asked(origin: _Origin, image: str | None) -> tuple[str, _Origin, str | None]:
    """Ask for what the command line does not say."""
    from dataclasses import replace

    from toolkit.scaffold.template import shipped

    name = ask("Name of the component", default="my-component")
    if origin.function is None and origin.program is None and origin.template is None:
        choices = ["example", "from-function", "from-program", *(one for one in shipped() if one != "function")]
        kind = ask("Made from", type=click.Choice(choices), default="example")
        if kind == "from-function":
            origin = replace(origin, function=ask("The function, as FILE.py:FUNCTION"))
        elif kind == "from-program":
            origin = replace(origin, program=Path(ask("The program or notebook")))
        elif kind != "example":
            origin = replace(origin, template=kind)
    if image is None:
        image = ask("Where its image will go", default="", show_default=False) or None
    return name, origin, image


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"--set {text}", hint="write --set KEY=VALUE")
    return key, value
