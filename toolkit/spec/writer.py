"""Write the model as `component.yaml`: a line for each port, and equal bytes for equal models."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from toolkit.digest import canonical_json
from toolkit.errors import InputError
from toolkit.interface.model import Input, Output, Scalar
from toolkit.redaction import clean, visible
from toolkit.spec.document import LINE_BREAK
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    Container,
    ExecutorInputPlaceholder,
    Graph,
    IfPlaceholder,
    IsPresent,
    OutputMetadataPlaceholder,
    PortPlaceholder,
)
from toolkit.words import is_text

_WIDTH = 110
# A width at which PyYAML never folds, so that a port stays on its line.
_ENDLESS = 1 << 30
# Texts that a reader of YAML 1.1 or 1.2 takes for a number, a date or a boolean, and that PyYAML does not quote.
_LIKE_ANOTHER_TYPE = re.compile(r"[-+]?(?:\d|\.\d)[\w.:+-]*|[-+]?\.(?:inf|nan)|[yn]", re.IGNORECASE)


def write_component(spec: ComponentSpec) -> str:
    """Return the contract's text, without secrets; reading it gives an equal model."""
    spec = clean(spec)
    lines = [key_and_value("name", spec.name)] if spec.name else []
    if spec.description:
        lines += _description(spec.description)
    if spec.annotations or spec.labels:
        lines.append("metadata:")
        for key, values in (("annotations", spec.annotations), ("labels", spec.labels)):
            if values:
                lines += [f"  {key}:", *(f"    {key_and_value(name, value)}" for name, value in values.items())]
    if spec.interface.inputs:
        lines += ["inputs:", *(f"- {flow(_input(port))}" for port in spec.interface.inputs)]
    if spec.interface.outputs:
        lines += ["outputs:", *(f"- {flow(_output(port))}" for port in spec.interface.outputs)]
    lines += _implementation(spec.implementation)
    if spec.version:
        lines.append(key_and_value("version", spec.version))
    return "\n".join(lines) + "\n"


def write_argument(argument: Argument) -> str:
    """Return one argument of `command` or `args` as YAML in flow style."""
    return flow(argument_data(argument))


def _implementation(implementation: Container | Graph | None) -> list[str]:
    """Return the lines of a container, a graph or neither."""
    match implementation:
        case Container():
            return ["implementation:", "  container:", *_container(implementation)]
        case Graph():
            return ["implementation:", "  graph:", *_graph(implementation)]
        case None:
            return ["implementation: null"]


def _description(text: str) -> list[str]:
    """Return the lines of a description, in literal style if that can hold it."""
    plain = all(line == line.rstrip() and line.isprintable() for line in text.split("\n"))
    # The style cannot begin with a space unless it states an indentation, and `-` drops line ends at its end.
    if "\n" in text and plain and not text.startswith((" ", "\n")) and not text.endswith("\n"):
        return ["description: |-", *(f"  {line}" if line else "" for line in text.split("\n"))]
    return [key_and_value("description", text)]


def _input(port: Input) -> dict[str, Any]:
    """Return an input as a mapping, in the order in which its line has the keys."""
    written: dict[str, Any] = {"name": port.name, **_type(port.type)}
    if port.default is not None:
        written["default"] = port.default
    if port.optional:
        written["optional"] = True
    if port.description:
        written["description"] = port.description
    return written | _annotations(port, port.choices)


def _output(port: Output) -> dict[str, Any]:
    """Return an output as a mapping, in the order in which its line has the keys."""
    written: dict[str, Any] = {"name": port.name, **_type(port.type)}
    if port.description:
        written["description"] = port.description
    return written | _annotations(port, ())


def _annotations(port: Input | Output, choices: Sequence[Scalar]) -> dict[str, Any]:
    """Return the annotations as one key, with those that stand for choices and lists; an empty mapping without any."""
    ours = {"choices": list(choices) or None, "list": port.many or None}
    written = {**{key: value for key, value in ours.items() if value is not None}, **port.annotations}
    return {"annotations": written} if written else {}


def _type(name: str) -> dict[str, Any]:
    """Return the type as one key; an empty mapping without one."""
    if not name:
        return {}
    return {"type": _structure(name)}


def _structure(name: str) -> Any:  # noqa: ANN401 (any JSON value)
    """Return the data of a type that the reader keeps as JSON text."""
    if not name.startswith(("{", "[")):
        return name
    try:
        value = json.loads(name)
    except ValueError:
        return name
    # A text that only looks like JSON would come back as another text.
    return value if canonical_json(value, ascii_only=True).decode() == name else name


def _container(container: Container) -> list[str]:
    """Return the lines of a container."""
    lines = ["    " + key_and_value("image", container.image)]
    for key, arguments in (("command", container.command), ("args", container.args)):
        if arguments:
            lines += _wrapped(f"    {key}: ", [argument_data(argument) for argument in arguments])
    for key, values in (("env", container.env), ("fileOutputs", container.file_outputs)):
        if values:
            lines += [f"    {key}:", *(f"      {key_and_value(name, value)}" for name, value in values.items())]
    return lines


