"""The values that the steps of a local run pass on, and the placeholders in constants and commands.

KFP's driver and launcher (2.17) decide the forms: a whole number has no `.0`, a text stands as it is, and everything
else is JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolkit.errors import InputError
from toolkit.forms.ir_values import default_text, whole
from toolkit.interface.model import FALSE_WORDS, TRUE_WORDS

_PLACEHOLDER = re.compile(r"\{\{\$\.([^{}]+)\}\}")
_PARAMETER = re.compile(r"""inputs\.parameters\[(['"])(.+)\1\]""")


class Parameter(Struct, frozen=True, kw_only=True):
    """A JSON value, in which whole numbers are integers."""

    value: Any


class Artifact(Struct, frozen=True, kw_only=True):
    """A file or folder on this machine, with its type such as system.Dataset and the digest of its content."""

    path: Path
    schema: str
    digest: str
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class Gathered(Struct, frozen=True, kw_only=True):
    """The outputs of all iterations of a loop, in order; those of a loop in the loop follow one another."""

    items: tuple[Parameter | Artifact, ...]


Value = Parameter | Artifact | Gathered


def parameter(value: Any) -> Parameter:  # noqa: ANN401 (a JSON value)
    """Return a parameter with a JSON value of an IR document, in which every number is a double."""
    return Parameter(value=whole(value))


def parse_value(text: str, type_: str) -> Any:  # noqa: ANN401 (a JSON value)
    """Return the JSON value of a text, as a program writes it, by its type in a contract. Raises ValueError."""
    match type_.lower():
        case "integer" | "float":
            number = whole(float(text)) if not text.strip().lstrip("-+").isdigit() else int(text)
            if type_.lower() == "integer" and not isinstance(number, int):
                raise ValueError(text)
            return number
        case "boolean":
            word = text.strip().lower()
            if word not in TRUE_WORDS | FALSE_WORDS:
                raise ValueError(text)
            return word in TRUE_WORDS
        case "jsonarray" | "jsonobject":
            return whole(json.loads(text))
        case _:
            return text


def command_text(value: Any) -> str:  # noqa: ANN401 (a JSON value)
    """Return a value as KFP's launcher writes it into a command line."""
    return default_text(value)


def plain_value(value: Value) -> Any:  # noqa: ANN401 (a JSON value)
    """Return the JSON value of a parameter, and of the parameters that a loop gathered."""
    match value:
        case Parameter():
            return value.value
        case Gathered():
            return [item.value for item in value.items if isinstance(item, Parameter)]
        case Artifact():
            raise InputError("an artifact is given where a value is expected")


def artifacts_of(value: Value) -> tuple[Artifact, ...]:
    """Return the artifacts of a value: one, or those that a loop gathered."""
    match value:
        case Artifact():
            return (value,)
        case Gathered():
            return tuple(item for item in value.items if isinstance(item, Artifact))
        case Parameter():
            raise InputError(f"the value {command_text(value.value)[:60]!r} is given where an artifact is expected")


def value_of_json(value: Any) -> Any:  # noqa: ANN401 (a JSON value)
    """Return the value of a text of JSON, as KFP passes lists and objects for a String; any other value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return whole(json.loads(value))
    except (ValueError, RecursionError):
        return value


def member_of(value: Value, members: tuple[str, ...]) -> Value:
    """Return a part of a JSON value. Raises InputError if the value does not have it."""
    if not members:
        return value
    part = plain_value(value)
    for name in members:
        # `parseJson`
        part = value_of_json(part)
        if not isinstance(part, dict) or name not in part:
            raise InputError(f"a step takes the member {name!r} of {command_text(plain_value(value))[:80]!r}")
        part = part[name]
    return Parameter(value=part)


def gathered(values: Iterator[Value]) -> Gathered:
    """Return the outputs of all iterations as one value."""
    items: list[Parameter | Artifact] = []
    for value in values:
        items += value.items if isinstance(value, Gathered) else (value,)
    return Gathered(items=tuple(items))


def filled(value: Any, inputs: Mapping[str, Value], job: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON values)
    """Return a constant with its placeholders replaced: the step's inputs, and the facts of the run in `job`.

    A placeholder that is in neither stays as it is.
    """
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: _replaced(match, inputs, job), value)
    if isinstance(value, list):
        return [filled(item, inputs, job) for item in value]
    if isinstance(value, dict):
        return {key: filled(item, inputs, job) for key, item in value.items()}
    return value


def _replaced(match: re.Match[str], inputs: Mapping[str, Value], job: Mapping[str, str]) -> str:
    """Return the text in the place of a placeholder."""
    if match[1] in job:
        return job[match[1]]
    named = _PARAMETER.fullmatch(match[1])
    if named is not None and named[2] in inputs:
        return command_text(plain_value(inputs[named[2]]))
    return match[0]
