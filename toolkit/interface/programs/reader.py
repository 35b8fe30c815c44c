"""Read a program: recognise the library that parses its command line, and call the reader for it."""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from toolkit.errors import Finding, FindingsError, InputError, Location, Severity, UsageError
from toolkit.interface.module import Module
from toolkit.interface.programs.absl_reader import read_flags
from toolkit.interface.programs.argparse_reader import Parser, read_parsers
from toolkit.interface.programs.argv_reader import read_words
from toolkit.interface.programs.click_reader import Command, read_commands
from toolkit.interface.programs.dataclass_reader import read_dataclasses
from toolkit.interface.programs.environment_reader import read_variables
from toolkit.interface.programs.fire_reader import read_fire
from toolkit.interface.programs.model import Option, Program
from toolkit.interface.programs.notebook_reader import read_notebook
from toolkit.interface.programs.options import unique
from toolkit.interface.programs.reading import ASK, DECLARE, Reading
from toolkit.interface.programs.unsupported_parsers import note_unsupported_parsers


def read_program(path: Path, environ: Mapping[str, str], *, subcommand: str | None = None) -> Program:
    """Return the command line of the Python program or notebook at `path`; `subcommand` chooses a sub-command.

    Code for a newer Python is read by one that `environ` leads to. Raises FindingsError if it cannot be parsed or has
    two parsers, UsageError if a sub-command is needed or unknown, InputError if it is neither Python nor a notebook.
    """
    if path.suffix == ".ipynb":
        reading, options, title = read_notebook(path, environ)
        return _program(reading, "notebook", title, options)
    if path.suffix not in {".py", ""}:
        raise InputError(
            f"{path.name} is neither Python nor a notebook",
            where=Location(path=path),
            hint="write its contract by hand: comp new NAME --template container",
        )
    module = Module.read(path, environ)
    reading = Reading(module)
    description = _first_paragraph(module.tree)
    # HfArgumentParser is a subclass of argparse's, so its reader goes first; the environment is what remains.
    return (
        _of_dataclasses(reading, description)
        or _of_argparse(reading, description, subcommand)
        or _of_commands(reading, description, subcommand)
        or _of_fire(reading, description, subcommand)
        or _of_flags(reading, description)
        or _of_words_and_variables(reading, description)
    )


def _program(
    reading: Reading, kind: str, description: str, options: Iterable[Option], *, subcommand: str = ""
) -> Program:
    """Return a program with what was read of it."""
    return Program(
        path=reading.module.path,
        module=reading.module,
        kind=kind,
        description=description,
        options=unique(list(options)),
        subcommand=subcommand,
        remarks=tuple(reading.remarks),
    )


def _first_paragraph(node: ast.Module | ast.FunctionDef) -> str:
    return " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())


def _of_dataclasses(reading: Reading, description: str) -> Program | None:
    read = read_dataclasses(reading)
    return _program(reading, read[0], description, read[1]) if read else None


def _of_argparse(reading: Reading, description: str, subcommand: str | None) -> Program | None:
    """Return the program of its one parser. Raises FindingsError for several."""
    parsers = read_parsers(reading)
    # A parser that does not parse is a parent of another one, unless no other is left.
    own = [parser for parser in parsers if parser.parses]
    own = own or [parser for parser in parsers if parser.options or parser.subcommands] or parsers
    if not own:
        return None
    if len(own) > 1 and all(parser.partly for parser in own[:-1]) and not any(parser.subcommands for parser in own):
        # Each takes the options that it knows from one command line, such as `--config` first.
        *first, last = own
        last.options = [option for parser in (*first, last) for option in parser.options]
        own = [last]
    if len(own) > 1:
        lines = ", ".join(str(getattr(parser.node, "lineno", 0)) for parser in own)
        finding = Finding(
            rule="P002",
            severity=Severity.ERROR,
            message=f"the program has {len(own)} parsers (lines {lines})",
            where=reading.module.at(own[-1].node),
            help="keep one, or write the contract by hand",
        )
        raise FindingsError((finding,))
    return _chosen_parser(reading, own[0], description, subcommand)


def _chosen_parser(reading: Reading, parser: Parser, description: str, subcommand: str | None) -> Program:
    """Return the program of a sub-command, which is several words for one inside another."""
    options, chosen, words = list(parser.options), parser, []
    rest = (subcommand or "").split()
    while chosen.subcommands:
        step = rest.pop(0) if rest else None
        _check_subcommand(step, chosen.subcommands)
        options = [replace(option, before=True) for option in options]
        chosen = chosen.subcommands[step or ""]
        words.append(step or "")
        options += chosen.options
    if rest:
        raise _no_subcommand(rest[0])
    description = chosen.description or parser.description or description
    return _program(reading, "argparse", description, options, subcommand=" ".join(words))


def _of_commands(reading: Reading, description: str, subcommand: str | None) -> Program | None:
    """Return the program of one command of click or typer."""
    commands = read_commands(reading)
    if not commands:
        return None
    plain = [command for command in commands if not command.group]
    groups = [command for command in commands if command.group]
    # A single command without a group is the program itself.
    if len(plain) == 1 and not groups:
        return _command(reading, plain[0], [], description, "")
    names = {command.name: command for command in plain}
    _check_subcommand(subcommand, names)
    return _command(reading, names[subcommand or ""], groups, description, subcommand or "")


def _command(reading: Reading, command: Command, groups: list[Command], description: str, subcommand: str) -> Program:
    """Return the program of one command, with the options of all groups before it."""
    before = [replace(option, before=True) for group in groups for option in group.options]
    text = _first_paragraph(command.function)
    return _program(reading, command.kind, text or description, [*before, *command.options], subcommand=subcommand)


def _of_fire(reading: Reading, description: str, subcommand: str | None) -> Program | None:
    commands = read_fire(reading)
    if commands is None:
        return None
    if "" not in commands:
        _check_subcommand(subcommand, commands)
    elif subcommand:
        raise _no_subcommand(subcommand)
    return _program(reading, "fire", description, commands[subcommand or ""], subcommand=subcommand or "")


def _of_flags(reading: Reading, description: str) -> Program | None:
    options = read_flags(reading)
    return _program(reading, "absl", description, options) if options else None


def _of_words_and_variables(reading: Reading, description: str) -> Program:
    """Return the program by its use of `sys.argv` and the environment, with remarks on other parsers in it."""
    variables = read_variables(reading)
    words = read_words(reading)
    kind = note_unsupported_parsers(reading) or ("words" if words else "environment")
    if not words and not variables and not reading.remarks:
        reading.unknown(reading.module.tree, "no command line was found in it", f"{DECLARE}, {ASK}")
    return _program(reading, kind, description, [*(words or ()), *variables])


def _no_subcommand(word: str) -> UsageError:
    """Return the error for a word where the program has no sub-commands."""
    return UsageError(f"the program has no sub-command {word!r} there", hint=f"leave {word!r} out")


def _check_subcommand(subcommand: str | None, names: Iterable[str]) -> None:
    """Raise UsageError unless `subcommand` is one of `names`."""
    listed = ", ".join(sorted(names))
    if not listed:
        raise InputError(
            "the program has sub-commands, and they are not in its file", hint="--exec asks its own parser for them"
        )
    if subcommand is None:
        raise UsageError("the program has sub-commands, and a component runs one", hint=f"--subcommand: {listed}")
    if subcommand not in names:
        raise UsageError(f"the program has no sub-command {subcommand!r}", hint=f"it has: {listed}")
