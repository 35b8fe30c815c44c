"""Make a component folder: from a function that exists, or from an example to begin with."""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit.atomic import write_text
from toolkit.config import LOWEST_MINOR, read_project
from toolkit.errors import InputError, UsageError
from toolkit.interface.function import read_function
from toolkit.interface.model import Function
from toolkit.resources import resource
from toolkit.scaffold.contract import stale_files
from toolkit.scaffold.slice import Slice, distribution, slice_function

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_DEFAULT_MINOR = 11
_EXAMPLE = Path("function", "example.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A new folder, and what its author should know: `notes` are sentences."""

    folder: Path
    notes: tuple[str, ...]


def new_component(
    name: str, *, source: Path | None, function: str | None, into: Path, image: str | None = None, force: bool = False
) -> Made:
    """Make the folder `into/<name>` for the function of `source`, or for an example when there is none.

    Nothing is left behind when anything fails. Raises InputError when the folder exists (unless `force`), or the
    function cannot be a component.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not a component name", hint="lower-case letters, digits and single - between")
    name = canonicalize_name(name)
    folder = into / name.replace("-", "_")
    if folder.exists() and not force:
        raise InputError(f"{folder} exists already", hint="choose another name, or --force to write over its files")
    example = source is None or function is None
    if source is None or function is None:
        source, function = resource("templates", str(_EXAMPLE)), "count_words"
    read = read_function(source, function)
    cut = slice_function(source, function)
    context, notes = _context(name, read, cut, image=image)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".comp-new-") as temporary:
        made = _generate(Path(temporary), context)
        for module in cut.local:
            target = made / "src" / module
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.parent / module, target)
        if example:
            shutil.copytree(resource("templates", "cases"), made / "tests" / "cases")
        for path, text in stale_files(read_project(made, environ={})).items():
            write_text(path, text)
        _place(made, folder)
    return Made(folder=folder, notes=tuple(notes))


def _context(name: str, function: Function, cut: Slice, *, image: str | None) -> tuple[dict[str, Any], list[str]]:
    notes = []
    dependencies = list(function.packages)
    named = set()
    for text in dependencies:
        try:
            named.add(canonicalize_name(Requirement(text).name))
        except InvalidRequirement:
            raise InputError(
                f"packages_to_install has {text!r}, which is no requirement", where=function.where
            ) from None
    # A function's decorator may install what its own requirements bring in; only what nobody names is added.
    found = [distribution(package) for package in cut.imported]
    if not dependencies:
        dependencies += [one for one in found if canonicalize_name(one) not in named]
        if dependencies:
            notes.append(f"dependencies taken from the imports, without versions: {', '.join(dependencies)}")
    if cut.local:
        notes.append(f"copied with it: {', '.join(map(str, cut.local))}")
    settings = [f'entrypoint = "{function.module}:{function.name}"']
    if image:
        settings.append(f'image = "{image}"')
    minor = _minor(function.base)
    if function.base and minor is not None and minor < LOWEST_MINOR:
        notes.append(f"the base {function.base} is left out: Python 3.{LOWEST_MINOR} is the oldest that works")
        minor = None
    elif function.base:
        settings.append(f'base = "{function.base}"')
    context = {
        "folder": name.replace("-", "_"),
        "name": name,
        # A leading underscore keeps cookiecutter from rendering these: they may hold any text.
        "_python": f">=3.{_DEFAULT_MINOR if minor is None else minor}",
        "_title": function.title,
        "_summary": _summary(function),
        "_description": function.description,
        "_module": function.module,
        "_function": function.name,
        "_source": cut.text,
        "_settings": "\n".join(settings),
        "_dependencies": "".join(f"\n  {_toml(one)}," for one in dependencies) + ("\n" if dependencies else ""),
        "_parameters": repr([binding.parameter for binding in function.bindings]).replace("'", '"'),
    }
    return context, notes


def _minor(base: str | None) -> int | None:
    """Read the minor version off an official Python image's tag, `python:3.12-slim`; None for other images."""
    match = re.fullmatch(r"(?:.*/)?python:3\.(\d+)(?:[.-].*)?", base or "")
    return int(match[1]) if match else None


def _summary(function: Function) -> str:
    first = function.description.split("\n")[0].strip() or function.title
    return _toml(first)


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _generate(into: Path, context: dict[str, Any]) -> Path:
    from cookiecutter.generate import generate_files

    template = resource("templates", "function")
    return Path(generate_files(str(template), {"cookiecutter": context}, str(into), accept_hooks=False))


def _place(made: Path, folder: Path) -> None:
    """Move the finished folder to its place; with `force` its files take the place of those that are there."""
    made.chmod(0o755)
    if not folder.exists():
        made.rename(folder)
        return
    for path in sorted(made.rglob("*")):
        target = folder / path.relative_to(made)
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
