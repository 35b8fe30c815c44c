"""Types and defaults in KFP v2 IR: parameter types, artifact schemas, and defaults as values."""

import json
import math
import re
from typing import Any

from toolkit.errors import InputError
from toolkit.interface.model import ARTIFACT_TYPES, FALSE_WORDS, TRUE_WORDS, Input, Kind, Output
from toolkit.spec.reader import short_type

# The types of contracts in lower case (kfp 2.17, dsl/types/type_utils.py), and their names in IR.
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
# Engines fill these in by themselves; contracts do not have them, pipelines do.
_FILLED_IN = {"TASK_FINAL_STATUS": "PipelineTaskFinalStatus", "TASK_CONFIG": "TaskConfig"}
_ARTIFACTS = {name.lower(): name for name in ARTIFACT_TYPES}
_SCHEMA = re.compile(r"[a-z][a-z0-9_]*\.[A-Z]\w*")
# The schema version of all artifact types that kfp 2.17 has.
_VERSION = "0.0.1"
# The largest whole number that a double, protobuf's only number in a Value, holds exactly.
_EXACT = 2**53


def parameter_type(port: Input | Output) -> str:
    """Return IR's type of a parameter; a value of another type is text."""
    return _PARAMETERS.get(short_type(port.type).lower(), "STRING")


def artifact_type(port: Input | Output) -> dict[str, str]:
    """Return IR's schema of an artifact; one of a type that KFP does not know is any artifact."""
    known = _ARTIFACTS.get(port.type.lower())
    title = f"system.{known}" if known else port.type if _SCHEMA.fullmatch(port.type) else "system.Artifact"
    return {"schemaTitle": title, "schemaVersion": _VERSION}


def type_name(kind: Kind, definition: dict[str, Any]) -> str:
    """Return the type in a contract of a port in IR. Raises InputError for a type that contracts do not have."""
    if kind is Kind.PARAMETER:
        type_ = definition.get("parameterType")
        name = {**_NAMES, **_FILLED_IN}.get(type_) if isinstance(type_, str) else None
        if name is None:
            raise InputError(f"a contract has no name for the parameter type {type_!r}")
        return name
    schema = definition.get("artifactType")
    title = schema.get("schemaTitle") if isinstance(schema, dict) else None
    if not isinstance(title, str) or not _SCHEMA.fullmatch(title):
        raise InputError("an artifact has no schemaTitle such as system.Dataset")
    name = title.removeprefix("system.")
    return name if name in ARTIFACT_TYPES else title


def default_value(port: Input) -> Any:  # noqa: ANN401 (any JSON value)
    """Return the value in IR of a parameter's default. Raises InputError if it is not a value of its type."""
    text = port.default or ""
    try:
        return _value(text, parameter_type(port))
    except (ValueError, RecursionError):
        raise InputError(
            f"the default of {port.name!r} is not of type {port.type} in KFP 2: {text[:60]!r}",
            hint="`comp lint` explains it",
        ) from None


def _value(text: str, type_: str) -> Any:  # noqa: ANN401 (any JSON value)
    """Return the value of a default's text. Raises ValueError if it is not of IR's type."""
    match type_:
        case "NUMBER_INTEGER":
            return _exact(int(text))
        case "NUMBER_DOUBLE":
            return _finite(float(text))
        case "BOOLEAN":
            if text.lower() not in TRUE_WORDS | FALSE_WORDS:
                raise ValueError(text)
            return text.lower() in TRUE_WORDS
        case "LIST" | "STRUCT":
            value = json.loads(text, parse_int=lambda digits: _exact(int(digits)), parse_constant=_refused)
            if not isinstance(value, list if type_ == "LIST" else dict):
                raise ValueError(text)  # noqa: TRY004 (every invalid text raises the same)
            return value
        case _:
            return text


def _exact(number: int) -> int:
    """Return a whole number that a double can hold. Raises ValueError for a larger one."""
    if abs(number) > _EXACT:
        raise ValueError(number)
    return number


def _finite(number: float) -> float:
    """Return a number that JSON can express. Raises ValueError for infinity and NaN."""
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def _refused(word: str) -> float:
    """Refuse NaN and infinities, which JSON does not have."""
    raise ValueError(word)


def default_text(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """Return a default of IR as a contract's text; whole numbers lose the `.0` that KFP writes."""
    if isinstance(value, str):
        return value
    return json.dumps(whole(value), ensure_ascii=False)


def whole(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a value in which numbers such as 3.0 are whole: kfp writes all numbers as doubles."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    return value
