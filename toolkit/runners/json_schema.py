"""Check an output with a JSON schema: one beside the case, or one that the case spells out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from toolkit.words import shortened

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

# Messages of jsonschema repeat the whole value.
_SHOWN = 160
_SHOWN_PROBLEMS = 3


def schema_problem(schema: object, folder: Path) -> str | None:
    """Return why a check `schema` is invalid. None if it is valid."""
    from jsonschema.exceptions import SchemaError

    if isinstance(schema, str):
        if not (folder / schema).is_file():
            return "which does not exist"
        try:
            schema = _read(folder / schema)
        except (ValueError, RecursionError) as error:
            return f"which is not JSON: {error}"
    if not isinstance(schema, bool | dict):
        return "expected the name of a file, or a schema"
    if isinstance(schema, dict) and not isinstance(schema.get("$schema", ""), str):
        return "not a JSON schema: its $schema is not a text"
    try:
        # On the class: a validator of an invalid schema cannot be made.
        _class_for(schema).check_schema(cast("dict[str, Any]", schema))
    except SchemaError as error:
        return f"not a JSON schema: {shortened(error.message, _SHOWN)}"
    return None


def schema_difference(schema: str | bool | Mapping[str, Any], folder: Path, text: str) -> str | None:  # noqa: FBT001 (a schema)
    """Return how a text breaks a schema; None if it does not."""
    from referencing.exceptions import Unresolvable

    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"is not JSON: {error}"
    try:
        errors = list(_validator(_read(folder / schema) if isinstance(schema, str) else schema).iter_errors(value))
    except Unresolvable as error:
        return f"cannot be checked: the schema refers to {error.ref!r}, which is not in it, and nothing is fetched"
    except RecursionError:
        return "cannot be checked: it is nested too deeply"
    except OverflowError:
        return "cannot be checked: a number in it is too large"
    if not errors:
        return None
    shown = [f"{error.json_path}: {shortened(error.message, _SHOWN)}" for error in errors[:_SHOWN_PROBLEMS]]
    more = f" (and {len(errors) - len(shown)} more)" if len(errors) > len(shown) else ""
    return f"does not fit the schema: {'; '.join(shown)}{more}"


def _class_for(schema: Any) -> "type[Validator]":  # noqa: ANN401 (a JSON value)
    """Return the class of validators for the draft that a schema names."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    found: type[Validator] = validator_for(schema, default=Draft202012Validator)
    return found


def _validator(schema: Any) -> "Validator":  # noqa: ANN401 (a JSON value)
    """Return the validator of a schema."""
    from jsonschema_specifications import REGISTRY

    # With a registry of its own the validator fetches no schema that another refers to.
    return _class_for(schema)(schema, registry=REGISTRY)


def _read(path: Path) -> Any:  # noqa: ANN401 (a JSON value)
    """Return the schema in a file."""
    return json.loads(path.read_bytes())
