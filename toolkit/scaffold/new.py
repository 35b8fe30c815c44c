"""Make a component folder: from functions, from a program, or from a template."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.project import read_project
from toolkit.errors import Finding, InputError, Severity, UsageError
from toolkit.generation import generate, unpinned_image
from toolkit.interface.function import read_function
from toolkit.interface.model import Function
from toolkit.interface.module import Module
from toolkit.resources import resource
from toolkit.scaffold.answers import dockerfile_answers, function_answers, program_answers, with_settings
from toolkit.scaffold.docker_context import copy_context
from toolkit.scaffold.dockerfile import Source, TakenOver, authored_image, spec_of, take_over
from toolkit.scaffold.folder import NewFolder, staged
from toolkit.scaffold.program import ProgramContract, read_contract, spec_of_program
from toolkit.scaffold.rendering import is_left_behind
from toolkit.scaffold.slice import Slice, slice_function, whole_source
from toolkit.scaffold.surroundings import Surroundings
from toolkit.scaffold.template import opened
from toolkit.spec.writer import write_component
from toolkit.system.atomic import write_text

_NO_SETTINGS: Mapping[str, object] = MappingProxyType({})
_EXAMPLES = {"program": "example.py", "notebook": "example.ipynb"}


class Created(Struct, frozen=True, kw_only=True):
    """A new folder, with notes for its author, and the findings that keep it from working."""

    folder: Path
    notes: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def from_functions(
    new: NewFolder,
    source: Path,
    names: Sequence[str],
    environ: Mapping[str, str],
    *,
    whole: bool = False,
    settings: Mapping[str, object] = _NO_SETTINGS,
) -> Created:
    """Make a folder of functions of one module: the first is the component, the others more of the same image.

    With `whole` the module comes along as it is. `settings` are `requirements`, and keys of `[tool.comp]`; they replace
    those of the first function's decorator. Nothing is left behind when anything fails. Raises FindingsError
    when a function cannot be a component.
    """
    functions = [read_function(source, name, environ) for name in names]
    functions[0], more = with_settings(functions[0], settings)
    if whole:
        cut = whole_source(Module.read(source, environ), Surroundings.of(source, Path.cwd()))
    else:
        cut = slice_function(source, *names, environ=environ)
    if any(function.packages for function in functions):
        # What KFP installs may bring what the imports need; the function has nothing else under KFP either.
        cut = replace(cut, unknown=())
    return _from_slice(new, functions, cut, environ, more=more)


def from_example(new: NewFolder, environ: Mapping[str, str]) -> Created:
    """Make a folder with an example of a function to begin with."""
    folder = resource("templates", "function")
    source, name = folder / "example.py", "count_words"
    cut = slice_function(source, name, environ=environ)
    return _from_slice(new, [read_function(source, name, environ)], cut, environ, cases=folder / "cases")


def from_shipped(
    new: NewFolder, name: str, environ: Mapping[str, str], *, answers: Mapping[str, str], hooks: bool
) -> Created:
    """Make a folder of a built-in template; those for code of the user's own get an example."""
    if name in {"dockerfile", "function", *_EXAMPLES} and answers:
        raise UsageError(f"the template {name} asks for nothing", hint="leave --set out")
    if name == "function":
        return from_example(new, environ)
    if name == "dockerfile":
        source = Source(dockerfile=resource("templates", name, "example", "Dockerfile"))
        return from_dockerfile(new, take_over(source, new.name, environ, without=new.folder), environ)
    if name in _EXAMPLES:
        folder = resource("templates", name)
        return from_program(new, read_contract(folder / _EXAMPLES[name], environ), environ, cases=folder / "cases")
    return from_template(new, name, environ, answers=answers, hooks=hooks)


def from_program(
    new: NewFolder, contract: ProgramContract, environ: Mapping[str, str], *, cases: Path | None = None
) -> Created:
    """Make a folder of an existing program, with the modules beside it that it uses."""
    path = contract.program.path
    cut = whole_source(contract.program.module, Surroundings.of(path, Path.cwd()))
    notes = [*contract.guesses, *map(_note, contract.program.remarks)]
    place, relative_note = PurePosixPath(path.name), []
    if cut.relative:
        place = cut.place
        contract = replace(contract, command=("python", "-m", cut.module))
        relative_note = [f"it has relative imports, so it runs as a module: python -m {cut.module}"]
    title = new.name.replace("-", " ").capitalize()
    description = contract.program.description or f"Run {path.name}."
    answers, more = program_answers(new, contract, cut, title=title, description=description, place=str(place))
    with opened("program") as template, staged(new, template, answers) as folder:
        _add_code(folder, cut, cases)
        _write(folder / "src" / place, path.read_bytes())
        project = read_project(folder, environ={})
        spec = spec_of_program(
            contract,
            name=new.name,
            title=title,
            description=description,
            image=unpinned_image(project),
            annotations={"version": project.version},
        )
        write_text(folder / "component.yaml", write_component(spec))
        generate(project, environ)
    return _created(new, [*notes, *more, *relative_note], cut)


