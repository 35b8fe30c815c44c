"""Read notebooks: their cells as one module, the cell tagged `parameters`, and the environment they read."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.errors import InputError, Location
from toolkit.interface.constants import NotKnown
from toolkit.interface.module import Module
from toolkit.interface.programs.ipython import Escape, transformed
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import DECLARE, Reading, default_text
from toolkit.interface.programs.surroundings_reader import comment_on, read_variables
from toolkit.limits import NOTEBOOK_SIZE
from toolkit.reading import read_foreign

_KINDS: dict[type, str] = {
    bool: "Boolean",
    int: "Integer",
    float: "Float",
    list: "JsonArray",
    tuple: "JsonArray",
    dict: "JsonObject",
    str: "String",
}
_INSTALLERS = ("pip", "pip3", "conda", "mamba", "uv", "python -m pip", "python3 -m pip", "apt", "apt-get", "sudo")
_SHELLS = {"bash", "sh", "script", "cmd"}
_ASKS = {"input", "getpass.getpass", "builtins.input"}
_ELSEWHERE = {"google.colab": "Colab", "dbutils": "Databricks", "kaggle_secrets": "Kaggle", "ipywidgets": "a browser"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell of code; `number` counts all cells from 1."""

    number: int
    source: str
    tags: tuple[str, ...]


def read_notebook(path: Path) -> tuple[Reading, list[Option], str]:
    """Read the cell tagged `parameters` (papermill) and the environment that the code reads, and the first words.

    Raises InputError when the file is no notebook of Python, or has no code; FindingsError with cell and line for
    what is not Python.
    """
    document = _document(path)
    cells = _code(document)
    reading = Reading(_module(path, cells))
    for cell in cells:
        for escape in transformed(cell.source).escapes:
            _remark_on(reading, cell, escape)
    _note_elsewhere(reading)
    tagged = next((cell for cell in cells if "parameters" in cell.tags), None)
    options = _parameters(path, tagged, reading) if tagged else []
    named = {option.name for option in options}
    options += [option for option in read_variables(reading) if option.name not in named]
    if not options and tagged is None:
        message = "no cell has the tag `parameters`, and none reads the environment"
        if not cells:
            raise InputError(message, where=Location(path=path), hint="tag the cell that sets them")
        reading.unknown(reading.module.tree, message, f"tag the cell that sets them, or {DECLARE}")
    return reading, options, _title(document)


def notebook_module(path: Path) -> Module:
    """Give the code of all cells as one module, which knows the cell of each line. Raises InputError."""
    return _module(path, _code(_document(path)))


def _module(path: Path, cells: list[Cell]) -> Module:
    """Join the cells; each is parsed by itself first, so that what is open in one does not go on in the next."""
    lines: list[str] = []
    starts = []
    for cell in cells:
        python = transformed(cell.source).python
        Module.parse(path, python, cells=((1, cell.number),))
        starts.append((len(lines) + 1, cell.number))
        lines += python.split("\n")
    return Module.parse(path, "\n".join(lines), cells=tuple(starts))


def _document(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(read_foreign(path, NOTEBOOK_SIZE))
        metadata = document.get("metadata")
        kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
        language = kernel.get("language", "python") if isinstance(kernel, dict) else "python"
        document["cells"] = [cell for cell in document["cells"] if isinstance(cell, dict)]
    except FileNotFoundError:
        raise InputError("the file is missing", where=Location(path=path)) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"no notebook: {error}", where=Location(path=path), hint="it is JSON with `cells`") from None
    if language != "python":
        raise InputError(f"the notebook is written in {language}, expected python", where=Location(path=path))
    return document


def _code(document: dict[str, Any]) -> list[Cell]:
    return [
        Cell(number=number, source=_source(cell), tags=_tags(cell))
        for number, cell in enumerate(document["cells"], 1)
        if cell.get("cell_type") == "code"
    ]


def _tags(cell: dict[str, Any]) -> tuple[str, ...]:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tuple(map(str, tags)) if isinstance(tags, list) else ()


def _source(cell: dict[str, object]) -> str:
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return text.replace("\r\n", "\n")


def _title(document: dict[str, Any]) -> str:
    texts = [_source(cell) for cell in document["cells"] if cell.get("cell_type") == "markdown"]
    return next((line.lstrip("# ").strip() for text in texts for line in text.split("\n") if line.strip()), "")


def _remark_on(reading: Reading, cell: Cell, escape: Escape) -> None:
    """Say what a line of IPython's own needs of the image, or does when it runs."""
    where = Location(path=reading.module.path, cell=cell.number, line=escape.line, column=1)
    shown = f"{escape.mark}{escape.text}".split("\n")[0]
    shell = escape.text if escape.mark.startswith("!") else ""
    if shell.startswith(_INSTALLERS) or (escape.mark == "%" and escape.text.startswith(_INSTALLERS)):
        reading.only_here(where, f"`{shown}` installs something when it runs", "declare it in dependencies")
    elif shell or (escape.mark == "%%" and escape.text.split(" ")[0] in _SHELLS):
        reading.only_here(where, f"`{shown}` runs a program that has to be in the image")


def _note_elsewhere(reading: Reading) -> None:
    """Say what works in front of a person, or on a service, alone."""
    module = reading.module
    for node in ast.walk(module.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            place = next((place for begin, place in _ELSEWHERE.items() if f"{name}.".startswith(f"{begin}.")), None)
            if place:
                reading.only_here(module.at(node), f"`{name}` works in {place} alone")
        if isinstance(node, ast.Call) and module.qualified(node.func) in _ASKS:
            reading.only_here(module.at(node), f"`{ast.unparse(node)}` asks a person", "make it a parameter")


def _parameters(path: Path, cell: Cell, outer: Reading) -> list[Option]:
    module = Module.parse(path, transformed(cell.source).python, cells=((1, cell.number),))
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
    named = ast.unparse(annotation) if annotation is not None else ""
    try:
        known = reading.value(value)
    except NotKnown:
        reading.note(value, f"{name} is worked out by the notebook when none is given")
        known = None
    kind = {"str": "String", "int": "Integer", "float": "Float", "bool": "Boolean"}.get(named) or _KINDS.get(
        type(known), "String"
    )
    return Option(
        name=name,
        flag="-y",
        type=kind,
        where=reading.module.at(value),
        form=Form.YAML,
        default=default_text(known, kind),
        help=comment_on(reading.module, value),
    )
