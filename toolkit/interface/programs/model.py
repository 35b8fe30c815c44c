"""A program's command line as plain data."""

from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from toolkit.errors import Finding, Location
from toolkit.interface.model import Scalar
from toolkit.interface.module import Module
from toolkit.selective import Selective


class Form(StrEnum):
    """How an option's value becomes words of the command line, or a variable of the environment.

    - `value`: the flag and the value.
    - `switch`: the flag alone if the value is true.
    - `list`: the flag once, then every item.
    - `each`: the flag before every item.
    - `comma`: the flag and the items, joined by commas.
    - `count`: the flag as many times as the value says.
    - `assign`: the flag, `=` and the value, as one word.
    - `truth`: the flag and `True`, or the empty text, which `bool()` reads as false.
    - `yaml`: the flag and `name: value`, as papermill takes parameters.
    - `variable`: a variable of the environment.
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


class Option(Struct, frozen=True, kw_only=True):
    """One option of a program.

    `flag` is empty for a positional one, and the variable's name for a variable. `dest` is its name in the code, if
    that differs from `name`. `type` is one of KFP's parameter types, `items` the type of a list's items. `default` is
    the program's own, as contracts write it; with `adds` the program appends values to it. `const` is the value, as
    text, that the flag alone stands for. `quoted` means that the program evaluates Python literals, so that a text
    needs quotes. `off` is the flag for false. `nested` means that the items of a list are lists. `before` means that
    it stands before the sub-command. `declared` is what the program declares about a path: `input`, `output`, `path`
    for one or the other, or empty.
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


class Program(Selective, frozen=True, kw_only=True):
    """A program that was read.

    `kind` is what parses its command line: `argparse`, `click`, …. `subcommand` is the chosen one, or empty. A remark
    that is a warning means that `options` are incomplete. `module` is its code, all cells of a notebook as one.
    """

    HIDDEN = frozenset({"module"})
    IGNORED = frozenset({"module"})

    path: Path
    module: Module
    kind: str
    description: str
    options: tuple[Option, ...]
    subcommand: str = ""
    remarks: tuple[Finding, ...] = ()
