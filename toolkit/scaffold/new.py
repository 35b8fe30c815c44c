"""Make a component folder: from a function, from a program, or from a template."""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit import temporary
from toolkit.atomic import made_parents, write_text
from toolkit.config import LOWEST_MINOR, is_form_of, read_project
from toolkit.errors import InputError, UsageError
from toolkit.findings import Finding, Severity
from toolkit.interface.function import read_function
from toolkit.interface.model import Function
from toolkit.interface.programs.reading import module_of
from toolkit.paths import check_inside
from toolkit.redaction import without_login
from toolkit.resources import resource
from toolkit.scaffold.contract import placeholder_image, stale_files
from toolkit.scaffold.program import ProgramContract, read_contract, spec_of_program
from toolkit.scaffold.record import RECORD, Record, digests
from toolkit.scaffold.rendering import is_left_behind
from toolkit.scaffold.slice import Slice, slice_function, whole_module, whole_source
from toolkit.scaffold.surroundings import Surroundings
from toolkit.scaffold.sync import managed
from toolkit.scaffold.template import Template, as_recorded, opened, rendered
from toolkit.spec.writer import write_component

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_DEFAULT_MINOR = 11
# A notebook's program is papermill, and its code runs in a kernel.
_NOTEBOOK_NEEDS = ("papermill>=2.6", "ipykernel>=6.29")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The folder that is wanted: the component's name, where it goes, and what is said of it."""

    name: str
    into: Path
    image: str | None = None
    force: bool = False

    @property
    def folder(self) -> Path:
        """The new folder."""
        return self.into / self.name.replace("-", "_")

    @classmethod
    def checked(cls, name: str, *, into: Path, image: str | None = None, force: bool = False) -> "Wanted":
        """Check the name and the place. Raises UsageError, and InputError when the folder exists (unless `force`)."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is not a component name", hint="lower-case letters, digits and single - between"
            )
        wanted = cls(name=canonicalize_name(name), into=into, image=image, force=force)
        if wanted.folder.exists() and not force:
            raise InputError(
                f"{wanted.folder} exists already", hint="choose another name, or --force to write over its files"
            )
        return wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A new folder, and what its author should know: `notes` are sentences, `findings` what it lacks to work."""

    folder: Path
    notes: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def from_functions(wanted: Wanted, source: Path, names: Sequence[str], *, whole: bool = False) -> Made:
    """Make a folder of functions of one module: the first is the component, the others more of the same image.

    With `whole` the module comes along as it is. Nothing is left behind when anything fails. Raises FindingsError
    when a function cannot be a component.
    """
    functions = [read_function(source, name) for name in names]
    cut = whole_module(source) if whole else slice_function(source, *names)
    context, notes = _function_context(wanted, functions, cut)
    if any(one.packages for one in functions):
        # What KFP installs may bring what the imports need; it would have nothing else either.
        cut = replace(cut, unknown=())
    remarks = [_remark(one) for function in functions for one in function.remarks]
    return _finished(wanted, "function", context, [*notes, *remarks], cut)


def from_example(wanted: Wanted) -> Made:
    """Make a folder with an example of a function to begin with."""
    source = resource("templates", "function", "example.py")
    cut = slice_function(source, "count_words")
    context, notes = _function_context(wanted, [read_function(source, "count_words")], cut)
    return _finished(wanted, "function", context, notes, cut, cases=resource("templates", "function", "cases"))


def from_shipped(wanted: Wanted, name: str, *, given: Mapping[str, str], hooks: bool) -> Made:
    """Make a folder of a template by its name; examples of those that are made from code."""
    examples = {"program": "example.py", "notebook": "example.ipynb"}
    if name in {"function", *examples} and given:
        raise UsageError(f"the template {name} asks for nothing", hint="leave --set out")
    if name == "function":
        return from_example(wanted)
    if name in examples:
        folder = resource("templates", name)
        contract = read_contract(folder / examples[name])
        return from_program(wanted, contract, cases=folder / "cases")
    return from_template(wanted, name, given=given, hooks=hooks)


