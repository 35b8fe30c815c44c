"""Types and defaults in KFP v2 IR: enumerated parameter types, artifact schemas, defaults as values."""

import json
import math
import re
from typing import Any

from toolkit.errors import InputError
from toolkit.interface.model import ARTIFACT_TYPES, Input, Kind, Output
from toolkit.spec.reader import short_type

# Names of a contract in lower case (kfp 2.17, dsl/types/type_utils.py), and what IR calls them.
_PARAMETERS = {
    **dict.fromkeys(("string", "str", "text"), "STRING"),
    **dict.fromkeys(("integer", "int"), "NUMBER_INTEGER"),
    **dict.fromkeys(("float", "double"), "NUMBER_DOUBLE"),
    **dict.fromkeys(("boolean", "bool"), "BOOLEAN"),
    **dict.fromkeys(("jsonarray", "list"), "LIST"),
    **dict.fromkeys(("jsonobject", "dict"), "STRUCT"),
}
_NAMES = {
    "STRING": "String",
    "NUMBER_INTEGER": "Integer",
    "NUMBER_DOUBLE": "Float",
    "BOOLEAN": "Boolean",
    "LIST": "JsonArray",
    "STRUCT": "JsonObject",
}
_ARTIFACTS = {name.lower(): name for name in ARTIFACT_TYPES}
_SCHEMA = re.compile(r"[a-z][a-z0-9_]*\.[A-Z]\w*")
_VERSION = "0.0.1"
_TRUE, _FALSE = {"true", "yes", "on", "y", "t", "1"}, {"false", "no", "off", "n", "f", "0"}
# What a double, the only number that protobuf's Value has, still says exactly.
_EXACT = 2**53


def parameter_type(port: Input | Output) -> str:
    """Give IR's type of a parameter; what is passed by value and has no parameter type is text."""
    return _PARAMETERS.get(short_type(port.type).lower(), "STRING")


def artifact_type(port: Input | Output) -> dict[str, str]:
    """Give IR's schema of an artifact; a type that KFP does not know is any artifact."""
    known = _ARTIFACTS.get(port.type.lower())
    title = f"system.{known}" if known else port.type if _SCHEMA.fullmatch(port.type) else "system.Artifact"
    return {"schemaTitle": title, "schemaVersion": _VERSION}


def type_name(kind: Kind, definition: dict[str, Any]) -> str:
    """Give the contract's name of the type of a port in IR. Raises InputError for one it has no name for."""
    if kind is Kind.PARAMETER:
        given = definition.get("parameterType")
        if not isinstance(given, str) or given not in _NAMES:
            raise InputError(f"a contract has no name for the parameter type {given!r}")
        return _NAMES[given]
    schema = definition.get("artifactType")
    title = schema.get("schemaTitle") if isinstance(schema, dict) else None
    if not isinstance(title, str) or not _SCHEMA.fullmatch(title):
        raise InputError("an artifact has no schemaTitle such as system.Dataset")
    name = title.removeprefix("system.")
    return name if name in ARTIFACT_TYPES else title


def default_value(port: Input) -> Any:  # noqa: ANN401 (any JSON value)
    """Turn the text of a parameter's default into the value that IR holds. Raises InputError when it is none."""
    text = port.default or ""
    try:
        return _value(text, parameter_type(port))
    except (ValueError, RecursionError):
        raise InputError(
            f"the default of {port.name!r} is no {port.type} that KFP 2 can hold: {text[:60]!r}",
            hint="`comp lint` says more",
        ) from None


def _value(text: str, type_: str) -> Any:  # noqa: ANN401 (any JSON value)
    match type_:
        case "NUMBER_INTEGER":
            return _exact(int(text))
        case "NUMBER_DOUBLE":
            return _finite(float(text))
        case "BOOLEAN":
            if text.lower() not in _TRUE | _FALSE:
                raise ValueError(text)
            return text.lower() in _TRUE
        case "LIST" | "STRUCT":
            value = json.loads(text, parse_int=lambda digits: _exact(int(digits)), parse_constant=_refused)
            if not isinstance(value, list if type_ == "LIST" else dict):
                raise ValueError(text)  # noqa: TRY004 (one kind of error for every text that is no such value)
            return value
        case _:
            return text


def _exact(number: int) -> int:
    if abs(number) > _EXACT:
        raise ValueError(number)
    return number


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def _refused(word: str) -> float:
    raise ValueError(word)


def default_text(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """Turn a default in IR into the text of a contract; whole numbers lose the `.0` that KFP writes."""
    if isinstance(value, str):
        return value
    return json.dumps(_whole(value), ensure_ascii=False)


def _whole(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value
