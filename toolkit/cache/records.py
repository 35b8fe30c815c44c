"""Records: small typed values that the cache keeps as JSON, derived from inputs and keyed by them.

A record is a frozen struct whose fields have the types that `_decoded` lists. Its class is its schema: JSON that
does not fit, from a damaged disk or another version of this program, counts as absent.
"""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, ClassVar, Self, Union, cast, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from toolkit.digest import Digest
from toolkit.errors import InputError


class Record(Struct, frozen=True):
    """The base of all records. `KIND` names the folder of a class's records; change it if old ones would mislead."""

    KIND: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return cast("dict[str, Any]", _encoded(self))

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read plain JSON data. Raises ValueError if it does not fit the fields."""
        try:
            return cast("Self", _decoded(cls, data))
        except (LookupError, TypeError, ValueError, InputError) as error:
            raise ValueError(f"not a record of the kind {cls.KIND}: {error}") from error


def _encoded(value: object) -> Any:  # noqa: ANN401 (any JSON value)
    """Turn a field's value into plain JSON data; sets are sorted, so that equal records have equal bytes."""
    if isinstance(value, Digest):
        return str(value)
    if isinstance(value, Struct):
        return {name: _encoded(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, frozenset):
        return sorted(map(_encoded, value))
    if isinstance(value, tuple):
        return [*map(_encoded, value)]
    if isinstance(value, Mapping):
        return {key: _encoded(item) for key, item in value.items()}
    return value


def _decoded(form: Any, data: Any) -> object:  # noqa: ANN401 (a type, and any JSON value)
    """Turn plain JSON data into a value of a field's type. Raises TypeError, LookupError or InputError if it cannot."""
    if form is Digest:
        return Digest.parse(cast("str", _decoded(str, data)))
    if isinstance(form, type) and issubclass(form, Struct):
        values = cast("dict[str, Any]", _decoded(dict, data))
        # Further keys are passed over: a later version of this program may have written them.
        return form(**{field.name: _decoded(field.type, values[field.name]) for field in fields(form)})
    if arguments := get_args(form):
        return _decoded_generic(get_origin(form), arguments, data)
    # `isinstance` would take true for an int.
    if type(data) is not form:
        raise TypeError(f"{data!r:.80} is not a {form}")
    return data


def _decoded_generic(origin: Any, arguments: tuple[Any, ...], data: Any) -> object:  # noqa: ANN401 (as `_decoded`)
    """Turn data into an optional value, a tuple, a set or a mapping."""
    # Of unions, fields have only those with None.
    if origin in {Union, UnionType}:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return None if data is None else _decoded(inner, data)
    if origin is tuple and arguments[-1] is not ...:
        return tuple(_decoded(argument, item) for argument, item in zip(arguments, _list(data), strict=True))
    if origin in {tuple, frozenset}:
        return origin(_decoded(arguments[0], item) for item in _list(data))
    items = cast("dict[str, Any]", _decoded(dict, data)).items()
    return {key: _decoded(arguments[1], item) for key, item in items}


def _list(data: object) -> list[Any]:
    """Return `data` if it is a list. Raises TypeError otherwise: a text would be taken apart."""
    if not isinstance(data, list):
        raise TypeError(f"{data!r:.80} is not a list")
    return data