def _graph(graph: Graph) -> list[str]:
    """Return the lines of a graph."""
    data = {"tasks": dict(graph.tasks)} | ({"outputValues": dict(graph.outputs)} if graph.outputs else {})
    # Only folded texts span lines, and YAML ignores how far those are indented.
    lines = dumped(data, width=_WIDTH, sort_keys=False).rstrip("\n").split("\n")
    return [f"    {line}" if line else "" for line in lines]


def argument_data(argument: Argument, *, inside_concat: bool = False) -> Any:  # noqa: ANN401 (what YAML takes)
    """Return an argument as YAML has it, a text or a mapping with one key."""
    match argument:
        case str():
            return argument
        case PortPlaceholder():
            return {argument.kind: argument.port}
        case ExecutorInputPlaceholder():
            return {"executorInput": None}
        case OutputMetadataPlaceholder():
            return {"outputMetadata": None}
        case ConcatPlaceholder():
            return {"concat": [argument_data(item, inside_concat=True) for item in argument.items]}
        case IfPlaceholder():
            written: dict[str, Any] = {"cond": _condition(argument)}
            written["then"] = _branch(argument.then, inside_concat=inside_concat)
            if argument.otherwise:
                written["else"] = _branch(argument.otherwise, inside_concat=inside_concat)
            return {"if": written}


def _branch(items: tuple[Argument, ...], *, inside_concat: bool) -> Any:  # noqa: ANN401 (what YAML takes)
    """Return a list of arguments, or a single one inside `concat`, where KFP 2 reads no list."""
    written = [argument_data(item, inside_concat=inside_concat) for item in items]
    return written[0] if inside_concat and len(written) == 1 else written


def _condition(argument: IfPlaceholder) -> Any:  # noqa: ANN401 (what YAML takes)
    """Return a condition as YAML has it."""
    match argument.condition:
        case IsPresent():
            return {"isPresent": argument.condition.input}
        case PortPlaceholder():
            return {argument.condition.kind: argument.condition.port}
        case _:
            return argument.condition


def _wrapped(head: str, items: list[Any]) -> list[str]:
    """Return a flow list on as few lines as fit, broken between items only; a flag stays with its value."""
    indent = " " * (len(head) + 1)
    lines, line = [], head + "["
    for index, item in enumerate(items):
        text = flow(item) + ("," if index + 1 < len(items) else "]")
        following = items[index + 1] if index + 1 < len(items) else None
        ahead = len(flow(following)) + 1 if isinstance(item, str) and isinstance(following, Mapping) else 0
        if len(line) + len(text) + ahead + 1 > _WIDTH and line.strip() not in {"[", ""} and not line.endswith("["):
            lines.append(line.rstrip())
            line = indent
        line += text if line.endswith("[") or line == indent else f" {text}"
    return [*lines, line]


class Dumper(yaml.SafeDumper):
    """Quotes every text that a YAML reader could take for another type, and writes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 (the signature is PyYAML's)
        """Write equal values in full each time."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Return the node of a text, quoted if it looks like another type. Raises InputError for half a character."""
    if not is_text(text):
        raise InputError(
            f"{text[:80]!r} has half of a character, which no contract can hold", hint="write the whole character"
        )
    # Only this style can escape characters that steer a terminal.
    style = (
        '"' if LINE_BREAK.search(text) or visible(text) != text else "'" if _LIKE_ANOTHER_TYPE.fullmatch(text) else None
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


class Block(str):
    """A text of several lines that YAML writes line by line, if all of its characters can stand so."""

    __slots__ = ()


def _block_text(dumper: yaml.SafeDumper, text: Block) -> yaml.ScalarNode:
    """Return the node of such a text."""
    if visible(text) != text or LINE_BREAK.sub("", text.replace("\n", "")) != text.replace("\n", ""):
        return _text(dumper, text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, "|")


Dumper.add_representer(str, _text)
Dumper.add_representer(Block, _block_text)
Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null"))


def dumped(value: object, **options: Any) -> str:  # noqa: ANN401 (as yaml.dump)
    """Return data as YAML, with the project's quotes, and without characters that steer a terminal."""
    return visible(yaml.dump(value, Dumper=Dumper, allow_unicode=True, **options))


def key_and_value(key: str, value: str) -> str:
    """Return `key: value` in block style, on one line."""
    # PyYAML dumps a mapping with a long key, or one of several lines, in the explicit form (`? key`).
    text = dumped(value, width=_ENDLESS)
    # PyYAML ends a document that is a plain text with `...`.
    scalar = text.removesuffix("...\n").rstrip("\n")
    return f"{flow(key)}: {scalar}"


def flow(value: object) -> str:
    """Return a value on one line in flow style, in which texts with commas or brackets get quotes."""
    # As the item of a list, since PyYAML writes a text that stands alone in block style.
    text = dumped([value], default_flow_style=True, width=_ENDLESS, sort_keys=False)
    return text.rstrip("\n")[1:-1]
