"""Documents of an image as they come in: JSON that can be trusted to be an object, and a config of the usual shape.

Nothing is re-encoded here: a document's identity is that of its bytes.
"""

import json
from collections.abc import Callable
from typing import Any, NoReturn

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.descriptor import Platform

# No manifest, index or config comes near to this many bytes; registries allow 4 MiB.
LARGEST_DOCUMENT = 16 << 20

_SHOWN = 80


class Config(Struct, frozen=True, kw_only=True):
    """The part of a config that we use: the platform, and the digests of the layers' tars from bottom to top."""

    platform: Platform
    diff_ids: tuple[Digest, ...]


def parse_document(data: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises InputError for anything else, and for what could not be written again as JSON."""
    try:
        parsed = json.loads(data, parse_constant=_refuse_constant)
        # A lone surrogate can be escaped in JSON, but never be written as UTF-8.
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {str(error)[:_SHOWN]}", hint=_HINT) from error
    if not isinstance(parsed, dict):
        raise InputError("not a JSON object", hint=_HINT)
    return parsed


def read_config(data: bytes) -> Config:
    """Read a config (OCI image specification, config.md) and check every field that is used anywhere.

    Raises InputError naming the field and its value.
    """
    # Other modules read these fields from the parsed config without checking them again.
    config = parse_document(data)
    for name in ("os", "architecture"):
        _expect(config, name, _is_text, "text")
    # Null means the same as a missing field: Go's programs write it for what is empty.
    for name in ("variant", "created"):
        _expect(config, name, _or_none(_is_text), "text")
    _expect(config, "rootfs", _is_object, "an object")
    _expect(config["rootfs"], "diff_ids", _is_texts, "a list of digests")
    _expect(config, "history", _or_none(_is_objects), "a list of objects")
    _expect(config, "config", _or_none(_is_object), "an object")
    settings = config.get("config") or {}
    for name in ("Env", "Cmd", "Entrypoint"):
        _expect(settings, name, _or_none(_is_texts), "a list of texts")
    _expect(settings, "Labels", _or_none(_is_labels), "an object of texts")
    _expect(settings, "User", _or_none(_is_text), "text")
    return Config(
        platform=Platform(config["os"], config["architecture"], config.get("variant")),
        diff_ids=tuple(Digest.parse(text) for text in config["rootfs"]["diff_ids"]),
    )


_HINT = "the image is damaged, or was made wrongly; get or build it again, or use another"

_Check = Callable[[object], bool]


def _expect(data: dict[str, Any], name: str, check: _Check, what: str) -> None:
    """Raise InputError naming the field and its value unless `check` accepts it."""
    if not check(data.get(name)):
        raise InputError(f"{name} is {str(data.get(name))[:_SHOWN]!r}, expected {what}", hint=_HINT)


def _or_none(check: _Check) -> _Check:
    """Return a check that also accepts null or a missing field."""
    return lambda value: value is None or check(value)


def _is_text(value: object) -> bool:
    """Return whether a value is text."""
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    """Return whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_object(value: object) -> bool:
    """Return whether a value is a JSON object."""
    return isinstance(value, dict)


def _is_objects(value: object) -> bool:
    """Return whether a value is a list of JSON objects."""
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _is_labels(value: object) -> bool:
    """Return whether a value is a JSON object whose values are texts."""
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which Python reads and JSON does not have (RFC 8259, section 6)."""
    raise ValueError(f"{name} is not a number of JSON")
