"""Where Argo finds an artifact: at a URL that the user gives, or in the workflow, which holds small files as text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.errors import InputError
from toolkit.forms.argo_words import refuse_braces
from toolkit.limits import INLINE_ARTIFACT_SIZE
from toolkit.system.os_errors import cannot
from toolkit.system.reading import read_foreign

_STORES = {"s3": "s3", "gs": "gcs"}
_SCHEMES = "s3://BUCKET/KEY, gs://BUCKET/KEY or https://…"


def location_of(port: str, given: str) -> Mapping[str, Any]:
    """Return the place of the artifact of an input. Raises InputError for one that a workflow cannot name or hold."""
    scheme, separator, rest = given.partition("://")
    if separator and scheme.lower() in _STORES:
        # A key may have any character: in a store's URL `?` and `#` begin nothing.
        bucket, _, key = rest.partition("/")
        if not bucket or not key:
            raise InputError(f"the input {port!r} is {given}, which names no object", hint=f"write {_SCHEMES}")
        return {_STORES[scheme.lower()]: {"bucket": bucket, "key": refuse_braces(key, given)}}
    if separator and scheme.lower() in {"http", "https"}:
        return {"http": {"url": refuse_braces(given, given)}}
    return {"raw": {"data": refuse_braces(_text(port, Path(given)), f"the input {port!r}")}, "archive": {"none": {}}}


def _text(port: str, path: Path) -> str:
    """Return the text of a local file, which becomes a part of the workflow."""
    hint = f"upload it, and write {_SCHEMES}; `comp run --runner argo` does so by itself"
    try:
        return read_foreign(path, INLINE_ARTIFACT_SIZE).decode()
    except FileNotFoundError:
        raise InputError(f"the input {port!r} is {path}, which does not exist", hint=f"write {_SCHEMES}") from None
    except UnicodeDecodeError:
        raise InputError(f"the input {port!r} is not text, so no workflow can hold it", hint=hint) from None
    except InputError as error:
        raise InputError(f"the input {port!r}: {error.message}", hint=hint) from None
    except OSError as error:
        raise cannot(f"cannot read {path}", error) from error
