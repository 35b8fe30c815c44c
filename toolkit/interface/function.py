"""Read a function's interface from its source: signature, annotations, defaults, docstring, decorator.

The source is parsed and never imported. Code whose meaning is not certain is refused, with its place and advice;
every problem is collected.
"""

import ast
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.errors import Finding, FindingsError, Severity
from toolkit.interface.annotations import Meaning, artifact_type, marker, read_annotation
from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.decorators import DecoratorSettings, made_by_kfp, read_decorators
from toolkit.interface.docstring import Descriptions, read_docstring
from toolkit.interface.model import Binding, Function, Input, Interface, Kind, Output
from toolkit.interface.module import Module, parameters
from toolkit.interface.values import NotUnderstood, followed, optional, read_value, record_fields
from toolkit.words import did_you_mean

# KFP's name for the output of a function that returns one value.
_SINGLE_OUTPUT = "Output"
_NAMED_TUPLES = {"typing.NamedTuple", "NamedTuple", "typing_extensions.NamedTuple"}
# Words for types in docstrings, with the parameter types that they may mean.
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
# Functions with more parameters get no "did you mean": comparing takes time for each of their names.
_COMPARED = 200


def read_function(path: Path, name: str, environ: Mapping[str, str]) -> Function:
    """Return the function `name` of the module at `path`, which may need a newer Python, found by `environ`.

    Raises FindingsError with every reason (rules F001 to F012) why it cannot be a component.
    """
    return function_of(Module.read(path, environ), name)


def function_of(module: Module, name: str) -> Function:
    """Return the function `name` of a module that has been read. Raises FindingsError like `read_function`."""
    node = _definition(module, name)
    try:
        return _Reader(module).read(node)
    except RecursionError:
        raise _refused(module, node, "F001", f"{name!r} is nested too deeply to be read", "write it in parts") from None


def signature_of(module: Module, name: str) -> tuple[Function, ast.FunctionDef]:
    """Return a function that makes a command line, as `@dsl.container_component` has it, and its definition.

    The interface is that of its parameters alone. Raises FindingsError.
    """
    node = _definition(module, name)
    return _Reader(module).read(node, only_parameters=True), node


def sanitised(name: str) -> str:
    """Return the name by which KFP 2 knows a port; two ports of one direction must differ in it.

    As `sanitize_input_name` of kfp 2.17 (`kfp/dsl/utils.py`).
    """
    return re.sub(r"[^_a-z0-9]+", "_", name.lower()).strip("_")


def _definition(module: Module, name: str) -> ast.FunctionDef:
    """Return the one definition of `name` that a component can be made of. Raises FindingsError."""
    functions = module.functions()
    definitions = [node for node in functions if node.name == name]
    # Authors also define components inside the function of their pipeline.
    nested = [] if definitions else [node for node in module.nested() if node.name == name]
    if len(nested) == 1:
        return _free(module, nested[0])
    if not definitions and (made := made_by_kfp(module, name)):
        call, what, advice = made
        raise _refused(module, call, "F012", f"{name!r} is {what}, not a function", advice)
    if not definitions:
        names = [node.name for node in functions]
        advice = did_you_mean(name, names, otherwise=f"it has: {', '.join(names) or 'no functions'}")
        inside = any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(module.tree))
        where = "; one inside a class, function or loop cannot be a component" if inside else ""
        raise _refused(module, module.tree, "F002", f"there is no function {name!r} at module level{where}", advice)
    if len(definitions) > 1:
        lines = ", ".join(str(node.lineno) for node in definitions)
        message = f"{name!r} is defined {len(definitions)} times (lines {lines})"
        raise _refused(module, definitions[-1], "F003", message, "keep one")
    node = definitions[0]
    if node not in module.tree.body:
        message = f"{name!r} is defined under a condition, so it may be missing"
        raise _refused(module, node, "F003", message, "define it at module level")
    if isinstance(node, ast.AsyncFunctionDef):
        raise _refused(
            module, node, "F009", f"{name!r} is async, and nothing awaits it", "write `def`, asyncio.run inside"
        )
    return node


def _free(module: Module, node: ast.FunctionDef) -> ast.FunctionDef:
    """Return a function that is defined inside another, if it uses none of its variables. Raises FindingsError."""
    variables = module.closure(node)
    if variables:
        message = f"{node.name!r} is defined inside a function and uses its {', '.join(sorted(variables))}"
        raise _refused(module, node, "F003", message, "take it as an input, or define it at module level")
    return node


def _refused(module: Module, node: ast.AST, rule: str, message: str, advice: str) -> FindingsError:
    """Return the error for a function that cannot be read at all."""
    where = module.at(node)
    return FindingsError((Finding(rule=rule, severity=Severity.ERROR, message=message, where=where, help=advice),))


