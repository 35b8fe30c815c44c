"""A program's command line as plain data."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from toolkit.errors import Location
from toolkit.findings import Finding
from toolkit.interface.model import Scalar


class Form(StrEnum):
    """How an option's value becomes words of the command line, or a variable of the environment.

    `value`: the flag and the value; `switch`: the flag alone where the value is true; `list`: the flag and every
    item; `each`: the flag before every item; `comma`: the items with commas between; `count`: the flag so many
    times; `assign`: the flag, `=` and the value, one word; `truth`: the flag with `True`, or with the empty text,
    which `bool()` reads as false; `yaml`: the flag and `name: value`; `variable`: the environment.
    """

    VALUE = "value"
    SWITCH = "switch"
    LIST = "list"
    EACH = "each"
    COMMA = "comma"
    COUNT = "count"
    ASSIGN = "assign"
    TRUTH = "truth"
    YAML = "yaml"
    VARIABLE = "variable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option. `flag` is empty for a positional one; for a variable it is the variable's name.

    `dest` is its name in the code where that is another. `type` is one of KFP's parameter types; `items` that of a
    list's items. `default` is what the program takes by itself, as text; `adds` says that what is given comes to
    it. `const` is the value, as text, that the flag alone stands for. `quoted` says that the program reads Python's
    literals, so that a text stands in quotes. `off` is the flag that says no. `nested` says
    that an item of a list is a list. `before` says that it stands before the sub-command. `declared` is what the
    program says of paths: `input`, `output`, `folder` (an output that it does not make itself), or nothing.
    """

    name: str
    flag: str
    type: str
    where: Location
    form: Form = Form.VALUE
    items: str = "String"
    default: str | None = None
    required: bool = False
    choices: tuple[Scalar, ...] = ()
    dest: str = ""
    adds: bool = False
    const: str | None = None
    quoted: bool = False
    off: str = ""
    nested: bool = False
    help: str = ""
    before: bool = False
    declared: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program that was read. `kind` is what reads its command line (`argparse`, `click`, …).

    `word` is the chosen sub-command, empty where there is none. `remarks` say what could not be read, and make it
    incomplete when their severity is warning.
    """

    path: Path
    kind: str
    description: str
    options: tuple[Option, ...]
    word: str = ""
    remarks: tuple[Finding, ...] = ()
