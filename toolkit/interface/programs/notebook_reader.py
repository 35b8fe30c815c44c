"""Read notebooks: the cell tagged `parameters`, and the environment variables that the code reads."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.errors import InputError, Location
from toolkit.interface.constants import NotKnown
from toolkit.interface.model import PARAMETER_TYPE_OF
from toolkit.interface.module import Module
from toolkit.interface.programs.environment_reader import comment_on, read_variables
from toolkit.interface.programs.ipython import Escape, transformed
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import default_text
from toolkit.interface.programs.reading import DECLARE, Reading
from toolkit.limits import NOTEBOOK_SIZE
from toolkit.system.reading import read_foreign

# Commands that install packages, and cell magics that run a shell.
_INSTALLERS = ("pip", "pip3", "conda", "mamba", "uv", "python -m pip", "python3 -m pip", "apt", "apt-get", "sudo")
_SHELLS = {"bash", "sh", "script", "cmd"}
_ANNOTATED = {"str": "String", "int": "Integer", "float": "Float", "bool": "Boolean"}
_PROMPTS = {"input", "getpass.getpass", "builtins.input"}
# Modules that exist, or work, in one place only.
_ELSEWHERE = {"google.colab": "Colab", "dbutils": "Databricks", "kaggle_secrets": "Kaggle", "ipywidgets": "a browser"}


class Cell(Struct, frozen=True, kw_only=True):
    """One cell of code; `number` counts all cells from 1."""

    number: int
    source: str
    tags: tuple[str, ...]


def read_notebook(path: Path, environ: Mapping[str, str]) -> tuple[Reading, list[Option], str]:
    """Return the options of a notebook and its title: papermill's parameters, then environment variables.

    Raises InputError if the file is not a notebook in Python, FindingsError with cell and line for invalid code.
    """
    document = _document(path)
    cells = _code(document)
    reading = Reading(_module(path, cells, environ))
    # In the module these lines are calls already, whose text would mean little in a remark.
    for cell in cells:
        for escape in transformed(cell.source).escapes:
            _remark_on(reading, cell, escape)
    _note_elsewhere(reading)
    # papermill takes the first cell with the tag.
    tagged = next((cell for cell in cells if "parameters" in cell.tags), None)
    options = _parameters(path, tagged, reading) if tagged else []
    # papermill sets a parameter over what the cell reads from the environment.
    named = {option.name for option in options}
    options += [option for option in read_variables(reading) if option.name not in named]
    if not options and tagged is None:
        message = "no cell has the tag `parameters`, and none reads the environment"
        if not cells:
            raise InputError(message, where=Location(path=path), hint="tag the cell that sets them")
        reading.unknown(reading.module.tree, message, f"tag the cell that sets them, or {DECLARE}")
    return reading, options, _title(document)


def _module(path: Path, cells: list[Cell], environ: Mapping[str, str]) -> Module:
    """Return the code of all cells as one module, which knows the cell of each line.

    Each cell is parsed by itself first, so that an open bracket does not continue in the next.
    """
    lines: list[str] = []
    starts = []
    for cell in cells:
        python = transformed(cell.source).python
        Module.parse(path, python, environ, cells=((1, cell.number),))
        starts.append((len(lines) + 1, cell.number))
        lines += python.split("\n")
    return Module.parse(path, "\n".join(lines), environ, cells=tuple(starts))


def _document(path: Path) -> dict[str, Any]:
    """Read the JSON of a notebook (nbformat 4); `cells` holds objects only. Raises InputError."""
    try:
        document: dict[str, Any] = json.loads(read_foreign(path, NOTEBOOK_SIZE))
        metadata = document.get("metadata")
        kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
        language = kernel.get("language", "python") if isinstance(kernel, dict) else "python"
        document["cells"] = [cell for cell in document["cells"] if isinstance(cell, dict)]
    except FileNotFoundError:
        raise InputError("the file is missing", where=Location(path=path)) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = "a notebook is JSON with `cells`"
        raise InputError(f"not a notebook: {error}", where=Location(path=path), hint=hint) from None
    if language != "python":
        raise InputError(f"the notebook is written in {language}, expected python", where=Location(path=path))
    return document


def _code(document: dict[str, Any]) -> list[Cell]:
    """Return the cells of code, numbered among all cells as Jupyter shows them."""
    return [
        Cell(number=number, source=_source(cell), tags=_tags(cell))
        for number, cell in enumerate(document["cells"], 1)
        if cell.get("cell_type") == "code"
    ]


def _tags(cell: dict[str, Any]) -> tuple[str, ...]:
    """Return a cell's tags, none if its metadata is not as nbformat has it."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tuple(map(str, tags)) if isinstance(tags, list) else ()