def from_program(wanted: Wanted, contract: ProgramContract, *, cases: Path | None = None) -> Made:
    """Make a folder of a program that exists, with the modules beside it that it uses."""
    path = contract.program.path
    cut = whole_source(module_of(contract.program), Surroundings.of(path, Path.cwd()))
    place = cut.place if cut.relative else PurePosixPath(path.name)
    needs = _NOTEBOOK_NEEDS if contract.program.kind == "notebook" else ()
    dependencies = [*needs, *cut.requirements]
    notes = [*contract.guesses, *map(_remark, contract.program.remarks), *_carried(cut)]
    if dependencies:
        notes.append(f"dependencies taken from {_origin(cut)}: {', '.join(dependencies)}")
    if cut.relative:
        notes.append(f"it has relative imports, so it runs as a module: python -m {cut.module}")
        contract = replace(contract, command=("python", "-m", cut.module))
    title = wanted.name.replace("-", " ").capitalize()
    description = contract.program.description or f"Run {path.name}."
    words = ", ".join(_toml(word) for word in (*contract.command, *contract.program.word.split()))
    context = {
        **_common(wanted, title, description, f"command = [{words}]", dependencies, _python(cut)),
        "_program": str(place),
        "_inputs": _names(contract.interface.inputs),
        "_outputs": _names(contract.interface.outputs),
    }

    def contracts(made: Path) -> None:
        project = read_project(made, environ={})
        spec = spec_of_program(
            contract,
            name=wanted.name,
            title=title,
            description=description,
            image=placeholder_image(project),
            annotations={"version": project.version},
        )
        write_text(made / "component.yaml", write_component(spec))
        target = made / "src" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())

    return _finished(wanted, "program", context, notes, cut, contracts=contracts, cases=cases)


def from_template(wanted: Wanted, name: str, *, given: Mapping[str, str], hooks: bool) -> Made:
    """Make a folder of a template, shipped or a user's own; its hooks run only with `hooks`."""
    with opened(name) as template:
        answers = template.answers(wanted.name, wanted.folder.name, given, consent=hooks)
        if "image" in template.questions and wanted.image:
            answers["image"] = wanted.image
        notes = []
        if template.hooks and not hooks:
            notes.append(f"its hooks were not run: {', '.join(template.hooks)}; --hooks yes runs them")
        return _placed(wanted, template, answers, notes, hooks=hooks)


def _finished(
    wanted: Wanted,
    template: str,
    context: dict[str, Any],
    notes: Sequence[str],
    cut: Slice,
    *,
    contracts: Callable[[Path], None] | None = None,
    cases: Path | None = None,
) -> Made:
    """Render a shipped template whose files depend on what was read."""

    def filled(made: Path) -> None:
        for copy in cut.copies:
            target = made / "src" / copy.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(copy.path.read_bytes())
        if cases:
            shutil.copytree(cases, made / "tests" / "cases", ignore=_left_behind)
        if contracts:
            contracts(made)
        else:
            target = made / "src" / cut.place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(cut.text, encoding="utf-8", newline="\n")

    findings = (*cut.findings, *cut.unknown)
    said = [*notes, *(_remark(one) for one in findings if one.severity is not Severity.ERROR)]
    with opened(template) as found:
        made = _placed(wanted, found, context, said, fill=filled)
    return replace(made, findings=tuple(one for one in findings if one.severity is Severity.ERROR))


def _left_behind(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if is_left_behind(Path(folder, name))]


def _carried(cut: Slice) -> list[str]:
    """Say what comes along with the code, and what stays behind."""
    notes = []
    if cut.copies:
        notes.append(f"copied with it: {', '.join(str(copy.target) for copy in cut.copies)}")
    notes += [f"line {line} stays behind, though it may have an effect: {text}" for line, text in cut.left]
    if cut.left:
        notes.append("--whole-module takes the module as it is, with these lines")
    if cut.beside:
        named = ", ".join(path.name for path in cut.beside)
        notes.append(f"files beside the code that stay behind: {named}; copy into src what the code opens")
    return notes


def _placed(
    wanted: Wanted,
    template: Template,
    answers: dict[str, Any],
    notes: Sequence[str],
    *,
    hooks: bool = False,
    fill: Callable[[Path], None] | None = None,
) -> Made:
    """Render, fill and record a folder beside its place, and move it there when all is well."""
    said = list(notes)
    with made_parents(wanted.folder), temporary.folder("new", beside=wanted.into) as staged:
        made = rendered(template, answers, staged, hooks=hooks)
        files = managed(made, template.name)
        name = as_recorded(template.name, wanted.folder)
        record = Record(template=name, answers=answers, files=digests(made, files))
        if fill:
            fill(made)
        try:
            project = read_project(made, environ={})
        except InputError as error:
            if fill:
                raise  # code always makes a component; a user's template need not
            said.append(f"the template makes no component: {error.message}")
        else:
            for path, text in stale_files(project).items():
                write_text(path, text)
        write_text(made / RECORD, record.text())
        _move(made, wanted.folder)
    return Made(folder=wanted.folder, notes=tuple(said))


