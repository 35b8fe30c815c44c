"""The inputs of a run: what the user names, checked against the contract and divided into values and artifacts."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from toolkit.errors import InputError, UsageError
from toolkit.interface.model import FALSE_WORDS, TRUE_WORDS, Input, Interface, Kind, Scalar
from toolkit.spec.model import ComponentSpec
from toolkit.words import did_you_mean, shortened

_SHOWN = 200
_EXAMPLES = {"Integer": "3", "Float": "0.5", "Boolean": "true", "JsonArray": "[1, 2]", "JsonObject": '{"a": 1}'}


_Place = TypeVar("_Place")


def divide_inputs(spec: ComponentSpec, inputs: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Path]]:
    """Return the values and the paths of artifacts among `inputs`, with the contract's defaults filled in.

    Raises UsageError for missing inputs and invalid values, InputError for an artifact that does not exist.
    """
    return divide(spec.interface, inputs, _existing_path)


def divide(
    interface: Interface, inputs: Mapping[str, str], place_of: Callable[[str, str], _Place]
) -> tuple[dict[str, str], dict[str, _Place]]:
    """Return the values and the places of artifacts; `place_of` reads one, from the input's name and its text.

    Raises UsageError for missing inputs and invalid values.
    """
    values: dict[str, str] = {}
    artifacts: dict[str, _Place] = {}
    missing = []
    for port in interface.inputs:
        if port.name not in inputs:
            if port.default is not None and port.kind is Kind.PARAMETER:
                values[port.name] = port.default
            elif not port.optional:
                missing.append(f"{port.name} ({port.type})")
        elif port.kind is Kind.ARTIFACT:
            artifacts[port.name] = place_of(port.name, inputs[port.name])
        else:
            _check_value(port, inputs[port.name])
            values[port.name] = inputs[port.name]
    if missing:
        raise UsageError(f"missing inputs: {', '.join(missing)}", hint="give each one with -i NAME=VALUE")
    return values, artifacts


def _existing_path(port: str, text: str) -> Path:
    """Return the path of an artifact. Raises InputError if it does not exist."""
    path, hint, shown = Path(text), "give the path of a file or a folder", shortened(text, _SHOWN)
    try:
        # Not `exists`, which hides errors from Python 3.14 on.
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise InputError(f"the input {port!r} is {shown}, which does not exist", hint=hint) from None
    except OSError as error:
        # Such as a text in place of a path, which is too long for one.
        raise InputError(f"the input {port!r} is {shown!r}: {error.strerror}", hint=hint) from None
    return path


def check_names(names: Mapping[str, object], known: Sequence[str], what: str) -> None:
    """Raise UsageError for a name that is not `known`; `what` is `input` or `output`."""
    for name in names:
        if name not in known:
            advice = did_you_mean(name, known, otherwise=f"it has: {', '.join(known) or 'none'}")
            raise UsageError(f"the component has no {what} {name!r}", hint=advice)


def _check_value(port: Input, text: str) -> None:
    """Raise UsageError for a text that no command line holds, or that the launcher would refuse for this input."""
    if not _is_word(text):
        raise UsageError(
            f"the input {port.name!r} is {shortened(text, _SHOWN)!r}, with a character that no command line holds",
            hint="remove it, or make the input an artifact, which is passed as a file",
        )
    try:
        match port.type:
            case "Integer":
                # Engines write a whole number also as 3.0, and the launcher reads it.
                fits = float(text).is_integer()
            case "Float":
                fits = float(text) is not None
            case "Boolean":
                fits = text.strip().lower() in TRUE_WORDS | FALSE_WORDS
            case "JsonArray" | "JsonObject":
                fits = isinstance(json.loads(text), list if port.type == "JsonArray" else dict)
            case _:
                fits = True
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        raise UsageError(
            f"the input {port.name!r} is {shortened(text, _SHOWN)!r}, expected {port.type}",
            hint=f"as {_EXAMPLES[port.type]}",
        )
    if port.choices and _choice(port, text) not in port.choices:
        raise UsageError(f"the input {port.name!r} is {text!r}", hint=f"one of {', '.join(map(repr, port.choices))}")


def _is_word(text: str) -> bool:
    """Return whether a command line can hold a text: it has no zero byte, and no half of a surrogate pair."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _choice(port: Input, text: str) -> Scalar:
    """Read a value as the type that the contract's choices have."""
    if port.type == "Boolean":
        return text.strip().lower() in TRUE_WORDS
    return float(text) if port.type in {"Integer", "Float"} else text