def _source(cell: dict[str, object]) -> str:
    """Return a cell's text, which nbformat stores as one string or as a list of lines."""
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return text.replace("\r\n", "\n")


def _title(document: dict[str, Any]) -> str:
    """Return the first line of the first Markdown cell that has one."""
    texts = [_source(cell) for cell in document["cells"] if cell.get("cell_type") == "markdown"]
    return next((line.lstrip("# ").strip() for text in texts for line in text.split("\n") if line.strip()), "")


def _remark_on(reading: Reading, cell: Cell, escape: Escape) -> None:
    """Remark on an escape that installs something, or that needs a program in the image."""
    where = Location(path=reading.module.path, cell=cell.number, line=escape.line, column=1)
    shown = f"{escape.mark}{escape.text}".split("\n")[0]
    shell = escape.text if escape.mark.startswith("!") else ""
    if shell.startswith(_INSTALLERS) or (escape.mark == "%" and escape.text.startswith(_INSTALLERS)):
        reading.only_here(where, f"`{shown}` installs something when it runs", "declare it in dependencies")
    elif shell or (escape.mark == "%%" and escape.text.split(" ")[0] in _SHELLS):
        reading.only_here(where, f"`{shown}` runs a program that has to be in the image")


def _note_elsewhere(reading: Reading) -> None:
    """Remark on code that needs a person at the keyboard, or a certain service."""
    module = reading.module
    for node in ast.walk(module.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            place = next((place for begin, place in _ELSEWHERE.items() if f"{name}.".startswith(f"{begin}.")), None)
            if place:
                reading.only_here(module.at(node), f"`{name}` works only in {place}")
        if isinstance(node, ast.Call) and module.qualified(node.func) in _PROMPTS:
            reading.only_here(module.at(node), f"`{ast.unparse(node)}` asks a person", "make it a parameter")


def _parameters(path: Path, cell: Cell, outer: Reading) -> list[Option]:
    """Return an option for each name that the cell of parameters assigns."""
    python = transformed(cell.source).python
    module = Module.parse(path, python, outer.module.environ, cells=((1, cell.number),))
    reading = Reading(module, outer.remarks)
    options = []
    for statement in module.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                options.append(_parameter(reading, name, value, None))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value, annotation=annotation):
                options.append(_parameter(reading, name, value, annotation))
    return options


def _parameter(reading: Reading, name: str, value: ast.expr, annotation: ast.expr | None) -> Option:
    """Return the option of one assignment: its type by the annotation, else by the value, which is the default."""
    try:
        literal = reading.value(value)
    except NotKnown:
        reading.note(value, f"{name} is worked out by the notebook if no value is passed")
        literal = None
    named = _ANNOTATED.get(ast.unparse(annotation)) if annotation is not None else None
    kind = named or PARAMETER_TYPE_OF.get(type(literal), "String")
    return Option(
        name=name,
        flag="-y",
        type=kind,
        where=reading.module.at(value),
        form=Form.YAML,
        default=default_text(literal, kind),
        help=comment_on(reading.module, value),
    )
