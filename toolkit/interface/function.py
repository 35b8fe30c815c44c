"""Read a function's interface from its source: signature, annotations, defaults, docstring, decorator.

The source is parsed and never imported. What cannot be known for certain is refused, with the place and what to
write instead; every problem is collected.
"""

import ast
import json
import math
import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from toolkit.findings import Finding, FindingsError, Severity
from toolkit.interface.annotations import Meaning, artifact_type, marker, read_annotation
from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.decorators import read_decorators
from toolkit.interface.docstring import Descriptions, read_docstring
from toolkit.interface.model import Binding, Function, Input, Interface, Kind, Output
from toolkit.interface.module import Module
from toolkit.interface.refusal import NotUnderstood
from toolkit.interface.values import followed, optional, read_value, record_fields

_SINGLE_OUTPUT = "Output"
_NAMED_TUPLES = {"typing.NamedTuple", "NamedTuple", "typing_extensions.NamedTuple"}
# What a docstring calls a type, and the types that may be meant.
_DOCUMENTED = {
    word: set(types)
    for words, *types in (
        (("str", "string", "text"), "String"),
        (("int", "integer"), "Integer", "Float"),
        (("float", "double"), "Float"),
        (("bool", "boolean"), "Boolean"),
        (("list",), "JsonArray"),
        (("dict",), "JsonObject"),
    )
    for word in words
}
_PYTHON_TYPES = {"String": str, "Integer": int, "Float": float, "Boolean": bool, "JsonArray": list, "JsonObject": dict}

_COMPARED = 200


def read_function(path: Path, name: str) -> Function:
    """Read the function `name` of the module at `path`.

    Raises FindingsError with every reason (rules F001 to F012) why it cannot be a component.
    """
    return function_of(Module.read(path), name)


def function_of(module: Module, name: str) -> Function:
    """Read the function `name` of a module that has been read. Raises FindingsError like `read_function`."""
    node = _definition(module, name)
    try:
        return _Reader(module).read(node)
    except RecursionError:
        raise _refused(module, node, "F001", f"{name!r} is nested too deeply to be read", "write it in parts") from None


