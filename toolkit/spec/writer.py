"""Write the model as `component.yaml`: block style outside, one line for each port, equal bytes for equal models."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from toolkit.errors import InputError
from toolkit.interface.model import Input, Output, Scalar
from toolkit.redaction import clean, visible
from toolkit.spec.document import LINE_BREAK
from toolkit.spec.graph_form import graph_data
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
_ENDLESS = 1 << 30
# What some YAML 1.1 or 1.2 reader takes for a number, a date or a boolean, beyond what PyYAML quotes by itself.
_LIKE_ANOTHER_TYPE = re.compile(r"[-+]?(?:\d|\.\d)[\w.:+-]*|[-+]?\.(?:inf|nan)|[yn]", re.IGNORECASE)


def write_component(spec: ComponentSpec) -> str:
    """Write the contract, without what is secret; reading it back gives an equal model."""
    spec = clean(spec)
    lines = [_block("name", spec.name)] if spec.name else []
    if spec.description:
        lines += _description(spec.description)
    if spec.annotations or spec.labels:
        lines.append("metadata:")
        for key, values in (("annotations", spec.annotations), ("labels", spec.labels)):
            if values:
                lines += [f"  {key}:", *(f"    {_block(name, value)}" for name, value in values.items())]
    if spec.interface.inputs:
        lines += ["inputs:", *(f"- {_flow(_input(port))}" for port in spec.interface.inputs)]
    if spec.interface.outputs:
        lines += ["outputs:", *(f"- {_flow(_output(port))}" for port in spec.interface.outputs)]
    lines += _implementation(spec.implementation)
    if spec.version:
        lines.append(_block("version", spec.version))
    return "\n".join(lines) + "\n"


def _implementation(implementation: Container | Graph | None) -> list[str]:
    match implementation:
        case Container():
            return ["implementation:", "  container:", *_container(implementation)]
        case Graph():
            return ["implementation:", "  graph:", *_graph(implementation)]
        case None:
            return ["implementation: null"]


def _description(text: str) -> list[str]:
    plain = all(line == line.rstrip() and line.isprintable() for line in text.split("\n"))
    if "\n" in text and plain and not text.startswith((" ", "\n")) and not text.endswith("\n"):
        return ["description: |-", *(f"  {line}" if line else "" for line in text.split("\n"))]
    return [_block("description", text)]


def _input(port: Input) -> dict[str, Any]:
    written: dict[str, Any] = {"name": port.name, **_type(port.type)}
    if port.default is not None:
        written["default"] = port.default
    if port.optional:
        written["optional"] = True
    if port.description:
        written["description"] = port.description
    return written | _annotations(port, port.choices)


def _output(port: Output) -> dict[str, Any]:
    written: dict[str, Any] = {"name": port.name, **_type(port.type)}
    if port.description:
        written["description"] = port.description
    return written | _annotations(port, ())


def _annotations(port: Input | Output, choices: Sequence[Scalar]) -> dict[str, Any]:
    ours = {"choices": list(choices) or None, "list": port.many or None}
    written = {**{key: value for key, value in ours.items() if value is not None}, **port.annotations}
    return {"annotations": written} if written else {}


def _type(name: str) -> dict[str, Any]:
    if not name:
        return {}
    return {"type": _structure(name)}


def _structure(name: str) -> Any:  # noqa: ANN401 (any JSON value)
    """Turn a type that the reader keeps as JSON text back into what it stands for."""
    if not name.startswith(("{", "[")):
        return name
    try:
        value = json.loads(name)
    except ValueError:
        return name
    return value if json.dumps(value, sort_keys=True, separators=(",", ":")) == name else name


def _container(container: Container) -> list[str]:
    lines = ["    " + _block("image", container.image)]
    for key, arguments in (("command", container.command), ("args", container.args)):
        if arguments:
            lines += _wrapped(f"    {key}: ", [_argument(argument) for argument in arguments])
    for key, values in (("env", container.env), ("fileOutputs", container.file_outputs)):
        if values:
            lines += [f"    {key}:", *(f"      {_block(name, value)}" for name, value in values.items())]
    return lines


def _graph(graph: Graph) -> list[str]:
    text: str = dumped(graph_data(graph, _inner, _structure), width=_WIDTH, sort_keys=False)
    # Only line breaks that YAML itself would fold: texts with others are quoted and escaped.
    return [f"    {line}" if line else "" for line in text.rstrip("\n").split("\n")]


def _inner(spec: ComponentSpec) -> Any:  # noqa: ANN401 (what YAML takes)
    """Give a component inside a graph as data: what reading its own text would give."""
    return yaml.safe_load(write_component(spec))


def _argument(argument: Argument, *, inside_concat: bool = False) -> Any:  # noqa: ANN401 (what YAML takes)
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
            return {"concat": [_argument(item, inside_concat=True) for item in argument.items]}
        case IfPlaceholder():
            written: dict[str, Any] = {"cond": _condition(argument)}
            written["then"] = _branch(argument.then, inside_concat=inside_concat)
            if argument.otherwise:
                written["else"] = _branch(argument.otherwise, inside_concat=inside_concat)
            return {"if": written}


def _branch(items: tuple[Argument, ...], *, inside_concat: bool) -> Any:  # noqa: ANN401 (what YAML takes)
    """Write a list; KFP 2 reads no list inside `concat`, and outside of it not every single item."""
    written = [_argument(item, inside_concat=inside_concat) for item in items]
    return written[0] if inside_concat and len(written) == 1 else written


def _condition(argument: IfPlaceholder) -> Any:  # noqa: ANN401 (what YAML takes)
    match argument.condition:
        case IsPresent():
            return {"isPresent": argument.condition.input}
        case PortPlaceholder():
            return {argument.condition.kind: argument.condition.port}
        case _:
            return argument.condition


def _wrapped(head: str, items: list[Any]) -> list[str]:
    """Write a flow list on as few lines as fit, broken between items only, flags kept with what follows them."""
    indent = " " * (len(head) + 1)
    lines, line = [], head + "["
    for index, item in enumerate(items):
        text = _flow(item) + ("," if index + 1 < len(items) else "]")
        following = items[index + 1] if index + 1 < len(items) else None
        ahead = len(_flow(following)) + 1 if isinstance(item, str) and isinstance(following, Mapping) else 0
        if len(line) + len(text) + ahead + 1 > _WIDTH and line.strip() not in {"[", ""} and not line.endswith("["):
            lines.append(line.rstrip())
            line = indent
        line += text if line.endswith("[") or line == indent else f" {text}"
    return [*lines, line]


class Dumper(yaml.SafeDumper):
    """Quotes what any YAML reader could take for something other than a string; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 (the signature is PyYAML's)
        """Write equal values out each time."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if not is_text(text):
        raise InputError(
            f"{text[:80]!r} holds half of a character, which no contract can hold", hint="write the whole character"
        )
    # What steers a terminal is escaped, which only this style can.
    style = (
        '"' if LINE_BREAK.search(text) or visible(text) != text else "'" if _LIKE_ANOTHER_TYPE.fullmatch(text) else None
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


Dumper.add_representer(str, _text)
Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null"))


def dumped(value: object, **options: Any) -> str:  # noqa: ANN401 (as yaml.dump)
    """Write data as YAML, with the project's quotes, and without characters that steer a terminal."""
    return visible(yaml.dump(value, Dumper=Dumper, allow_unicode=True, **options))


def _block(key: str, value: str) -> str:
    # A mapping would be dumped in the explicit form (`? key`) where the key is long or has more than one line.
    text = dumped(value, width=_ENDLESS)
    scalar = text.removesuffix("...\n").rstrip("\n")
    return f"{_flow(key)}: {scalar}"


def _flow(value: object) -> str:
    text = dumped([value], default_flow_style=True, width=_ENDLESS, sort_keys=False)
    return text.rstrip("\n")[1:-1]
