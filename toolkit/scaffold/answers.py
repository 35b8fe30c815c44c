"""The answers that the built-in templates are rendered with: a component's settings, and names in its tests."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit.config.project import LOWEST_MINOR
from toolkit.config.settings import is_form_of
from toolkit.errors import InputError, UsageError
from toolkit.interface.model import Function
from toolkit.redaction import without_login
from toolkit.scaffold.dockerfile import TakenOver
from toolkit.scaffold.folder import NewFolder
from toolkit.scaffold.program import ProgramContract
from toolkit.scaffold.slice import Slice

Answers = dict[str, Any]

_DEFAULT_MINOR = 11
# papermill runs a notebook, and a kernel runs its code.
_NOTEBOOK_NEEDS = ("papermill>=2.6", "ipykernel>=6.29")


def with_settings(function: Function, settings: Mapping[str, object]) -> tuple[Function, list[str]]:
    """Return a function with `settings` in place of its decorator's, and the lines of `[tool.comp]` for the others.

    Raises UsageError for requirements or an image that are of another type.
    """
    changes: dict[str, Any] = {}
    for key in ("base", "image"):
        if key in settings:
            changes[key] = settings[key]
            if not isinstance(settings[key], str):
                raise UsageError(f"{key} of {function.name!r} is not a string: {settings[key]!r}", hint="give a text")
    if "requirements" in settings:
        listed = settings["requirements"]
        if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
            raise UsageError(
                f"requirements of {function.name!r} is not a list of strings: {listed!r}",
                hint='write them as ["pandas>=2"]',
            )
        changes["packages"] = tuple(listed)
    others = {key: value for key, value in settings.items() if key not in {"base", "image", "requirements"}}
    return replace(function, **changes), [f"{_toml_key(key)} = {_toml_value(value)}" for key, value in others.items()]


def function_answers(
    new: NewFolder, functions: Sequence[Function], cut: Slice, more: Sequence[str] = ()
) -> tuple[Answers, list[str]]:
    """Return the answers for functions of one module, and notes for their author.

    The first function is the component, the others are further ones of its image; `more` are lines of the first one's
    `[tool.comp]`. Raises InputError if a decorator
    names an image or a requirement that is not one.
    """
    function = functions[0]
    declared, notes = _declared(functions)
    # What a decorator installs may bring the imports with it, so those count only if it installs nothing.
    dependencies = declared or [*cut.requirements]
    if dependencies and not declared:
        notes.append(_dependencies_note(dependencies, cut))
    notes += _left_notes(cut)
    if cut.module != function.module:
        notes.append(f"the module is called {cut.module} in the component")
    settings, python, base_notes = _function_settings(new, function, cut)
    settings += more
    for other in functions[1:]:
        name = canonicalize_name(other.name)
        settings += ["", f"[tool.comp.components.{name}]", f'entrypoint = "{cut.module}:{other.name}"']
    answers = _common(new, function.title, function.description, settings, dependencies, python)
    parameters = [binding.parameter for binding in function.bindings]
    own = {"_module": cut.module, "_function": function.name, "_parameters": _listed(parameters)}
    return answers | own, [*notes, *base_notes]


def program_answers(
    new: NewFolder, contract: ProgramContract, cut: Slice, *, title: str, description: str, place: str
) -> tuple[Answers, list[str]]:
    """Return the answers for a program that goes to `src/<place>`, and notes for its author."""
    program = contract.program
    dependencies = [*(_NOTEBOOK_NEEDS if program.kind == "notebook" else ()), *cut.requirements]
    notes = _left_notes(cut)
    if dependencies:
        notes.append(_dependencies_note(dependencies, cut))
    command = ", ".join(_toml(word) for word in (*contract.command, *program.subcommand.split()))
    settings = [f"command = [{command}]", *_image_setting(new.image)]
    answers = _common(new, title, description, settings, dependencies, _python(cut))
    inputs, outputs = contract.interface.inputs, contract.interface.outputs
    return answers | {
        "_program": place,
        "_inputs": _listed(port.name for port in inputs),
        "_outputs": _listed(port.name for port in outputs),
    }, notes


def dockerfile_answers(new: NewFolder, taken: TakenOver, image: str | None) -> Answers:
    """Return the answers for a Dockerfile that was taken over; `image` is where its image goes."""
    data = taken.metadata
    project = [f"license = {_toml(data.license)}"] if data.license else []
    if data.authors:
        people = ({"name": name, "email": address} for name, address in data.authors)
        project.append(f"authors = {_toml_value([{key: text for key, text in one.items() if text} for one in people])}")
    if data.urls:
        project.append(f"urls = {_toml_value(data.urls)}")
    settings = [f"dockerfile = {_toml(taken.place)}"]
    if taken.context.files or taken.place.startswith("src/"):
        settings.append('context = "src"')
    settings += [f"target = {_toml(taken.target)}"] if taken.target else []
    settings += [*_image_setting(image), *taken.settings]
    return {
        "folder": new.folder.name,
        "name": new.name,
        "_version": data.version,
        "_title": data.title,
        "_summary": _toml(data.description),
        "_description": data.description,
        "_project": "".join(f"{line}\n" for line in project),
        "_settings": "\n".join(settings),
        "_place": taken.place,
    }


def _declared(functions: Sequence[Function]) -> tuple[list[str], list[str]]:
    """Return what the decorators install, without logins since settings are committed, and a note about those."""
    declared = list(dict.fromkeys(package for function in functions for package in function.packages))
    dependencies = [without_login(text) for text in declared]
    for text in dependencies:
        try:
            Requirement(text)
        except ValueError:
            raise InputError(
                f"{functions[0].name!r} needs {text!r}, which is not a requirement",
                where=functions[0].where,
                hint="write it as pandas>=2",
            ) from None
    if dependencies == declared:
        return dependencies, []
    return dependencies, ["logins in addresses of requirements are left out: uv finds them in netrc or a keyring"]


def _function_settings(new: NewFolder, function: Function, cut: Slice) -> tuple[list[str], str, list[str]]:
    """Return the lines of `[tool.comp]`, `requires-python`, and notes about a base that is left out."""
    # kfp's decorator and `toolkit.component` have other words for the two.
    for key, text in (("base", function.base), ("image", function.image)):
        if text and not is_form_of(text, key):
            raise InputError(
                f"the {key} of {function.name!r} is not the name of an image: {text!r}",
                where=function.where,
                hint="give a name such as HOST/PATH/NAME:TAG, or leave it out",
            )
    settings, notes = [f'entrypoint = "{cut.module}:{function.name}"'], []
    minor = _minor(function.base)
    if function.base and minor is not None and minor < LOWEST_MINOR:
        notes.append(f"the base {function.base} is left out: Python 3.{LOWEST_MINOR} is the oldest that works")
        minor = None
    elif function.base:
        settings.append(f"base = {_toml(without_login(function.base))}")
    settings += _image_setting(new.image or (without_login(function.image) if function.image else None))
    return settings, _python(cut) if minor is None else f">=3.{minor}", notes


def _image_setting(image: str | None) -> list[str]:
    return [f"image = {_toml(image)}"] if image else []


def _common(
    new: NewFolder, title: str, description: str, settings: Sequence[str], dependencies: Sequence[str], python: str
) -> Answers:
    """Return the answers of every built-in template; the values of those with an underscore may be any text."""
    listed = "".join(f"\n  {_toml(text)}," for text in dependencies)
    return {
        "folder": new.folder.name,
        "name": new.name,
        "_python": python,
        "_title": title,
        "_summary": _toml(description.partition("\n")[0].strip() or title),
        "_description": description,
        "_settings": "\n".join(settings),
        "_dependencies": listed + ("\n" if listed else ""),
    }


def _left_notes(cut: Slice) -> list[str]:
    """Return notes about the files that come along with the code, and about what stays behind."""
    notes = []
    if cut.copies:
        notes.append(f"copied with it: {', '.join(str(copy.target) for copy in cut.copies)}")
    notes += [f"line {line} stays behind, though it may have an effect: {text}" for line, text in cut.left]
    if cut.left:
        notes.append("--whole-module takes the module as it is, with these lines")
    if cut.beside:
        names = ", ".join(path.name for path in cut.beside)
        notes.append(f"files beside the code that stay behind: {names}; copy into src what the code opens")
    return notes


def _dependencies_note(dependencies: Sequence[str], cut: Slice) -> str:
    origin = "the script's own metadata" if cut.script else "the imports"
    return f"dependencies taken from {origin}: {', '.join(dependencies)}"


def _python(cut: Slice) -> str:
    return cut.requires_python or f">=3.{_DEFAULT_MINOR}"


def _listed(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _minor(base: str | None) -> int | None:
    """Read the minor version from the tag of an official Python image, `python:3.12-slim`; None for other images."""
    match = re.fullmatch(r"(?:.*/)?python:3\.(\d+)(?:[.-].*)?", base or "")
    return int(match[1]) if match else None


def _toml_key(key: str) -> str:
    """Write a key of TOML, in quotes unless it is a bare one."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml(key)


def _toml_value(value: object) -> str:
    """Write plain data as TOML on one line; a dict is an inline table."""
    if isinstance(value, str):
        return _toml(value)
    if isinstance(value, Mapping):
        pairs = (f"{_toml_key(str(key))} = {_toml_value(item)}" for key, item in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_toml_value, value))}]"
    # Numbers and booleans are written as in JSON.
    return json.dumps(value)


def _toml(text: str) -> str:
    """Write a basic string of TOML, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False)
