"""Compare the defaults of a program's contract with those in its code, as far as the code can be read statically."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from toolkit.errors import Finding, FindingsError, InputError, Severity, UsageError
from toolkit.interface.model import Input, Kind
from toolkit.interface.programs.model import Option, Program
from toolkit.interface.programs.reader import read_program
from toolkit.lint.walk import container_of
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.protocol import PROGRAM
from toolkit.spec.reader import ComponentDocument, is_parameter_type

_PROGRAMS = (".py", ".ipynb")
_TEXTS = {"", "string", "str", "text"}


def program_defaults(document: ComponentDocument, sources: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding (C098) for each input whose default is another one in the program's code, under `sources`.

    A default that the launcher knows as the program's own is left out of the command line, and so is one that stands
    inside of `isPresent`: then the code decides.
    """
    program = _program(_words(document), sources, environ)
    if program is None:
        return
    # The reader takes a default that only the running program knows for absent, and remarks on it.
    unread = any(remark.rule == "P001" for remark in program.remarks)
    read = [option for option in program.options if option.default is not None or not unread]
    options = {option.name: option for option in read}
    # papermill has one flag for all parameters of a notebook, which only their names tell apart.
    uses = Counter(option.flag for option in read)
    flags = {option.flag: option for option in read if option.flag and uses[option.flag] == 1}
    left_out = dict(_left_out(document))
    for index, port in enumerate(document.spec.interface.inputs):
        place: Place = ("inputs", index)
        known = port.annotations.get(PROGRAM)
        if isinstance(known, Mapping):
            option = flags.get(str(known.get("flag"))) or options.get(port.name)
            default, what = known.get("default"), "the program's own default"
            place = (*place, "annotations")
        else:
            option, default, what = flags.get(left_out.get(port.name, "")), port.default, "the default"
            place = (*place, "default")
        if option and isinstance(default, str) and not _is_same(port, default, option.default):
            yield _finding(document, place, f"{what} of {port.name!r} is {default!r}", option)


def _finding(document: ComponentDocument, place: Place, message: str, option: Option) -> Finding:
    """Return the finding about one input, with the place in the code."""
    where = f"{option.where.path.name}:{option.where.line}"
    if option.default is None:
        own, advice = "the code has no default", "make both the same"
    else:
        own = f"in the code it is {option.default!r}"
        advice = f"write {option.default!r} in the contract, or change the code"
    return Finding(
        rule="C098",
        severity=Severity.ERROR,
        message=f"{message}, {own} ({where})",
        where=document.places[place],
        help=f"{advice}: the code's default applies where the input is left out",
    )


def _words(document: ComponentDocument) -> list[str]:
    """Return the program's words at the begin of its command line: those after `--` under our launcher."""
    container = container_of(document)
    if container is None:
        return []
    arguments: list[Argument] = [*container.command, *container.args]
    if "--" in arguments:
        arguments = arguments[arguments.index("--") + 1 :]
    words = []
    for argument in arguments:
        if not isinstance(argument, str):
            break
        words.append(argument)
    return words


def _program(words: list[str], sources: Path, environ: Mapping[str, str]) -> Program | None:
    """Return the program that the words run; None if it is not Python, or cannot be read."""
    for index, word in enumerate(words):
        path = sources / (f"{word.replace('.', '/')}.py" if words[index - 1 : index] == ["-m"] else word)
        if path.suffix not in _PROGRAMS or not path.is_file():
            continue
        steps = []
        for step in words[index + 1 :]:
            if step.startswith("-"):
                break
            steps.append(step)
        # A word may also be an argument of a program without sub-commands.
        for subcommand in dict.fromkeys((" ".join(steps) or None, None)):
            try:
                return read_program(path, environ, subcommand=subcommand)
            except (FindingsError, InputError, UsageError):
                continue
        return None
    return None


def _left_out(document: ComponentDocument) -> Iterator[tuple[str, str]]:
    """Yield the name and flag of each input that stands inside of `isPresent`, without another branch."""
    container = container_of(document)
    for argument in (*container.command, *container.args) if container else ():
        match argument:
            case IfPlaceholder(
                condition=IsPresent(input=name),
                then=(str(flag), PortPlaceholder(kind="inputValue", port=port)),
                otherwise=(),
            ) if name == port:
                yield name, flag


def _is_same(port: Input, text: str, own: str | None) -> bool:
    """Return whether two defaults are one value of the port's type."""
    if own is None or text == own:
        return text == own
    if port.kind is not Kind.PARAMETER or not is_parameter_type(port.type) or port.type.lower() in _TEXTS:
        return False
    try:
        return bool(json.loads(text.lower()) == json.loads(own.lower()))
    except (ValueError, RecursionError):
        return False