class _Reader(Struct):
    """Reads one function: collects its ports, the `findings` that refuse it, and `remarks`."""

    module: Module
    findings: list[Finding] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)

    def read(self, node: ast.FunctionDef, *, only_parameters: bool = False) -> Function:
        """Return the function, with `only_parameters` without what it returns and what decorators make of it.

        Raises FindingsError with every finding, in the order of the source.
        """
        returns = [] if only_parameters else self.returned(node.returns)
        names = [*(port.name for port in returns), *(argument.arg for argument, _ in parameters(node))]
        docstring = read_docstring(ast.get_docstring(node), tuple(names))
        self.signature(node, docstring)
        # Outputs that are parameters come before those that are returned, as in KFP.
        for port in returns:
            text = docstring.returned.get(port.name) or (docstring.returns if len(returns) == 1 else "")
            self.outputs.append(replace(port, description=text))
        self.collisions(node)
        self.contradictions(node, docstring)
        settings = DecoratorSettings() if only_parameters else read_decorators(self.module, node)
        for place, rule, message, advice in settings.refused:
            self.error(place, rule, message, advice)
        for place, message, advice in settings.left_out:
            self.remark(place, "F011", message, advice, Severity.INFO)
        for place, message, advice in settings.unread:
            self.remark(place, "F014", message, advice)
        if self.findings:
            raise FindingsError(tuple(sorted(self.findings, key=_place)))
        return Function(
            module=self.module.path.stem,
            name=node.name,
            where=self.module.at(node),
            title=node.name.replace("_", " ").strip().capitalize(),
            description=docstring.whole,
            interface=Interface(inputs=tuple(self.inputs), outputs=tuple(self.outputs)),
            bindings=tuple(self.bindings),
            returns=tuple(port.name for port in returns),
            returns_tuple=node.returns is not None and bool(returns) and self.fields(node.returns) is not None,
            packages=settings.packages,
            base=settings.base,
            image=settings.image,
            remarks=tuple(self.remarks),
        )

    def error(self, node: ast.AST, rule: str, message: str, advice: str = "") -> None:
        """Note a reason why the function cannot be a component; reading goes on, to find the others too."""
        finding = Finding(rule=rule, severity=Severity.ERROR, message=message, where=self.module.at(node), help=advice)
        self.findings.append(finding)

    def remark(
        self, node: ast.AST, rule: str, message: str, advice: str, severity: Severity = Severity.WARNING
    ) -> None:
        """Note something that the author should know, and that does not prevent a component."""
        where = self.module.at(node)
        self.remarks.append(Finding(rule=rule, severity=severity, message=message, where=where, help=advice))

    def signature(self, node: ast.FunctionDef, docstring: Descriptions) -> None:
        """Read the parameters as inputs and outputs."""
        for extra, stars in ((node.args.vararg, "*"), (node.args.kwarg, "**")):
            if extra:
                advice = "give every input a parameter of its own, or take one dict"
                self.error(extra, "F004", f"`{stars}{extra.arg}` has no place in an interface", advice)
        for argument in node.args.posonlyargs:
            self.error(argument, "F004", f"{argument.arg!r} is positional-only; inputs have names", "remove the `/`")
        for argument, default in parameters(node):
            self.parameter(argument, default, docstring)

    def parameter(self, argument: ast.arg, default: ast.expr | None, docstring: Descriptions) -> None:
        """Read one parameter as an input or output, with its binding."""
        if argument.annotation is None:
            self.error(argument, "F005", f"{argument.arg!r} has no annotation", "write its type, such as `: str`")
            return
        try:
            meaning = read_annotation(self.module, argument.annotation)
        except NotUnderstood as problem:
            message, advice = problem.args
            self.error(argument.annotation, "F006", f"{argument.arg!r}: {message}", advice)
            return
        binding = Binding(
            parameter=argument.arg,
            port=_port_name(argument.arg, meaning),
            output=meaning.output,
            passing=meaning.passing,
            mode=meaning.mode,
            shape=meaning.shape,
        )
        self.bindings.append(binding)
        text = docstring.parameters.get(argument.arg, "") or meaning.description
        if meaning.output:
            # Authors also describe an output parameter under "Returns".
            text = text or docstring.returned.get(argument.arg, "")
            self.outputs.append(Output(name=binding.port, type=meaning.type, kind=meaning.kind, description=text))
            if default is not None:
                self.error(default, "F007", f"the output {argument.arg!r} cannot have a default", "remove it")
        else:
            self.inputs.append(self.input(argument, default, meaning, text))

    def input(self, argument: ast.arg, default: ast.expr | None, meaning: Meaning, description: str) -> Input:
        """Return the input of one parameter."""
        value, optional = self.default(argument, default, meaning)
        return Input(
            name=_port_name(argument.arg, meaning),
            type=meaning.type,
            kind=meaning.kind,
            description=description,
            default=value,
            # As in KFP, `Optional[…]` without a default needs an argument, if only null.
            optional=optional,
            choices=meaning.choices,
            many=meaning.many,
        )

    def default(self, argument: ast.arg, node: ast.expr | None, meaning: Meaning) -> tuple[str | None, bool]:
        """Return a default as contracts write it, and whether the input may be absent."""
        if node is None:
            return None, False
        try:
            value = constant_value(self.module, node)
        except NotKnown as unknown:
            shown = ast.unparse(unknown.args[0])
            self.error(
                node, "F007", f"the default of {argument.arg!r} is not a literal: `{shown}`", "write the value itself"
            )
            return None, False
        if value is None:
            return None, True
        if meaning.kind is Kind.ARTIFACT:
            self.error(
                node, "F007", f"the artifact {argument.arg!r} cannot have the default {value!r}", "write `= None`"
            )
            return None, False
        # No text means that the contract's type and the value differ, such as `int = 1.5`.
        text = _default_text(value, meaning.type)
        if text is None:
            self.error(node, "F007", f"the default of {argument.arg!r} is {value!r}, its type is {meaning.type}")
        elif meaning.choices and value not in meaning.choices:
            listed = ", ".join(map(repr, meaning.choices))
            self.error(node, "F007", f"the default of {argument.arg!r} is {value!r}, its choices are {listed}")
        return text, False

    def returned(self, node: ast.expr | None) -> list[Output]:
        """Return the outputs that the return annotation `node` declares."""
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return []
        # A NamedTuple gives an output for each field, any other type the one output.
        fields = self.fields(node)
        if fields is None:
            single = self.returned_value(node, node)
            return [single] if single else []
        return [port for name, annotation in fields if (port := self.returned_value(annotation, node, name))]

    def returned_value(self, annotation: ast.expr, whole: ast.expr, name: str = "") -> Output | None:
        """Return the output of one returned value, or None with a finding; `name` is that of its field."""
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
        """Return the fields of a NamedTuple, a class or a call, with their annotations; None for other types."""
        node = followed(self.module, node)
        if isinstance(node, ast.Name) and isinstance(call := self.module.constants.get(node.id), ast.Call):
            return self.fields(call)
        home, definition = self.module.find_class(node) or (self.module, None)
        if definition and any(home.qualified(base) in _NAMED_TUPLES for base in definition.bases):
            return record_fields(home, definition)
        if isinstance(node, ast.Call) and self.module.qualified(node.func) in _NAMED_TUPLES:
            return _called_fields(node)
        return None

    def contradictions(self, node: ast.FunctionDef, docstring: Descriptions) -> None:
        """Remark on parameters in the docstring that do not exist or have another type."""
        annotations = {argument.arg: argument.annotation for argument, _ in parameters(node)}
        ports = {binding.parameter: binding.port for binding in self.bindings}
        types = {port.name: port.type for port in self.inputs if port.kind is Kind.PARAMETER}
        for name in docstring.parameters:
            # Authors may also document the name of the port, without `_path`; a sentence is not a name.
            if name not in annotations and name not in ports.values() and name.isidentifier():
                compared = annotations if len(annotations) <= _COMPARED else ()
                advice = did_you_mean(name, compared, otherwise="remove it there")
                self.remark(node, "F010", f"the docstring describes {name!r}, which is not a parameter", advice)
        for name, documented in docstring.types.items():
            declared = types.get(ports.get(name, ""))
            possible = _DOCUMENTED.get(documented.removesuffix(", optional").removesuffix("?").strip().lower())
            if declared and possible and declared not in possible:
                message = f"the docstring says that {name!r} is {documented}, its annotation is {declared}"
                self.remark(annotations[name] or node, "F010", message, "correct the one that is wrong")

    def collisions(self, node: ast.FunctionDef) -> None:
        """Refuse ports that KFP cannot tell apart, or cannot name."""
        # An input and an output may have one name (docs/protocol-1.md), so each direction counts by itself.
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
    """Return the line and column by which findings are ordered."""
    return finding.where.line or 0, finding.where.column or 0


def _port_name(parameter: str, meaning: Meaning) -> str:
    """Return the name of a parameter's port, without the suffixes that KFP 1 strips (`components/_python_op.py`)."""
    stripped = parameter
    for suffix in meaning.suffixes:
        stripped = stripped.removesuffix(suffix)
    return stripped or parameter


def _called_fields(node: ast.Call) -> list[tuple[str, ast.expr]] | None:
    """Return the fields of `NamedTuple("Name", [("a", int)])` or `NamedTuple("Name", a=int)`; None if unreadable."""
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
    """Return a default as contracts write it; None if it is not a value of the parameter type `kind`."""
    # `x: float = 1` is usual Python; True is an int too, and is not meant.
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
