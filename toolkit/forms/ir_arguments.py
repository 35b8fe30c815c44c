"""Arguments in KFP v2 IR: texts with placeholders in double braces, and conditions as JSON in a text.

The forms are those of kfp 2.17 (`kfp/dsl/placeholders.py`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.errors import InputError
from toolkit.interface.model import Interface, Kind
from toolkit.spec.model import (
    Argument,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    OutputMetadataPlaceholder,
    PlaceholderKind,
    PortPlaceholder,
)

_PLACEHOLDER = re.compile(
    r"""\{\{\$(?:\.(?P<side>inputs|outputs)\.(?P<group>parameters|artifacts)
    \[(?P<quote>['"])(?P<name>[^'"\]]+)(?P=quote)\](?:\.(?P<field>path|uri|output_file))?)?\}\}""",
    re.VERBOSE,
)
_KINDS: Mapping[tuple[str, str, str | None], PlaceholderKind] = {
    ("inputs", "parameters", None): "inputValue",
    ("inputs", "artifacts", "path"): "inputPath",
    ("inputs", "artifacts", "uri"): "inputUri",
    ("outputs", "parameters", "output_file"): "outputPath",
    ("outputs", "artifacts", "path"): "outputPath",
    ("outputs", "artifacts", "uri"): "outputUri",
}
# Every part of the toolkit follows arguments by recursion.
_DEEPEST = 50


class IrArguments:
    """Writes the arguments of one interface. `keys` has the name in IR of each port, by direction and name."""

    def __init__(self, interface: Interface, keys: Mapping[tuple[str, str], str]) -> None:
        self._keys = keys
        self._kinds = {("input", port.name): port.kind for port in interface.inputs}
        self._kinds |= {("output", port.name): port.kind for port in interface.outputs}
        # A list of artifacts has no path: the launcher takes it from the executor input.
        self._lists = {("input", port.name) for port in interface.inputs if port.many}
        self._lists |= {("output", port.name) for port in interface.outputs if port.many}

    def written(self, arguments: tuple[Argument, ...]) -> list[str]:
        """Return the texts of `command` or `args`. Raises InputError for arguments that KFP 2 does not know."""
        return [self._text(argument) for argument in self._passable(arguments)]

    def _passable(self, arguments: tuple[Argument, ...]) -> Iterator[Argument]:
        """Yield the arguments without the paths of lists of artifacts, and without the flags before those."""
        for argument, following in zip(arguments, (*arguments, "")[1:], strict=True):
            if self._is_list(argument) or (isinstance(argument, str) and self._is_list(following)):
                continue
            if isinstance(argument, IfPlaceholder) and argument.then and not list(self._passable(argument.then)):
                continue
            yield argument

    def _is_list(self, argument: Argument) -> bool:
        """Whether an argument is the path of a list of artifacts."""
        return isinstance(argument, PortPlaceholder) and _side(argument) in self._lists

    def _text(self, argument: Argument) -> str:
        """Return an argument as one text; conditions and concats are JSON in it."""
        form = self._form(argument, inside_concat=False)
        return form if isinstance(form, str) else json.dumps(form, ensure_ascii=False)

    def _form(self, argument: Argument, *, inside_concat: bool) -> Any:  # noqa: ANN401 (a text or JSON)
        """Return an argument as a text, or as data inside of a condition or concat. Raises InputError."""
        match argument:
            case str():
                return argument
            case ExecutorInputPlaceholder():
                return "{{$}}"
            case PortPlaceholder():
                return self._port(argument)
            case ConcatPlaceholder():
                parts = [self._form(item, inside_concat=True) for item in argument.items]
                # KFP's server (2.17) passes the JSON of a concat on as it is, but fills in placeholders within a text.
                return "".join(parts) if _can_be_joined(parts) else {"Concat": parts}
            case IfPlaceholder(condition=IsPresent(input=name)):
                if ("input", name) not in self._keys:
                    raise InputError(f"an argument names the input {name!r}, which is missing")
                written = {
                    "InputName": self._keys["input", name],
                    "Then": self._branch(argument.then, inside_concat=inside_concat),
                }
                if argument.otherwise:
                    written["Else"] = self._branch(argument.otherwise, inside_concat=inside_concat)
                return {"IfPresent": written}
            case IfPlaceholder():
                raise InputError("KFP 2 has no condition but isPresent", hint="write `cond: {isPresent: …}`")
            case OutputMetadataPlaceholder():
                raise InputError("KFP 2 does not know outputMetadata", hint="read executorInput instead")

    def _branch(self, items: tuple[Argument, ...], *, inside_concat: bool) -> Any:  # noqa: ANN401 (a text or JSON)
        """Return a branch of a condition: a list, but a single form inside a concat. Raises InputError."""
        written = [self._form(item, inside_concat=inside_concat) for item in self._passable(items)]
        if not inside_concat:
            return written
        if len(written) != 1:
            raise InputError("KFP 2 takes no list in an `if` inside `concat`", hint="join its items with a concat")
        return written[0]

    def _port(self, argument: PortPlaceholder) -> str:
        """Return IR's text for a placeholder. Raises InputError for a kind that does not fit the port."""
        side = _side(argument)
        if side not in self._keys:
            raise InputError(f"an argument names the {side[0]} {side[1]!r}, which is missing")
        name, parameter = self._keys[side], self._kinds[side] is Kind.PARAMETER
        match argument.kind:
            case "inputValue" if parameter:
                return f"{{{{$.inputs.parameters['{name}']}}}}"
            case "inputPath" | "inputUri" if not parameter:
                # The rest of the kind's name is the field: `path` for inputPath, `uri` for inputUri.
                return f"{{{{$.inputs.artifacts['{name}'].{argument.kind[5:].lower()}}}}}"
            case "outputPath" if parameter:
                return f"{{{{$.outputs.parameters['{name}'].output_file}}}}"
            case "outputPath" | "outputUri" if not parameter:
                return f"{{{{$.outputs.artifacts['{name}'].{argument.kind[6:].lower()}}}}}"
            case "inputMetadata" | "inputOutputPortName":
                raise InputError(f"KFP 2 does not know {argument.kind}", hint="read executorInput instead")
            case _:
                what = "parameter" if parameter else "artifact"
                raise InputError(
                    f"KFP 2 cannot pass the {what} {argument.port!r} as {argument.kind}",
                    hint="give it the type of an artifact, or pass it by value"
                    if parameter
                    else "give it a parameter's type such as String, or pass its path",
                )


def _side(argument: PortPlaceholder) -> tuple[str, str]:
    """Return the direction and name of a placeholder's port."""
    return ("input" if argument.kind.startswith("input") else "output"), argument.port


def _can_be_joined(parts: list[Any]) -> bool:
    """Return whether the parts of a concat are read back from one text."""
    if not all(isinstance(part, str) for part in parts):
        return False
    text = "".join(parts)
    return _json(text) is None and _read_text(text) == ConcatPlaceholder(
        items=tuple(_read_text(part) for part in parts)
    )


def read_ir_argument(text: str) -> Argument:
    """Read one text of `command` or `args`; placeholders that a contract has no form of stay text."""
    if text.lstrip().startswith('{"') and (form := _json(text)) is not None:
        return _read_form(form)
    return _read_text(text)


def _json(text: str) -> Any:  # noqa: ANN401 (JSON)
    """Return the data of a concat or a condition; None for any other text."""
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        return None
    # A program may take JSON of its own as an argument, which stays text.
    return form if isinstance(form, dict) and set(form) in ({"Concat"}, {"IfPresent"}) else None


def _read_form(form: Any, depth: int = 0) -> Argument:  # noqa: ANN401 (JSON)
    """Return the argument of a text or a parsed form. Raises InputError for a form that kfp does not write."""
    if depth > _DEEPEST:
        raise InputError(f"an argument is nested more than {_DEEPEST} deep", hint="join its parts in the program")
    match form:
        case str():
            return _read_text(form)
        # A mapping pattern ignores other keys, which must not be lost.
        case {"Concat": list(items)} if len(form) == 1:
            return ConcatPlaceholder(items=tuple(_read_form(item, depth + 1) for item in items))
        case {"IfPresent": {"InputName": str(name), "Then": then, **rest}} if len(form) == 1 and set(rest) <= {"Else"}:
            return IfPlaceholder(
                condition=IsPresent(input=name),
                then=_several(then, depth + 1),
                otherwise=_several(rest.get("Else", []), depth + 1),
            )
        case _:
            raise InputError(f"an argument is not a placeholder of KFP 2: {json.dumps(form)[:80]}")


def _several(form: Any, depth: int) -> tuple[Argument, ...]:  # noqa: ANN401 (JSON)
    """Return the arguments of a branch, which may be a single one."""
    return tuple(_read_form(item, depth) for item in (form if isinstance(form, list) else [form]))


def _read_text(text: str) -> Argument:
    """Return a text as an argument; one with placeholders among other parts is a concat."""
    parts: list[Argument] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        placeholder = _placeholder(match)
        if placeholder is not None:
            parts += [text[end : match.start()], placeholder]
            end = match.end()
    parts = [part for part in (*parts, text[end:]) if part != ""]
    if not parts:
        return ""
    return parts[0] if len(parts) == 1 else ConcatPlaceholder(items=tuple(parts))


def _placeholder(match: re.Match[str]) -> Argument | None:
    """Return the argument of a placeholder; None for one that contracts do not have."""
    if match["name"] is None:
        return ExecutorInputPlaceholder()
    kind = _KINDS.get((match["side"], match["group"], match["field"]))
    return None if kind is None else PortPlaceholder(kind=kind, port=match["name"])
