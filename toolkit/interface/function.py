"""Read a function's interface from its source: signature, annotations, defaults, docstring, decorator.

The source is parsed and never imported. What cannot be known for certain is refused, with the place and what to
write instead; every problem is collected.
"""

import ast
import json
import math
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from toolkit.findings import Finding, FindingsError, Severity
from toolkit.interface.annotations import Meaning, NotUnderstood, marker, parameter_type, read_annotation, unquoted
from toolkit.interface.docstring import Descriptions, read_docstring
from toolkit.interface.model import Binding, Function, Input, Interface, Kind, Output
from toolkit.interface.module import Module

_SINGLE_OUTPUT = "Output"
_PYTHON_TYPES = {"String": str, "Integer": int, "Float": float, "Boolean": bool, "JsonArray": list, "JsonObject": dict}


def read_function(path: Path, name: str) -> Function:
    """Read the function `name` of the module at `path`.

    Raises FindingsError with every reason (rules F001 to F009) why it cannot be a component.
    """
    module = Module.read(path)
    return _Reader(module).read(_definition(module, name))


def sanitised(name: str) -> str:
    """Give the name by which KFP 2 knows a port; two ports of one direction must differ in it."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _definition(module: Module, name: str) -> ast.FunctionDef:
    functions = module.functions()
    found = [node for node in functions if node.name == name]
    if not found:
        names = [node.name for node in functions]
        close = get_close_matches(name, names, n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(names) or 'no functions'}"
        inside = any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(module.tree))
        where = "; one inside a class or function cannot be a component" if inside else ""
        raise _refused(module, module.tree, "F002", f"there is no function {name!r} at module level{where}", advice)
    if len(found) > 1:
        lines = ", ".join(str(node.lineno) for node in found)
        raise _refused(module, found[-1], "F003", f"{name!r} is defined {len(found)} times (lines {lines})", "keep one")
    node = found[0]
    if isinstance(node, ast.AsyncFunctionDef):
        raise _refused(
            module, node, "F009", f"{name!r} is async, and nothing awaits it", "write `def`, asyncio.run inside"
        )
    return node


def _refused(module: Module, node: ast.AST, rule: str, message: str, advice: str) -> FindingsError:
    where = module.at(node)
    return FindingsError((Finding(rule=rule, severity=Severity.ERROR, message=message, where=where, help=advice),))


@dataclass(slots=True)
class _Reader:
    """Reads one function and collects what is wrong with it."""

    module: Module
    findings: list[Finding] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)

    def read(self, node: ast.FunctionDef) -> Function:
        returns = self.returned(node.returns)
        words = read_docstring(ast.get_docstring(node), [name for name, _ in returns])
        self.signature(node, words)
        for name, kind in returns:
            text = words.returned.get(name) or (words.returns if len(returns) == 1 else "")
            self.outputs.append(Output(name=name, type=kind, kind=Kind.PARAMETER, description=text))
        self.collisions(node)
        packages, base = self.decorators(node)
        if self.findings:
            raise FindingsError(tuple(sorted(self.findings, key=_place)))
        return Function(
            module=self.module.path.stem,
            name=node.name,
            where=self.module.at(node),
            title=node.name.replace("_", " ").strip().capitalize(),
            description=words.whole,
            interface=Interface(inputs=tuple(self.inputs), outputs=tuple(self.outputs)),
            bindings=tuple(self.bindings),
            returns=tuple(name for name, _ in returns),
            returns_tuple=node.returns is not None and bool(returns) and not self.is_single(node.returns),
            packages=packages,
            base=base,
        )

    def error(self, node: ast.AST, rule: str, message: str, advice: str = "") -> None:
        finding = Finding(rule=rule, severity=Severity.ERROR, message=message, where=self.module.at(node), help=advice)
        self.findings.append(finding)

    def signature(self, node: ast.FunctionDef, words: Descriptions) -> None:
        arguments = node.args
        for extra, stars in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
            if extra:
                advice = "give every input a parameter of its own, or take one dict"
                self.error(extra, "F004", f"`{stars}{extra.arg}` has no place in an interface", advice)
        for argument in arguments.posonlyargs:
            self.error(argument, "F004", f"{argument.arg!r} is positional-only; inputs have names", "remove the `/`")
        plain = [*arguments.posonlyargs, *arguments.args]
        missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
        defaults = [*missing, *arguments.defaults, *arguments.kw_defaults]
        for argument, default in zip([*plain, *arguments.kwonlyargs], defaults, strict=True):
            self.parameter(argument, default, words.parameters.get(argument.arg, ""))

    def parameter(self, argument: ast.arg, default: ast.expr | None, text: str) -> None:
        if argument.annotation is None:
            self.error(argument, "F005", f"{argument.arg!r} has no annotation", "write its type, such as `: str`")
            return
        try:
            meaning = read_annotation(self.module, argument.annotation)
        except NotUnderstood as problem:
            message, advice = problem.args
            self.error(argument.annotation, "F006", f"{argument.arg!r}: {message}", advice)
            return
        port = _port_name(argument.arg, meaning)
        binding = Binding(parameter=argument.arg, port=port, output=meaning.output, passing=meaning.passing)
        self.bindings.append(binding)
        if meaning.output:
            if default is not None:
                self.error(default, "F007", f"the output {argument.arg!r} cannot have a default", "remove it")
            self.outputs.append(Output(name=port, type=meaning.type, kind=meaning.kind, description=text))
            return
        value, optional = self.default(argument, default, meaning)
        self.inputs.append(
            Input(
                name=port,
                type=meaning.type,
                kind=meaning.kind,
                description=text,
                default=value,
                optional=optional or (meaning.optional and value is None),
            )
        )

    def default(self, argument: ast.arg, node: ast.expr | None, meaning: Meaning) -> tuple[str | None, bool]:
        """Give the contract's text of a default, and whether the input may be absent."""
        if node is None:
            return None, False
        seen: set[str] = set()
        while isinstance(node, ast.Name) and node.id in self.module.constants and node.id not in seen:
            seen.add(node.id)
            node = self.module.constants[node.id]
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError):
            shown = ast.unparse(node)
            self.error(
                node, "F007", f"the default of {argument.arg!r} is no literal: `{shown}`", "write the value itself"
            )
            return None, False
        if value is None:
            return None, True
        if meaning.kind is Kind.ARTIFACT:
            self.error(
                node, "F007", f"the artifact {argument.arg!r} cannot have the default {value!r}", "write `= None`"
            )
            return None, False
        text = _default_text(value, meaning.type)
        if text is None:
            self.error(node, "F007", f"the default of {argument.arg!r} is {value!r}, its type is {meaning.type}")
        return text, False

    def returned(self, node: ast.expr | None) -> list[tuple[str, str]]:
        """Name the outputs that the return value gives, with their types."""
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return []
        node = unquoted(node)
        single = parameter_type(self.module, node)
        if single:
            return [(_SINGLE_OUTPUT, single)]
        fields = self.fields(node)
        if fields is None:
            artifact = marker(self.module, node)
            instead = (
                f"take a parameter `: Output[{artifact}]`" if artifact else "use a NamedTuple, or Output[…] parameters"
            )
            self.error(node, "F006", f"`{ast.unparse(node)}` cannot be returned by a component", instead)
            return []
        outputs = []
        for name, annotation in fields:
            kind = parameter_type(self.module, annotation)
            if kind is None:
                message = f"the field {name!r} has the type `{ast.unparse(annotation)}`"
                self.error(annotation, "F006", message, "fields are str, int, float, bool, list or dict")
            else:
                outputs.append((name, kind))
        return outputs

    def is_single(self, node: ast.expr) -> bool:
        return self.fields(node) is None

    def fields(self, node: ast.expr) -> list[tuple[str, ast.expr]] | None:
        """Take a NamedTuple apart: a class of this module, or one made by a call; None when it is none."""
        node = unquoted(node)
        if isinstance(node, ast.Name):
            made = self.module.constants.get(node.id)
            if isinstance(made, ast.Call):
                return self.fields(made)
            definition = self.module.classes.get(node.id)
            if definition and any(self.is_namedtuple(base) for base in definition.bases):
                return [
                    (part.target.id, part.annotation)
                    for part in definition.body
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
                ]
        if isinstance(node, ast.Call) and self.is_namedtuple(node.func):
            return _called_fields(node)
        return None

    def is_namedtuple(self, node: ast.expr) -> bool:
        return self.module.qualified(node) in {"typing.NamedTuple", "NamedTuple", "typing_extensions.NamedTuple"}

    def collisions(self, node: ast.FunctionDef) -> None:
        for what, ports in (("input", self.inputs), ("output", self.outputs)):
            seen: dict[str, str] = {}
            for port in ports:
                key = sanitised(port.name)
                if not key:
                    message = f"the {what} {port.name!r} has no ASCII letter or digit in its name"
                    self.error(node, "F008", message, "KFP could not tell it apart; rename it")
                elif key in seen:
                    message = f"the {what}s {seen[key]!r} and {port.name!r} have the same name for KFP, {key!r}"
                    self.error(node, "F008", message, "rename one of them")
                seen[key] = port.name

    def decorators(self, node: ast.FunctionDef) -> tuple[tuple[str, ...], str | None]:
        """Read `packages_to_install` and `base_image` of a `@dsl.component(...)`."""
        packages: tuple[str, ...] = ()
        base = None
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = (self.module.qualified(called) or "").rpartition(".")[2]
            if name != "component" or not isinstance(decorator, ast.Call):
                continue
            for keyword in decorator.keywords:
                if keyword.arg == "packages_to_install":
                    listed = self.literal(keyword.value)
                    packages = tuple(str(item) for item in listed) if isinstance(listed, list | tuple) else ()
                elif keyword.arg == "base_image":
                    base = str(self.literal(keyword.value) or "") or None
        return packages, base

    def literal(self, node: ast.expr) -> object:
        if isinstance(node, ast.Name) and node.id in self.module.constants:
            node = self.module.constants[node.id]
        try:
            return ast.literal_eval(node)
        except ValueError:
            self.error(node, "F007", f"the decorator's argument is no literal: `{ast.unparse(node)}`")
            return None


