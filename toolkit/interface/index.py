"""What the functions of a module, or of a folder of modules, are as components."""

import ast
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import InputError, Location
from toolkit.findings import Finding, FindingsError
from toolkit.interface.decorators import is_component, makes_component
from toolkit.interface.function import function_of
from toolkit.interface.model import Function
from toolkit.interface.module import Module


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexed:
    """One function: read, or the `findings` that say why not. `declared` means that KFP is told to make it one."""

    name: str
    where: Location
    declared: bool
    function: Function | None
    findings: tuple[Finding, ...]


def index_functions(path: Path, name: str | None = None) -> tuple[Indexed, ...]:
    """List the functions at module level of a file, or of all Python files of a folder, in order.

    With `name` that one alone, whatever it is called; without, those whose names begin with an underscore are left
    out. A file of a folder that cannot be parsed gives its reason in the place of its functions. Raises InputError
    for a path that is not there, FindingsError for one file that cannot be parsed or a name that is not in it.
    """
    if not path.is_dir():
        return _of_module(Module.read(path), name)
    found: list[Indexed] = []
    for file in sorted(path.rglob("*.py")):
        if any(part.startswith(".") or part == "__pycache__" for part in file.relative_to(path).parts):
            continue
        try:
            found += _of_module(Module.read(file), name)
        except FindingsError as error:
            if name is None:
                found.append(
                    Indexed(
                        name=file.name, where=Location(path=file), declared=True, function=None, findings=error.findings
                    )
                )
    if not found and name:
        raise InputError(f"no file of {path} has a function {name!r}", hint="comp inspect-function lists them")
    return tuple(found)


def _of_module(module: Module, name: str | None) -> tuple[Indexed, ...]:
    plain: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*module.functions()]
    # Those inside functions count when they are meant as components.
    plain += [node for node in module.nested() if name or any(is_component(module, one) for one in node.decorator_list)]
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    for node in plain:
        if name in {None, node.name}:
            functions.setdefault(node.name, node)
    if name is not None:
        return (_indexed(module, name, functions.get(name)),)
    return tuple(_indexed(module, node.name, node) for node in functions.values() if not node.name.startswith("_"))


def _indexed(module: Module, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | None) -> Indexed:
    declared = makes_component(module, name) or any(
        is_component(module, decorator) for decorator in (node.decorator_list if node else ())
    )
    function: Function | None = None
    findings: tuple[Finding, ...] = ()
    try:
        function = function_of(module, name)
    except FindingsError as error:
        findings = error.findings
    where = module.at(node) if node else findings[0].where
    return Indexed(name=name, where=where, declared=declared, function=function, findings=findings)
