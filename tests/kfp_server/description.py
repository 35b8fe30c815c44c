"""KFP's published API description, as the client that KFP generates from it carries it: PyPI `kfp-server-api`.

It knows every address with its method, query and answer, and every type with its members. Documents are checked against
it in both directions: no unknown member, no value of another type, no unknown word of an enumeration.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import kfp_server_api
from kfp_server_api import api as apis
from kfp_server_api import models
from msgspec import Struct

_CALL = re.compile(r"""call_api\(\s*'(?P<path>/[^']+)', '(?P<method>[A-Z]+)'""")
_ANSWER = re.compile(r"response_type='(?P<type>[^']+)'")
_TYPE = re.compile(r":type (?P<name>\w+): (?P<type>[\w\[\], ()]+)")
_QUERY = re.compile(r"query_params\.append\(\('(?P<name>[^']+)'")
_BODY = re.compile(r"body_params = local_var_params\['(?P<name>\w+)'\]")
_PRIMITIVES: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (float, int)}


class Operation(Struct, frozen=True, kw_only=True):
    """One operation: `query` are its parameters with their types, `body` and `answer` the types of the documents."""

    name: str
    method: str
    path: re.Pattern[str]
    query: dict[str, str]
    body: str | None
    answer: str


def operations() -> tuple[Operation, ...]:
    """List all operations of the description, those with more fixed parts of their address first."""
    found = [
        _operation(name.removesuffix("_with_http_info"), inspect.getsource(function))
        for service in vars(apis).values()
        if inspect.isclass(service)
        for name, function in vars(service).items()
        if name.endswith("_with_http_info")
    ]
    return tuple(sorted(found, key=lambda operation: operation.path.pattern.count("(?P")))


def _operation(name: str, source: str) -> Operation:
    call, answer = _CALL.search(source), _ANSWER.search(source)
    assert call, name
    assert answer, name
    types = {match["name"]: match["type"] for match in _TYPE.finditer(source)}
    body = _BODY.search(source)
    # Names of parameters may hold a point, which no group of a pattern may.
    pattern = re.sub(
        r"\\\{([\w.\\]+)\\\}",
        lambda part: f"(?P<{part[1].replace(chr(92), '').replace('.', '_')}>[^/:]+)",
        re.escape(call["path"]),
    )
    return Operation(
        name=name,
        method=call["method"],
        path=re.compile(pattern),
        query={match["name"]: types[match["name"]] for match in _QUERY.finditer(source)},
        body=types[body["name"]] if body else None,
        answer=answer["type"],
    )


def problems(document: Any, kind: str, place: str = "") -> Iterator[str]:
    """Yield every way in which a JSON document differs from a type of the description."""
    where = place or kind
    if kind == "object":
        return
    if kind == "datetime":
        yield from _time_problems(document, where)
    elif kind.startswith(("list[", "dict(")):
        yield from _collection_problems(document, kind, where)
    elif kind in _PRIMITIVES:
        # A bool is an int in Python alone; 64-bit numbers are texts in the JSON of protobuf.
        fits = isinstance(document, _PRIMITIVES[kind]) and (kind == "bool" or not isinstance(document, bool))
        if not fits and not (kind == "int" and isinstance(document, str) and document.isdigit()):
            yield f"{where}: expected {kind}, found {document!r}"
    else:
        yield from _model_problems(document, getattr(models, kind), where)


def _collection_problems(document: Any, kind: str, where: str) -> Iterator[str]:
    items: Iterable[tuple[object, Any]]
    if kind.startswith("list[") and isinstance(document, list):
        inner, items = kind[5:-1], enumerate(document)
    elif kind.startswith("dict(") and isinstance(document, dict):
        inner, items = kind.partition(", ")[2][:-1], document.items()
    else:
        yield f"{where}: expected {kind}, found {document!r}"
        return
    for key, item in items:
        yield from problems(item, inner, f"{where}[{key}]")


def _time_problems(document: Any, where: str) -> Iterator[str]:
    try:
        datetime.fromisoformat(document)
    except (TypeError, ValueError):
        yield f"{where}: expected a time, found {document!r}"


def _model_problems(document: Any, model: Any, where: str) -> Iterator[str]:
    allowed = getattr(model, "allowable_values", None)
    if allowed is not None:
        if document not in allowed:
            yield f"{where}: expected one of {', '.join(allowed)}, found {document!r}"
        return
    if not isinstance(document, dict):
        yield f"{where}: expected an object, found {document!r}"
        return
    members = {json: model.openapi_types[name] for name, json in model.attribute_map.items()}
    for key, value in document.items():
        if key not in members:
            yield f"{where}: unknown member {key}"
        else:
            yield from problems(value, members[key], f"{where}.{key}")


VERSION = kfp_server_api.__version__
