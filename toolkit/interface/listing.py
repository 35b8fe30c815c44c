"""List the functions of a module, or of a folder of modules, as the components they could be."""

import ast
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.errors import Finding, FindingsError, InputError, Location
from toolkit.interface.decorators import is_component, makes_component
from toolkit.interface.function import function_of
from toolkit.interface.model import Function
from toolkit.interface.module import Module


class ListedFunction(Struct, frozen=True, kw_only=True):
    """One function: read, or with the `findings` that prevent it; `declared` if KFP code makes a component of it."""

    name: str
    where: Location
    declared: bool
    function: Function | None
    findings: tuple[Finding, ...]


def list_functions(path: Path, environ: Mapping[str, str], name: str | None = None) -> tuple[ListedFunction, ...]:
    """Return the functions at module level of a file, or of all Python files of a folder, in order.

    With `name`, only that one; without, all but those whose names begin with an underscore. In a folder, a file that
    cannot be parsed is listed with the reason. Raises InputError for a missing path, FindingsError for a single file
    that cannot be parsed or has no function of the name.
    """
    if not path.is_dir():
        return _of_module(Module.read(path, environ), name)
    listed: list[ListedFunction] = []
    for file in sorted(path.rglob("*.py")):
        if any(part.startswith(".") or part == "__pycache__" for part in file.relative_to(path).parts):
            continue
        try:
            listed += _of_module(Module.read(file, environ), name)
        except FindingsError as error:
            # A search by name skips the file: the function may be in another one.
            if name is None:
                listed.append(
                    ListedFunction(
                        name=file.name, where=Location(path=file), declared=True, function=None, findings=error.findings
                    )
                )
    if not listed and name:
        raise InputError(f"no file of {path} has a function {name!r}", hint="comp inspect-function lists them")
    return tuple(listed)


def _of_module(module: Module, name: str | None) -> tuple[ListedFunction, ...]:
    """Return the functions of one module, or its function `name`."""
    nodes: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*module.functions()]
    # A function inside another counts if it is named, or decorated as a component.
    nodes += [node for node in module.nested() if name or any(is_component(module, one) for one in node.decorator_list)]
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    for node in nodes:
        if name in {None, node.name}:
            functions.setdefault(node.name, node)
    if name is not None:
        return (_listed_function(module, name, functions.get(name)),)
    return tuple(
        _listed_function(module, node.name, node) for node in functions.values() if not node.name.startswith("_")
    )


def _listed_function(module: Module, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | None) -> ListedFunction:
    """Return one function, read or refused; `node` is None if the module lacks it."""
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
    return ListedFunction(name=name, where=where, declared=declared, function=function, findings=findings)
