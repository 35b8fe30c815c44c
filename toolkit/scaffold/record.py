"""The record that `comp new` leaves in a folder, by which `comp sync` recognises the user's changes."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.errors import InputError, Location
from toolkit.generation import with_block
from toolkit.limits import RECORD_SIZE
from toolkit.redaction import clean
from toolkit.spec.schema_header import without_schema_header
from toolkit.system.reading import read_foreign

RECORD = Path(".comp", "scaffold.json")
_VERSION = 1


class ScaffoldRecord(Struct, frozen=True, kw_only=True):
    """A folder's template, the answers for it, and the sha256 of each file that the template made.

    `revision` is that of a built-in template; it is empty for others, and in records of older versions of comp.
    """

    template: str
    answers: Mapping[str, Any]
    files: Mapping[str, str]
    revision: str = ""

    @classmethod
    def read(cls, folder: Path) -> "ScaffoldRecord":
        """Read the record of a folder. Raises InputError if it is missing or damaged."""
        path = folder / RECORD
        try:
            data = json.loads(read_foreign(path, RECORD_SIZE))
            if data["version"] != _VERSION:
                raise InputError(
                    f"made by another version of comp ({data['version']})",
                    where=Location(path=path),
                    hint="update comp",
                )
            return cls(
                template=str(data["template"]),
                answers=dict(data["answers"]),
                files=dict(data["files"]),
                revision=str(data.get("revision", "")),
            )
        except FileNotFoundError:
            raise InputError(
                f"{folder} was not made by `comp new`: it has no {RECORD}", hint="name a folder that `comp new` made"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"damaged: {error}", where=Location(path=path), hint="restore it from git") from None

    def text(self) -> str:
        """Return the file's content, equal for equal records. It has no secrets, since the file is committed."""
        data: dict[str, Any] = {
            "version": _VERSION,
            "template": self.template,
            "answers": clean(self.answers),
            "files": self.files,
        }
        if self.revision:
            data["revision"] = self.revision
        return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def digests(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of each file, without the tables of a README that `comp generate` writes."""
    return {path: digest(folder / path) for path in paths}


def digest(path: Path) -> str:
    """Return the sha256 of one file, without generated tables and the header that names its schema."""
    data = without_schema_header(path.read_bytes())
    if path.name == "README.md":
        data = with_block(data.decode("utf-8", "surrogateescape"), "").encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()
