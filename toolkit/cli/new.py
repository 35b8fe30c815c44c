"""`comp new`: scaffold a component."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from toolkit.cli.console import Console, ask, confirm, pass_console
from toolkit.errors import InputError, UsageError

if TYPE_CHECKING:
    from toolkit.scaffold.dockerfile import TakenOver
    from toolkit.scaffold.folder import NewFolder
    from toolkit.scaffold.new import Created
    from toolkit.scaffold.overrides import Override

_ANSWERS = "NAME:value, NAME:path or NAME:output, or nothing"


class _Origin(Struct, frozen=True, kw_only=True):
    """What a component is made from: at most one of the first four, and their options."""

    function: str | None
    program: Path | None
    dockerfile: Path | None
    template: str | None
    context: Path | None
    target: str | None
    subcommand: str | None
    inputs: Sequence[str]
    outputs: Sequence[str]
    answers: Sequence[str]
    hooks: str
    execute: bool
    whole: bool


@click.command
@click.argument("name", required=False)
@click.option(
    "--from-function", "function", metavar="FILE.py:FUNCTION[,FUNCTION]", help="Make it from functions of a module."
)
@click.option("--whole-module", "whole", is_flag=True, help="Copy the function's whole module.")
@click.option(
    "--from-program",
    "program",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Make it from a Python program or a notebook, unchanged.",
)
@click.option(
    "--from-dockerfile",
    "dockerfile",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Make it from a Dockerfile, without a build.",
)
@click.option(
    "--context",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="The Dockerfile's context.  [default: its folder]",
)
@click.option("--target", metavar="STAGE", help="The Dockerfile's stage.  [default: the last]")
@click.option("--subcommand", metavar="WORDS", help="The program's sub-command to run.")
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME:KIND[:TYPE]", help="Declare an option as a value or a path."
)
@click.option(
    "--output", "outputs", multiple=True, metavar="NAME[:path[:TYPE]]", help="Declare an option as an output."
)
@click.option("--exec", "execute", is_flag=True, help="Run the program to learn its options, in its own environment.")
@click.option(
    "--template",
    metavar="NAME|FOLDER|git+URL[@REF]|ZIP",
    help="container, dockerfile, function, node, notebook, program, r, shell, training, or your own cookiecutter "
    "template.",
)
@click.option("--set", "answers", multiple=True, metavar="KEY=VALUE", help="An answer to your template's question.")
@click.option(
    "--hooks",
    type=click.Choice(["ask", "no", "yes"]),
    default="ask",
    show_default=True,
    help="Whether your template may run programs.",
)
@click.option(
    "--into",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    help="The parent of the new folder.",
)
@click.option("--image", metavar="REF", help="Where the image will be pushed.")
@click.option("--force", is_flag=True, help="Overwrite the files of an existing folder.")
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
    function: str | None,
    program: Path | None,
    dockerfile: Path | None,
    context: Path | None,
    target: str | None,
    template: str | None,
    subcommand: str | None,
    inputs: Sequence[str],
    outputs: Sequence[str],
    answers: Sequence[str],
    hooks: str,
    execute: bool,
    whole: bool,
) -> None:
    """Make the component folder NAME: settings, code, contract, tests, README.

    Functions are cut out of their module together with the code they use; programs are copied whole, and a Dockerfile
    with the files that it copies. None is imported, run or built. The templates shell, r and node have a Dockerfile
    and a program. Without a source the folder has an example. On a terminal, the command asks for a missing NAME.
    """
    from toolkit.scaffold.folder import NewFolder

    origin = _Origin(
        function=function,
        program=program,
        dockerfile=dockerfile,
        template=template,
        context=context,
        target=target,
        subcommand=subcommand,
        inputs=inputs,
        outputs=outputs,
        answers=answers,
        hooks=hooks,
        execute=execute,
        whole=whole,
    )
    # Questions go to stderr, so stdout may be a pipe.
    asking = not no_input and sys.stdin.isatty() and sys.stderr.isatty()
    if name is None:
        if not asking:
            raise UsageError(
                "the component's NAME is missing", hint="write comp new NAME; on a terminal, comp asks for it"
            )
        name, origin, image = _ask_for_rest(origin, image)
    new = NewFolder.checked(name, into=into, image=image, force=force)
    created = _create(console, new, origin, asking=asking)
    for note in created.notes:
        console.say(f"note: {note}")
    folder = created.folder
    console.say(f"made {folder}/:")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            console.say(f"  {path.relative_to(folder)}")
    if created.findings:
        for finding in created.findings:
            console.warn(f"{finding.where}: {finding.message}; {finding.help} [{finding.rule}]")
        raise InputError(
            f"{folder} is made, but it does not work yet: see the warnings above",
            hint=f"settle them, then comp lint {folder}, comp build {folder}",
        )
    console.say(f"next: comp lint {folder}, comp build {folder}")


def _create(console: Console, new: "NewFolder", origin: _Origin, *, asking: bool) -> "Created":
    """Make the folder from what the command line names. Raises UsageError for options that do not fit."""
    from toolkit.scaffold.new import from_example, from_functions, from_shipped, from_template
    from toolkit.scaffold.template import opened, shipped
    from toolkit.scaffold.trust import Trust

    _check(origin)
    if origin.function is not None:
        file, colon, names = origin.function.rpartition(":")
        functions = names.split(",")
        if not colon or not file or not all(function.isidentifier() for function in functions):
            raise UsageError(
                f"invalid --from-function {origin.function}",
                hint="write it as FILE.py:FUNCTION; `comp inspect-function FILE.py` lists the functions",
            )
        return from_functions(new, Path(file), functions, os.environ, whole=origin.whole)
    if origin.dockerfile is not None:
        return _from_dockerfile(console, new, origin, origin.dockerfile, asking=asking)
    if origin.program is not None:
        return _from_program(console, new, origin, origin.program, asking=asking)
    if origin.template is None:
        return from_example(new, os.environ)
    answers = dict(_pair(text) for text in origin.answers)
    hooks = origin.hooks == "yes"
    if origin.template in shipped():
        return from_shipped(new, origin.template, os.environ, answers=answers, hooks=hooks)
    if origin.hooks == "ask" and asking:
        # The question has to name the programs, so the template is opened once before.
        with opened(origin.template) as template:
            named = ", ".join(template.programs)
        hooks = bool(named) and confirm(f"The template runs {named} on this machine. Let it?")
    created = from_template(new, origin.template, os.environ, answers=answers, hooks=hooks)
    # A user who names a template trusts it: `comp sync` may use it from now on.
    Trust.of(os.environ).add(origin.template)
    return created


def _check(origin: _Origin) -> None:
    """Refuse options that do not go together."""
    sources = (origin.function, origin.program, origin.dockerfile, origin.template)
    if sum(source is not None for source in sources) > 1:
        raise UsageError(
            "--from-function, --from-program, --from-dockerfile and --template do not go together",
            hint="give one of them",
        )
    if not origin.program and origin.execute:
        raise UsageError("--exec needs --from-program", hint="add it, or leave --exec out")
    if not (origin.program or origin.dockerfile) and (origin.subcommand or origin.inputs or origin.outputs):
        raise UsageError(
            "--subcommand, --input and --output need --from-program or --from-dockerfile",
            hint="add one, or leave them out",
        )
    if not origin.dockerfile and (origin.context or origin.target):
        raise UsageError("--context and --target need --from-dockerfile", hint="add it, or leave them out")
    if origin.whole and not origin.function:
        raise UsageError("--whole-module needs --from-function", hint="add it, or leave this out")
    if not origin.template and origin.answers:
        raise UsageError(
            "--set needs --template, whose questions it answers", hint="add --template, or leave --set out"
        )


def _from_dockerfile(console: Console, new: "NewFolder", origin: _Origin, path: Path, *, asking: bool) -> "Created":
    """Make the folder from a Dockerfile; on a terminal, ask about its inputs and outputs."""
    from toolkit.scaffold.dockerfile import Source, take_over
    from toolkit.scaffold.new import from_dockerfile

    overrides = _overrides(origin)

    def read() -> "TakenOver":
        source = Source(
            dockerfile=path,
            context=origin.context,
            target=origin.target,
            subcommand=origin.subcommand,
            overrides=overrides,
        )
        return take_over(source, new.name, os.environ, without=new.folder)

    taken = read()
    while asking and not taken.contract:
        for note in taken.ports.notes:
            console.say(f"guessed: {note}")
        answer = ask(f"Declare one? {_ANSWERS}", default="", show_default=False)
        if not answer:
            break
        before = overrides
        try:
            overrides = (*overrides, _answered(answer))
            taken = read()
        except UsageError as error:
            overrides = before
            console.say(f"{error.message}; {error.hint}")
    return from_dockerfile(new, taken, os.environ)


def _answered(answer: str) -> "Override":
    """Return the port that an answer on the terminal declares. Raises UsageError."""
    from toolkit.scaffold.overrides import Override

    named, _, kind = answer.partition(":")
    output = kind == "output"
    return Override.parse(named if output else answer, output=output)


def _overrides(origin: _Origin) -> "tuple[Override, ...]":
    """Return the ports that the user declares. Raises UsageError."""
    from toolkit.scaffold.overrides import Override

    inputs = [Override.parse(text, output=False) for text in origin.inputs]
    return (*inputs, *(Override.parse(text, output=True) for text in origin.outputs))


def _from_program(console: Console, new: "NewFolder", origin: _Origin, path: Path, *, asking: bool) -> "Created":
    """Make the folder from a program; on a terminal, ask about guessed inputs and outputs."""
    from toolkit.scaffold.new import from_program
    from toolkit.scaffold.program import read_contract

    overrides = list(_overrides(origin))
    if origin.execute:
        from toolkit.job.context import BuildContext
        from toolkit.program_probe.probe import probe_program
        from toolkit.scaffold.program import contract_of_program

        program = probe_program(path, BuildContext().cache, os.environ, subcommand=origin.subcommand)
        return from_program(new, contract_of_program(program, overrides=overrides), os.environ)
    contract = read_contract(path, os.environ, subcommand=origin.subcommand, overrides=overrides)
    while asking and contract.guesses:
        for guess in contract.guesses:
            console.say(f"guessed: {guess}")
        answer = ask(f"Change one? {_ANSWERS}", default="", show_default=False)
        if not answer:
            break
        try:
            changed = _answered(answer)
            contract = read_contract(path, os.environ, subcommand=origin.subcommand, overrides=[*overrides, changed])
        except UsageError as error:
            console.say(f"{error.message}; {error.hint}")
            continue
        overrides.append(changed)
    return from_program(new, contract, os.environ)


def _ask_for_rest(origin: _Origin, image: str | None) -> tuple[str, _Origin, str | None]:
    """Ask for what the command line leaves out."""
    from msgspec.structs import replace

    from toolkit.scaffold.template import shipped

    name = ask("Name of the component", default="my-component")
    if all(source is None for source in (origin.function, origin.program, origin.dockerfile, origin.template)):
        made_from = ("example", "from-function", "from-program", "from-dockerfile")
        choices = [*made_from, *(name for name in shipped() if name not in {"function", "dockerfile"})]
        kind = ask("Made from", type=click.Choice(choices), default="example")
        if kind == "from-function":
            origin = replace(origin, function=ask("The function, as FILE.py:FUNCTION"))
        elif kind == "from-program":
            origin = replace(origin, program=Path(ask("The program or notebook")))
        elif kind == "from-dockerfile":
            origin = replace(origin, dockerfile=Path(ask("The Dockerfile")))
        elif kind != "example":
            origin = replace(origin, template=kind)
    if image is None:
        image = ask("Where its image will go", default="", show_default=False) or None
    return name, origin, image


def _pair(text: str) -> tuple[str, str]:
    """Return key and value of `--set`. Raises UsageError for another form."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"invalid --set {text}", hint="write --set KEY=VALUE")
    return key, value