def from_dockerfile(new: NewFolder, taken: TakenOver, environ: Mapping[str, str]) -> Created:
    """Make a folder of an existing Dockerfile and its context, which go to `src` as they are."""
    image = new.image or (authored_image(taken.contract) if taken.contract else None)
    answers = dockerfile_answers(new, taken, image)
    with opened("dockerfile") as template, staged(new, template, answers) as folder:
        copy_context(taken.context, folder / "src")
        for path in (taken.dockerfile, taken.dockerfile.with_name(f"{taken.dockerfile.name}.dockerignore")):
            if path.is_file():
                _write((folder / taken.place).with_name(path.name), path.read_bytes())
        project = read_project(folder, environ={})
        if taken.contract:
            _write(folder / "component.yaml", taken.contract.read_bytes())
        else:
            write_text(folder / "component.yaml", write_component(spec_of(taken, unpinned_image(project))))
        generate(project, environ)
    return Created(folder=new.folder, notes=taken.notes)


def from_template(
    new: NewFolder, name: str, environ: Mapping[str, str], *, answers: Mapping[str, str], hooks: bool
) -> Created:
    """Make a folder of a template, built in or the user's own; its hooks run only with `hooks`."""
    notes = []
    with opened(name) as template:
        every = template.answers(new.name, new.folder.name, answers, consent=hooks)
        if "image" in template.questions and new.image:
            every["image"] = new.image
        if template.hooks and not hooks:
            notes.append(f"its hooks were not run: {', '.join(template.hooks)}; --hooks yes runs them")
        with staged(new, template, every, hooks=hooks) as folder:
            try:
                project = read_project(folder, environ={})
            except InputError as error:
                # Unlike code, a user's template need not make a component.
                notes.append(f"the template makes no component: {error.message}")
            else:
                generate(project, environ)
    return Created(folder=new.folder, notes=tuple(notes))


def _from_slice(
    new: NewFolder,
    functions: Sequence[Function],
    cut: Slice,
    environ: Mapping[str, str],
    *,
    cases: Path | None = None,
    more: Sequence[str] = (),
) -> Created:
    """Make a folder of a slice; `more` are lines of its `[tool.comp]`."""
    answers, notes = function_answers(new, functions, cut, more)
    with opened("function") as template, staged(new, template, answers) as folder:
        _add_code(folder, cut, cases)
        _write(folder / "src" / cut.place, cut.text.encode())
        generate(read_project(folder, environ={}), environ)
    remarks = [_note(finding) for function in functions for finding in function.remarks]
    return _created(new, [*notes, *remarks], cut)


def _add_code(folder: Path, cut: Slice, cases: Path | None) -> None:
    """Copy the files that come along with the code, and the cases of an example."""
    for copy in cut.copies:
        _write(folder / "src" / copy.target, copy.path.read_bytes())
    if cases:
        shutil.copytree(
            cases,
            folder / "tests" / "cases",
            ignore=lambda parent, names: [name for name in names if is_left_behind(Path(parent, name))],
        )


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _created(new: NewFolder, notes: Sequence[str], cut: Slice) -> Created:
    """Return the record of a folder of code: errors among its findings keep it from working, others are notes."""
    findings = (*cut.findings, *cut.unknown)
    milder = [_note(finding) for finding in findings if finding.severity is not Severity.ERROR]
    errors = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
    return Created(folder=new.folder, notes=(*notes, *milder), findings=errors)


def _note(finding: Finding) -> str:
    """Write a finding as a note, with its rule; options that could not be read are marked."""
    where = replace(finding.where, path=Path(finding.where.path.name))
    unread = "not read: " if finding.rule == "P001" and finding.severity is Severity.WARNING else ""
    advice = f" ({finding.help})" if finding.help else ""
    return f"{unread}{where}: {finding.message}{advice} [{finding.rule}]"