def sanitised(name: str) -> str:
    """Give the name by which KFP 2 knows a port; two ports of one direction must differ in it."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _definition(module: Module, name: str) -> ast.FunctionDef:
    functions = module.functions()
    found = [node for node in functions if node.name == name]
    nested = [] if found else [node for node in module.nested() if node.name == name]
    if len(nested) == 1:
        return _free(module, nested[0])
    if not found:
        names = [node.name for node in functions]
        close = get_close_matches(name, names, n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(names) or 'no functions'}"
        inside = any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(module.tree))
        where = "; one inside a class, function or loop cannot be a component" if inside else ""
        raise _refused(module, module.tree, "F002", f"there is no function {name!r} at module level{where}", advice)
    if len(found) > 1:
        lines = ", ".join(str(node.lineno) for node in found)
        raise _refused(module, found[-1], "F003", f"{name!r} is defined {len(found)} times (lines {lines})", "keep one")
    node = found[0]
    if node not in module.tree.body:
        message = f"{name!r} is defined under a condition, so it may not be there"
        raise _refused(module, node, "F003", message, "define it at module level")
    if isinstance(node, ast.AsyncFunctionDef):
        raise _refused(
            module, node, "F009", f"{name!r} is async, and nothing awaits it", "write `def`, asyncio.run inside"
        )
    return node


def _free(module: Module, node: ast.FunctionDef) -> ast.FunctionDef:
    """Give a function that is defined inside another and needs nothing of that one. Raises FindingsError."""
    taken = module.closure(node)
    if taken:
        message = f"{node.name!r} is defined inside a function and uses its {', '.join(sorted(taken))}"
        raise _refused(module, node, "F003", message, "take it as an input, or define it at module level")
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
    remarks: list[Finding] = field(default_factory=list)

    def read(self, node: ast.FunctionDef) -> Function:
        returns = self.returned(node.returns)
        plain = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        words = read_docstring(ast.get_docstring(node), [*(port.name for port in returns), *(one.arg for one in plain)])
        self.signature(node, words)
        for port in returns:
            text = words.returned.get(port.name) or (words.returns if len(returns) == 1 else "")
            self.outputs.append(replace(port, description=text))
        self.collisions(node)
        self.contradictions(node, words)
        told = read_decorators(self.module, node)
        for place, rule, message, advice in told.refused:
            self.error(place, rule, message, advice)
        for place, message, advice in told.left_out:
            self.remark(place, "F011", message, advice, Severity.INFO)
        for place, message, advice in told.unread:
            self.remark(place, "F014", message, advice)
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
            returns=tuple(port.name for port in returns),
            returns_tuple=node.returns is not None and bool(returns) and self.fields(node.returns) is not None,
            packages=told.packages,
            base=told.base,
            image=told.image,
            remarks=tuple(self.remarks),
        )

    def error(self, node: ast.AST, rule: str, message: str, advice: str = "") -> None:
        finding = Finding(rule=rule, severity=Severity.ERROR, message=message, where=self.module.at(node), help=advice)
        self.findings.append(finding)

    def remark(
        self, node: ast.AST, rule: str, message: str, advice: str, severity: Severity = Severity.WARNING
    ) -> None:
        where = self.module.at(node)
        self.remarks.append(Finding(rule=rule, severity=severity, message=message, where=where, help=advice))

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
            self.parameter(argument, default, words)

    def parameter(self, argument: ast.arg, default: ast.expr | None, words: Descriptions) -> None:
        text = words.parameters.get(argument.arg, "")
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
        text = text or meaning.description or (words.returned.get(argument.arg, "") if meaning.output else "")
        self.bindings.append(
            Binding(
                parameter=argument.arg,
                port=port,
                output=meaning.output,
                passing=meaning.passing,
                mode=meaning.mode,
                shape=meaning.shape,
            )
        )
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
                # As in KFP, `Optional[…]` without a default has to be given, if only as null.
                optional=optional,
                choices=meaning.choices,
                many=meaning.many,
            )
        )

    def default(self, argument: ast.arg, node: ast.expr | None, meaning: Meaning) -> tuple[str | None, bool]:
        """Give the contract's text of a default, and whether the input may be absent."""
        if node is None:
            return None, False
        try:
            value = constant_value(self.module, node)
        except NotKnown as unknown:
            shown = ast.unparse(unknown.args[0])
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
        elif meaning.choices and value not in meaning.choices:
            known = ", ".join(map(repr, meaning.choices))
            self.error(node, "F007", f"the default of {argument.arg!r} is {value!r}, its choices are {known}")
        return text, False

    def returned(self, node: ast.expr | None) -> list[Output]:
        """List the outputs that the return value gives."""
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return []
        fields = self.fields(node)
        if fields is None:
            single = self.returned_value(node, node)
            return [single] if single else []
        return [port for name, annotation in fields if (port := self.returned_value(annotation, node, name))]

    def returned_value(self, annotation: ast.expr, whole: ast.expr, name: str = "") -> Output | None:
        """Give the output of one returned value; `name` is that of its field."""
        what = f"the field {name!r} has the type `{ast.unparse(annotation)}`" if name else ""
        try:
            value = read_value(self.module, annotation)
        except NotUnderstood as problem:
            self.error(annotation, "F006", f"{what}: {problem.args[0]}" if what else problem.args[0], problem.args[1])
            return None
        if value:
            return Output(name=name or _SINGLE_OUTPUT, type=value.type, kind=Kind.PARAMETER)
        node = followed(self.module, annotation)
        artifact = artifact_type(self.module, node)
        if artifact:
            # A returned value is written to the artifact's file (kfp 2.17, `dsl/executor.py`).
            return Output(name=name or _SINGLE_OUTPUT, type=artifact, kind=Kind.ARTIFACT)
        if name and isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            # KFP 1: `('mlpipeline_metrics', 'Metrics')`, a text that is the content of an artifact.
            return Output(name=name, type=annotation.value, kind=Kind.ARTIFACT)
        if name:
            advice = "fields are str, int, float, bool, list, dict, Enum, a record or an artifact"
            self.error(annotation, "F006", what, advice)
            return None
        instead = "use a NamedTuple, or Output[…] parameters"
        if marker(self.module, node.value if isinstance(node, ast.Subscript) else node) == "Output":
            instead = "return the artifact's class alone, or take a parameter `: Output[…]`"
        elif optional(self.module, node) is not None:
            instead = "an output is always written: return a value that says so, or use a NamedTuple"
        self.error(whole, "F006", f"`{ast.unparse(node)}` cannot be returned by a component", instead)
        return None

    def fields(self, node: ast.expr) -> list[tuple[str, ast.expr]] | None:
        """Take a NamedTuple apart: a class of this module or one beside it, or one made by a call; None for others."""
        node = followed(self.module, node)
        if isinstance(node, ast.Name) and isinstance(made := self.module.constants.get(node.id), ast.Call):
            return self.fields(made)
        home, definition = self.module.find_class(node) or (self.module, None)
        if definition and any(home.qualified(base) in _NAMED_TUPLES for base in definition.bases):
            return record_fields(home, definition)
        if isinstance(node, ast.Call) and self.module.qualified(node.func) in _NAMED_TUPLES:
            return _called_fields(node)
        return None

    def contradictions(self, node: ast.FunctionDef, words: Descriptions) -> None:
        """Remark on what the docstring says of parameters that are not there, or are of another type."""
        annotations = {
            argument.arg: argument.annotation
            for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        }
        named = {binding.parameter: binding.port for binding in self.bindings}
        types = {port.name: port.type for port in self.inputs if port.kind is Kind.PARAMETER}
        for name in words.parameters:
            if name not in annotations and name not in named.values() and name.isidentifier():
                # Comparing takes as long as there are names, and so for each that a docstring makes up.
                close = get_close_matches(name, annotations, n=1) if len(annotations) <= _COMPARED else []
                advice = f"did you mean {close[0]!r}?" if close else "remove it there"
                self.remark(node, "F010", f"the docstring describes {name!r}, which is no parameter", advice)
        for name, said in words.types.items():
            declared = types.get(named.get(name, ""))
            meant = _DOCUMENTED.get(said.removesuffix(", optional").removesuffix("?").strip().lower())
            if declared and meant and declared not in meant:
                message = f"the docstring says that {name!r} is {said}, its annotation is {declared}"
                self.remark(annotations[name] or node, "F010", message, "correct the one that is wrong")

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


def _place(finding: Finding) -> tuple[int, int]:
    return finding.where.line or 0, finding.where.column or 0


def _port_name(parameter: str, meaning: Meaning) -> str:
    """Strip KFP 1's suffixes where KFP 1 strips them (`components/_python_op.py`)."""
    stripped = parameter
    for suffix in meaning.suffixes:
        stripped = stripped.removesuffix(suffix)
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
        try:
            value = float(value)
        except OverflowError:
            return None
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
