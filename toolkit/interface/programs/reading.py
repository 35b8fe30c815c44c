"""Read a program: find what reads its command line, and let the reader for it do the rest."""

import ast
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from toolkit.errors import InputError, Location, UsageError
from toolkit.findings import Finding, FindingsError, Severity
from toolkit.interface.module import Module
from toolkit.interface.programs.argparse_reader import ArgparseReader, Parser
from toolkit.interface.programs.argv_reader import read_words
from toolkit.interface.programs.click_reader import Command, read_commands
from toolkit.interface.programs.function_reader import read_dataclasses, read_fire, read_flags
from toolkit.interface.programs.model import Option, Program
from toolkit.interface.programs.notebook_reader import notebook_module, read_notebook
from toolkit.interface.programs.options import ASK, DECLARE, Reading, unique
from toolkit.interface.programs.other_readers import note_readers
from toolkit.interface.programs.surroundings_reader import read_variables


def read_program(path: Path, *, word: str | None = None) -> Program:
    """Read the command line of the Python program or notebook at `path`; `word` chooses a sub-command.

    Raises FindingsError when it cannot be parsed or has two parsers, UsageError when a sub-command has to be chosen
    or is not there, InputError when it is neither Python nor a notebook.
    """
    if path.suffix == ".ipynb":
        reading, options, title = read_notebook(path)
        return _program(reading, "notebook", title, options)
    if path.suffix not in {".py", ""}:
        raise InputError(
            f"{path.name} is neither Python nor a notebook",
            where=Location(path=path),
            hint="write its contract by hand: comp new NAME --template container",
        )
    module = Module.read(path)
    reading = Reading(module)
    described = " ".join((ast.get_docstring(module.tree) or "").partition("\n\n")[0].split())
    return (
        _of_dataclasses(reading, described)
        or _of_argparse(reading, described, word)
        or _of_commands(reading, described, word)
        or _of_fire(reading, described, word)
        or _of_flags(reading, described)
        or _of_surroundings(reading, described)
    )


def module_of(program: Program) -> Module:
    """Read the program's code again, for what it does with its options; of a notebook that of all its cells."""
    if program.kind == "notebook":
        return notebook_module(program.path)
    return Module.read(program.path)


def _program(reading: Reading, kind: str, description: str, options: Iterable[Option], *, word: str = "") -> Program:
    return Program(
        path=reading.module.path,
        kind=kind,
        description=description,
        options=unique(list(options)),
        word=word,
        remarks=tuple(reading.remarks),
    )


def _of_dataclasses(reading: Reading, described: str) -> Program | None:
    read = read_dataclasses(reading)
    return _program(reading, read[0], described, read[1]) if read else None


def _of_argparse(reading: Reading, described: str, word: str | None) -> Program | None:
    parsers = ArgparseReader.read(reading).parsers
    parents = [one for one in parsers if not one.parses]
    own = [one for one in parsers if one.parses] or [one for one in parents if one.options or one.words] or parsers
    if not own:
        return None
    if len(own) > 1 and all(one.partly for one in own[:-1]) and not any(one.words for one in own):
        # Each takes what it knows of one command line, a configuration file's options first.
        *first, last = own
        last.options = [option for parser in (*first, last) for option in parser.options]
        own = [last]
    if len(own) > 1:
        lines = ", ".join(str(getattr(one.node, "lineno", 0)) for one in own)
        finding = Finding(
            rule="P002",
            severity=Severity.ERROR,
            message=f"the program has {len(own)} parsers (lines {lines})",
            where=reading.module.at(own[-1].node),
            help="keep one, or write the contract by hand",
        )
        raise FindingsError((finding,))
    return _chosen_parser(reading, own[0], described, word)


def _chosen_parser(reading: Reading, parser: Parser, described: str, word: str | None) -> Program:
    options, chosen, words = list(parser.options), parser, []
    rest = (word or "").split()
    while chosen.words:
        step = rest.pop(0) if rest else None
        _check_word(step, chosen.words)
        options = [replace(option, before=True) for option in options]
        chosen = chosen.words[step or ""]
        words.append(step or "")
        options += chosen.options
    if rest:
        raise UsageError(f"the program has no sub-command {rest[0]!r} there", hint=f"leave {rest[0]!r} out")
    description = chosen.description or parser.description or described
    return _program(reading, "argparse", description, options, word=" ".join(words))


def _of_commands(reading: Reading, described: str, word: str | None) -> Program | None:
    commands = read_commands(reading)
    if not commands:
        return None
    plain = [one for one in commands if not one.group]
    groups = [one for one in commands if one.group]
    if len(plain) == 1 and not groups:
        return _command(reading, plain[0], [], described, "")
    names = {one.name: one for one in plain}
    _check_word(word, names)
    return _command(reading, names[word or ""], groups, described, word or "")


def _command(reading: Reading, command: Command, groups: list[Command], described: str, word: str) -> Program:
    before = [replace(option, before=True) for group in groups for option in group.options]
    text = " ".join((ast.get_docstring(command.function) or "").partition("\n\n")[0].split())
    return _program(reading, command.kind, text or described, [*before, *command.options], word=word)


def _of_fire(reading: Reading, described: str, word: str | None) -> Program | None:
    commands = read_fire(reading)
    if commands is None:
        return None
    if "" not in commands:
        _check_word(word, commands)
    return _program(reading, "fire", described, commands[word or ""], word=word or "")


def _of_flags(reading: Reading, described: str) -> Program | None:
    options = read_flags(reading)
    return _program(reading, "absl", described, options) if options else None


def _of_surroundings(reading: Reading, described: str) -> Program:
    """Read what a program takes from `sys.argv` and its environment, and say what else may read its command line."""
    variables = read_variables(reading)
    words = read_words(reading)
    kind = note_readers(reading) or ("words" if words else "environment")
    if not words and not variables and not reading.remarks:
        reading.unknown(reading.module.tree, "no command line was found in it", f"{DECLARE}, {ASK}")
    return _program(reading, kind, described, [*(words or ()), *variables])


def _check_word(word: str | None, words: Iterable[str]) -> None:
    known = ", ".join(sorted(words))
    if not known:
        raise InputError(
            "the program has sub-commands, and they are not in its file", hint="--exec asks its own parser for them"
        )
    if word is None:
        raise UsageError("the program has sub-commands, and a component runs one", hint=f"--subcommand: {known}")
    if word not in words:
        raise UsageError(f"the program has no sub-command {word!r}", hint=f"there are: {known}")