def _function_context(wanted: Wanted, functions: Sequence[Function], cut: Slice) -> tuple[dict[str, Any], list[str]]:
    function = functions[0]
    notes: list[str] = []
    dependencies = _declared(functions, notes)
    # A function's decorator may install what its own requirements bring in; only what nobody names is added.
    if not dependencies:
        dependencies = [*cut.requirements]
        if dependencies:
            notes.append(f"dependencies taken from {_origin(cut)}: {', '.join(dependencies)}")
    notes += _carried(cut)
    if cut.module != function.module:
        notes.append(f"the module is called {cut.module} in the component")
    for key, argument, text in (("base", "base_image", function.base), ("image", "target_image", function.image)):
        if text and not is_form_of(text, key):
            raise InputError(
                f"{argument} of {function.name!r} is not an image: {text!r}",
                where=function.where,
                hint=f"correct {argument}, or leave it out and write {key} into pyproject.toml",
            )
    minor = _minor(function.base)
    settings = [f'entrypoint = "{cut.module}:{function.name}"']
    if function.base and minor is not None and minor < LOWEST_MINOR:
        notes.append(f"the base {function.base} is left out: Python 3.{LOWEST_MINOR} is the oldest that works")
        minor = None
    elif function.base:
        settings.append(f"base = {_toml(without_login(function.base))}")
    if function.image and not wanted.image:
        settings.append(f"image = {_toml(without_login(function.image))}")
    common = _common(
        wanted,
        function.title,
        function.description,
        "\n".join(settings),
        dependencies,
        _python(cut) if minor is None else f">=3.{minor}",
    )
    for other in functions[1:]:
        name = canonicalize_name(other.name)
        common["_settings"] += f'\n\n[tool.comp.components.{name}]\nentrypoint = "{cut.module}:{other.name}"'
    parameters = [binding.parameter for binding in function.bindings]
    return {
        **common,
        "_module": cut.module,
        "_function": function.name,
        "_parameters": "[" + ", ".join(f'"{name}"' for name in parameters) + "]",
    }, notes


def _declared(functions: Sequence[Function], notes: list[str]) -> list[str]:
    """Give what the decorators install, checked; logins do not go into the settings, which are committed."""
    declared = list(dict.fromkeys(package for one in functions for package in one.packages))
    dependencies = [without_login(text) for text in declared]
    if dependencies != declared:
        notes.append("logins in addresses of packages_to_install are left out: uv finds them in netrc or a keyring")
    for text in dependencies:
        try:
            Requirement(text)
        except ValueError:
            raise InputError(
                f"packages_to_install has {text!r}, which is not a requirement", where=functions[0].where
            ) from None
    return dependencies


def _common(
    wanted: Wanted, title: str, description: str, settings: str, dependencies: Sequence[str], python: str
) -> dict[str, Any]:
    """Give the answers that every folder needs; those with an underscore are not rendered again: any text goes."""
    if wanted.image:
        settings += f"\nimage = {_toml(wanted.image)}"
    listed = "".join(f"\n  {_toml(one)}," for one in dependencies)
    return {
        "folder": wanted.folder.name,
        "name": wanted.name,
        "_python": python,
        "_title": title,
        "_summary": _toml(description.partition("\n")[0].strip() or title),
        "_description": description,
        "_settings": settings,
        "_dependencies": listed + ("\n" if listed else ""),
    }


def _origin(cut: Slice) -> str:
    return "the script's own metadata" if cut.script else "the imports"


def _python(cut: Slice) -> str:
    return cut.requires_python or f">=3.{_DEFAULT_MINOR}"


def _remark(finding: Finding) -> str:
    where = replace(finding.where, path=Path(finding.where.path.name))
    unread = "not read: " if finding.rule == "P001" and finding.severity is Severity.WARNING else ""
    return f"{unread}{where}: {finding.message}" + (f" ({finding.help})" if finding.help else "")


def _names(ports: Sequence[Any]) -> str:
    return "[" + ", ".join(f'"{port.name}"' for port in ports) + "]"


def _minor(base: str | None) -> int | None:
    """Read the minor version off an official Python image's tag, `python:3.12-slim`; None for other images."""
    match = re.fullmatch(r"(?:.*/)?python:3\.(\d+)(?:[.-].*)?", base or "")
    return int(match[1]) if match else None


def _toml(text: str) -> str:
    """Write a basic string of TOML, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False)


def _move(made: Path, folder: Path) -> None:
    """Move the finished folder to its place; with `force` its files take the place of those that are there."""
    made.chmod(0o755)
    if not folder.exists():
        made.rename(folder)
        return
    for path in sorted(made.rglob("*")):
        target = folder / path.relative_to(made)
        if path.is_file():
            check_inside(folder, target)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