def _place(finding: Finding) -> tuple[int, int]:
    return finding.where.line or 0, finding.where.column or 0


def _port_name(parameter: str, meaning: Meaning) -> str:
    """Strip KFP 1's suffixes where KFP 1 strips them (`components/_python_op.py`)."""
    if not meaning.strips:
        return parameter
    stripped = parameter.removesuffix("_path").removesuffix("_file")
    return stripped or parameter


def _called_fields(node: ast.Call) -> list[tuple[str, ast.expr]] | None:
    if node.keywords:
        return [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
    if len(node.args) > 1 and isinstance(node.args[1], ast.List | ast.Tuple):
        fields = []
        for pair in node.args[1].elts:
            if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2:  # noqa: PLR2004 (a name and its type)
                return None
            name, annotation = pair.elts
            if not isinstance(name, ast.Constant):
                return None
            fields.append((str(name.value), annotation))
        return fields
    return None


def _default_text(value: object, kind: str) -> str | None:
    """Write a default as contracts do; None when it does not fit its type."""
    if kind == "Float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    expected = _PYTHON_TYPES[kind]
    if not isinstance(value, expected) or (isinstance(value, bool) and kind != "Boolean"):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    # JSON turns the key 1 into '1' and a tuple into a list: the function would receive another value.
    return text if json.loads(text) == value else None
