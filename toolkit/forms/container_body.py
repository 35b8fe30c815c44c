"""Follow the body of a `@dsl.container_component` function, as kfp 2.17 runs it once.

Each parameter is a placeholder (`dsl/component_factory.py`, `dsl/placeholders.py`). Nothing is imported or run, so what
a contract would depend on otherwise is refused.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from textwrap import dedent
from typing import Any

from msgspec import Struct, field

from toolkit.errors import Finding, FindingsError, InputError, Severity
from toolkit.forms.ir_arguments import read_ir_argument
from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.model import Function, Input, Kind, Output, Passing
from toolkit.interface.module import Module
from toolkit.spec.model import Argument, Container

_PARTS = ("image", "command", "args")
# Characters of a command line: Linux takes no more than 2 MiB, and a few sums of itself would fill the memory.
_LARGEST = 1 << 20
# kfp 2.17, `dsl/__init__.py`.
_CONSTANTS = {
    "PIPELINE_JOB_NAME_PLACEHOLDER": "{{$.pipeline_job_name}}",
    "PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER": "{{$.pipeline_job_resource_name}}",
    "PIPELINE_JOB_ID_PLACEHOLDER": "{{$.pipeline_job_uuid}}",
    "PIPELINE_TASK_NAME_PLACEHOLDER": "{{$.pipeline_task_name}}",
    "PIPELINE_TASK_ID_PLACEHOLDER": "{{$.pipeline_task_uuid}}",
    "PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER": "{{$.outputs.output_file}}",
    "PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER": "{{$}}",
    "PIPELINE_ROOT_PLACEHOLDER": "{{$.pipeline_root}}",
    "PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER": "{{$.pipeline_job_create_time_utc}}",
    "PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER": "{{$.pipeline_job_schedule_time_utc}}",
    "WORKSPACE_PATH_PLACEHOLDER": "{{$.workspace_path}}",
}
_METHODS = {"join", "strip", "lstrip", "rstrip"}
_DEDENT = {"textwrap.dedent"}
_IF = "write dsl.IfPresentPlaceholder(input_name=…, then=…, else_=…), which decides when the step runs"
_JOIN = "write an f-string, which kfp can join"
_CONCAT = "join its parts with dsl.ConcatPlaceholder([…]) around it"
_LIST_OF_ARTIFACTS = "pass dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER, and find the artifacts in that JSON"


def container_of(module: Module, function: Function, node: ast.FunctionDef) -> Container:
    """Return the container that a function returns.

    Raises FindingsError with the place of what cannot be known before the code runs, and of what kfp refuses.
    """
    try:
        return _Body.of(module, function).container(node)
    except RecursionError:
        raise _refused(
            module, node, f"{function.name!r} is nested too deeply to be read", "write it in parts"
        ) from None


def _refused(module: Module, node: ast.AST, message: str, advice: str) -> FindingsError:
    where = module.at(node)
    return FindingsError((Finding(rule="F015", severity=Severity.ERROR, message=message, where=where, help=advice),))


class _Artifact(Struct, frozen=True):
    """A parameter for an artifact: its `.path`, `.uri` and `.metadata` are placeholders."""

    side: str
    name: str


class _Metadata(Struct, frozen=True):
    """`.metadata` of an artifact: a placeholder, and with a key in brackets a text."""

    artifact: _Artifact


class _Placeholder(Struct, frozen=True):
    """A placeholder: a text of IR, or the data of a condition or concat. `size` counts the characters in it."""

    form: Any
    size: int = 1


class _ContainerSpec(Struct, frozen=True):
    """A call of `dsl.ContainerSpec`, with its parts."""

    node: ast.Call
    parts: dict[str, tuple[ast.expr, Any]]


class _Body(Struct):
    """Follows the statements of one function; `names` are its parameters and what it has assigned.

    `without` are the parameters that kfp has no placeholder for, with what to do instead.
    """

    module: Module
    inputs: frozenset[str]
    names: dict[str, Any] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, module: Module, function: Function) -> "_Body":
        """Return the body of a function, with a placeholder for each of its parameters."""
        ports = {port.name: port for port in function.interface.inputs}
        outputs = {port.name: port for port in function.interface.outputs}
        body = cls(module, frozenset(ports))
        for binding in function.bindings:
            port: Input | Output = (outputs if binding.output else ports)[binding.port]
            side = "outputs" if binding.output else "inputs"
            if port.many:
                body.without[binding.parameter] = _LIST_OF_ARTIFACTS
            elif binding.passing is Passing.ARTIFACT:
                body.names[binding.parameter] = _Artifact(side, port.name)
            elif port.kind is Kind.PARAMETER:
                file = ".output_file" if binding.output else ""
                body.names[binding.parameter] = _Placeholder(f"{{{{$.{side}.parameters['{port.name}']{file}}}}}")
            else:
                marker = "Output" if binding.output else "Input"
                body.without[binding.parameter] = f"write `{binding.parameter}: {marker}[…]`, and pass its .path"
        return body

    def container(self, node: ast.FunctionDef) -> Container:
        """Return the container that the function returns. Raises FindingsError."""
        for statement in node.body:
            if isinstance(statement, ast.Return):
                made = self.value(statement.value) if statement.value else None
                if isinstance(made, _ContainerSpec):
                    return self.checked(made)
                raise self.refused(statement, "the function does not return dsl.ContainerSpec(…)", "return one")
            self.statement(statement)
        raise self.refused(node, f"{node.name!r} returns nothing", "return dsl.ContainerSpec(image=…, command=[…])")

    def statement(self, node: ast.stmt) -> None:
        """Follow one statement before the end. Raises FindingsError for all but assignments."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.names[name] = self.value(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.names[name] = self.value(value)
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                old, more = self.name(node.target, name), self.value(value)
                if isinstance(old, list):
                    # In place, as in Python: another name may stand for the same list.
                    old += self.items(value, more)
                    self.bounded(node, old)
                else:
                    self.names[name] = self.added(node, old, more)
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=[argument])
            ) if method in {"append", "extend"} and isinstance(self.names.get(name), list):
                more = self.value(argument)
                self.names[name] += [more] if method == "append" else self.items(argument, more)
                self.bounded(node, self.names[name])
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Import() | ast.ImportFrom() | ast.Assert():
                pass
            case ast.If():
                raise self.refused(node, "kfp decides `if` when it compiles, where no input has a value yet", _IF)
            case _:
                what = f"`{ast.unparse(node).splitlines()[0]}`"
                raise self.refused(node, f"{what} cannot be read without running it", "write the command line as lists")

    def value(self, node: ast.expr) -> Any:  # noqa: ANN401, C901, PLR0911 (any value; one case for each form)
        """Return the value of an expression as kfp has it. Raises FindingsError."""
        match node:
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.Attribute(value=owner, attr=attribute) if self.is_ours(owner):
                return self.attribute(node, self.value(owner), attribute)
            case ast.Subscript(value=owner, slice=key) if self.is_ours(owner):
                return self.subscript(node, self.value(owner), key)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return self.bounded(node, list(self.spread(parts)))
            case ast.JoinedStr(values=parts):
                return self.bounded(node, "".join(self.joined(part) for part in parts))
            case ast.BinOp(left=left, op=ast.Add(), right=right) if self.is_ours(node):
                return self.added(node, self.value(left), self.value(right))
            case ast.Call(func=ast.Name(id="str"), args=[argument], keywords=[]):
                return self.text(argument, self.value(argument))
            case ast.Call(func=ast.Attribute(value=owner, attr=method), args=arguments, keywords=[]) if (
                method in _METHODS
            ):
                return self.method(node, self.value(owner), method, arguments)
            case ast.Call(func=called, args=[argument], keywords=[]) if self.module.qualified(called) in _DEDENT:
                return dedent(self.plain(argument, self.value(argument)))
            case ast.Call(func=called):
                made = self.called(node, (self.module.qualified(called) or ""))
                if made is not None:
                    return made
            case ast.IfExp():
                raise self.refused(node, "kfp decides it when it compiles, where no input has a value yet", _IF)
        return self.constant(node)

    def is_ours(self, node: ast.expr) -> bool:
        """Return whether a parameter, a name of the function or one of kfp's classes is part of an expression."""
        return any(
            (isinstance(part, ast.Name) and part.id in self.names) or isinstance(part, ast.Call | ast.JoinedStr)
            for part in ast.walk(node)
        )

    def name(self, node: ast.expr, name: str) -> Any:  # noqa: ANN401 (any value)
        """Return the value of a name. Raises FindingsError for an unknown one."""
        if name in self.names:
            return self.names[name]
        if name in self.without:
            raise self.refused(node, f"kfp has no placeholder for {name!r}", self.without[name])
        value = self.constant(node)
        if isinstance(value, list):
            # The function may change the module's list, and name it again.
            self.names[name] = value
        return value

    def constant(self, node: ast.expr) -> Any:  # noqa: ANN401 (any value)
        """Return the value of an expression without parameters. Raises FindingsError for an unknown one."""
        if constant := _CONSTANTS.get(_of_kfp(self.module.qualified(node) or "")):
            return constant
        try:
            return constant_value(self.module, node)
        except NotKnown as unknown:
            message = f"`{ast.unparse(unknown.args[0])}` is not known before the code runs"
            raise self.refused(node, message, "write the value itself") from None

    def attribute(self, node: ast.expr, owner: Any, attribute: str) -> Any:  # noqa: ANN401 (any value)
        """Return `.path`, `.uri` or `.metadata` of an artifact. Raises FindingsError for others."""
        if isinstance(owner, _Artifact) and attribute in {"path", "uri"}:
            return _Placeholder(f"{{{{$.{owner.side}.artifacts['{owner.name}'].{attribute}}}}}")
        if isinstance(owner, _Artifact) and attribute == "metadata":
            return _Metadata(owner)
        if isinstance(owner, _Artifact):
            raise self.refused(
                node, f"kfp has no placeholder for `.{attribute}` of an artifact", "use .path, .uri or .metadata"
            )
        raise self.refused(node, f"`{ast.unparse(node)}` is not known before the code runs", "pass the input itself")

    def subscript(self, node: ast.expr, owner: Any, key: ast.expr) -> str:  # noqa: ANN401 (any value)
        """Return `.metadata['key']` of an artifact, a text. Raises FindingsError for others."""
        named = self.value(key)
        if isinstance(owner, _Metadata) and isinstance(named, str):
            return f"{{{{$.{owner.artifact.side}.artifacts['{owner.artifact.name}'].metadata['{named}']}}}}"
        raise self.refused(node, f"`{ast.unparse(node)}` is not known before the code runs", "pass the input itself")

    def method(self, node: ast.Call, owner: Any, method: str, arguments: list[ast.expr]) -> str:  # noqa: ANN401 (any value)
        """Return what a method of a text returns. Raises FindingsError for placeholders, which have no such method."""
        text = self.plain(node, owner)
        if method != "join" and not arguments:
            return str(getattr(text, method)())
        if method != "join" or len(arguments) != 1:
            raise self.refused(
                node, f"`{ast.unparse(node)}` is not known before the code runs", "write the value itself"
            )
        (argument,) = arguments
        items = [self.plain(argument, item) for item in self.items(argument, self.value(argument))]
        if len(text) * len(items) > _LARGEST:
            raise self.too_large(node)
        return str(self.bounded(node, text.join(items)))

    def plain(self, node: ast.AST, value: Any) -> str:  # noqa: ANN401 (any value)
        """Return a text. Raises FindingsError for another value, also for a placeholder."""
        if isinstance(value, str):
            return value
        raise self.refused(node, "it is not a text yet when kfp compiles", _JOIN)

    def called(self, node: ast.Call, qualified: str) -> Any:  # noqa: ANN401 (any value)
        """Return what a class of kfp makes; None for other calls. Raises FindingsError."""
        match _of_kfp(qualified):
            case "ContainerSpec":
                given = self.arguments(node, _PARTS)
                return _ContainerSpec(node, {name: (part, self.value(part)) for name, part in given.items()})
            case "ConcatPlaceholder":
                part = self.arguments(node, ("items",))["items"]
                items = self.bounded(part, self.items(part, self.value(part)))
                return _Placeholder({"Concat": [self.form(part, item) for item in items]}, _size(items))
            case "IfPresentPlaceholder":
                given = self.arguments(node, ("input_name", "then", "else_"))
                return self.condition(given)
        return None

    def condition(self, given: Mapping[str, ast.expr]) -> _Placeholder:
        """Return a condition. Raises FindingsError for an unknown input."""
        name = self.value(given["input_name"])
        if not isinstance(name, str):
            raise self.refused(given["input_name"], "the input is not named by a text", "write its name in quotes")
        if name not in self.inputs:
            advice = f"it has: {', '.join(sorted(self.inputs)) or 'none'}"
            raise self.refused(given["input_name"], f"the function has no input {name!r}", advice)
        then, other = self.value(given["then"]), self.value(given["else_"]) if "else_" in given else None
        self.bounded(given["then"], [then, other])
        written = {"InputName": name, "Then": self.branch(given["then"], then)}
        # As in kfp, an empty branch is left out.
        if other:
            written["Else"] = self.branch(given["else_"], other)
        return _Placeholder({"IfPresent": written}, _size([then, other]))

    def branch(self, node: ast.expr, value: Any) -> Any:  # noqa: ANN401 (any value; a text or JSON)
        """Return a branch of a condition: a list, or a single form; None for None."""
        if value is None:
            return None
        return [self.form(node, item) for item in value] if isinstance(value, list) else self.form(node, value)

    def arguments(self, node: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
        """Return the arguments of a call by name; the first of `names` is needed. Raises FindingsError."""
        given = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg not in names:
                raise self.refused(
                    keyword.value, f"kfp knows no argument {keyword.arg!r} here", f"it takes {', '.join(names)}"
                )
            given[keyword.arg] = keyword.value
        needed = names[:2] if "then" in names else names[:1]
        if len(node.args) > len(names) or not given.keys() >= set(needed):
            raise self.refused(
                node, f"`{ast.unparse(node.func)}` has the wrong arguments", f"it takes {', '.join(names)}"
            )
        return given

    def spread(self, parts: list[ast.expr]) -> Iterator[Any]:
        """Yield the values of a list's parts, with `*other` spread out."""
        for part in parts:
            if isinstance(part, ast.Starred):
                yield from self.items(part.value, self.value(part.value))
            else:
                yield self.value(part)

    def items(self, node: ast.AST, value: Any) -> list[Any]:  # noqa: ANN401 (any value)
        """Return the items of a list. Raises FindingsError for another value."""
        if not isinstance(value, list | tuple):
            raise self.refused(node, "it is not a list", "write a list of texts and placeholders")
        return list(value)

    def joined(self, part: ast.expr) -> str:
        """Return a part of an f-string as text. Raises FindingsError."""
        if isinstance(part, ast.Constant):
            return str(part.value)
        if isinstance(part, ast.FormattedValue) and part.conversion in {-1, ord("s")} and part.format_spec is None:
            return self.text(part.value, self.value(part.value))
        raise self.refused(part, "kfp has no value yet that it could format", "write the input alone in the braces")

    def text(self, node: ast.AST, value: Any) -> str:  # noqa: ANN401 (any value)
        """Return a value as `str` gives it. Raises FindingsError for those that kfp refuses."""
        match value:
            case _Placeholder(form=str(text)):
                return text
            case _Placeholder():
                raise self.refused(node, "kfp cannot put a condition or a concat into a text", _CONCAT)
            case _Metadata():
                return _metadata_text(value)
            case str() | bool() | int() | float():
                return str(value)
        raise self.refused(node, "it is not a text", "use .path or .uri of an artifact, and texts")

    def added(self, node: ast.AST, left: Any, right: Any) -> Any:  # noqa: ANN401 (any value)
        """Return the sum of two texts or lists. Raises FindingsError for placeholders, which kfp cannot add."""
        if isinstance(left, list) and isinstance(right, list | tuple):
            return self.bounded(node, [*left, *right])
        if isinstance(left, str) and isinstance(right, str):
            return self.bounded(node, left + right)
        raise self.refused(node, "kfp cannot add a placeholder to a text", _JOIN)

    def form(self, node: ast.AST, value: Any) -> Any:  # noqa: ANN401 (a text or JSON)
        """Return an item of a command line in IR's form. Raises FindingsError for what kfp takes no item of."""
        match value:
            case _Placeholder(form=form):
                return form
            case str():
                return value
            case _Metadata():
                return _metadata_text(value)
            case _Artifact(name=name):
                raise self.refused(node, f"kfp cannot pass the artifact {name!r} itself", "pass its .path or .uri")
            case bool() | int() | float():
                raise self.refused(node, f"kfp takes texts, and this is {value!r}", f"write {str(value)!r}")
        raise self.refused(node, "kfp takes texts and placeholders alone", "write its words one by one")

    def checked(self, made: _ContainerSpec) -> Container:
        """Return the container. Raises FindingsError."""
        node, image = made.parts["image"]
        if not isinstance(image, str) or not image or "{{" in image:
            raise self.refused(node, "the image is not a plain text, as contracts have it", "name one image")
        command, args = (self.words(made, key) for key in ("command", "args"))
        return Container(image=image, command=command, args=args)

    def words(self, made: _ContainerSpec, key: str) -> tuple[Argument, ...]:
        """Return the arguments of `command` or `args`. Raises FindingsError."""
        node, value = made.parts.get(key, (made.node, []))
        arguments = []
        for index, item in enumerate(self.items(node, [] if value is None else value)):
            elements = node.elts if isinstance(node, ast.List | ast.Tuple) else []
            spread = any(isinstance(element, ast.Starred) for element in elements)
            at = elements[index] if index < len(elements) and not spread else node
            form = self.form(at, item)
            try:
                arguments.append(read_ir_argument(form if isinstance(form, str) else json.dumps(form)))
            except InputError as error:
                raise self.refused(at, error.message, "write it with the placeholders of kfp.dsl") from None
        return tuple(arguments)

    def bounded(self, node: ast.AST, value: Any) -> Any:  # noqa: ANN401 (any value)
        """Return a text or list. Raises FindingsError for a larger one than a command line can be."""
        if _size(value) > _LARGEST:
            raise self.too_large(node)
        return value

    def too_large(self, node: ast.AST) -> FindingsError:
        """Return the error for a value that is larger than a command line."""
        return self.refused(node, f"it has more than {_LARGEST:,} characters", "pass it in a file")

    def refused(self, node: ast.AST, message: str, advice: str) -> FindingsError:
        """Return the error for code that cannot be followed, at its place."""
        return _refused(self.module, node, message, advice)


def _size(value: Any) -> int:  # noqa: ANN401 (any value)
    """Return the characters in a value; an item of a list counts one more."""
    if isinstance(value, list):
        return sum(_size(item) + 1 for item in value)
    return value.size if isinstance(value, _Placeholder) else len(value) if isinstance(value, str) else 1


def _metadata_text(metadata: _Metadata) -> str:
    return f"{{{{$.{metadata.artifact.side}.artifacts['{metadata.artifact.name}'].metadata}}}}"


def _of_kfp(qualified: str) -> str:
    """Return the bare name of something of kfp's; empty for everything else."""
    return qualified.rpartition(".")[2] if qualified.partition(".")[0] == "kfp" else ""
