"""What `comp new` remembers of a folder that it made, so that `comp sync` knows what is the user's."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.errors import InputError, Location
from toolkit.limits import RECORD_SIZE
from toolkit.reading import read_foreign
from toolkit.redaction import clean
from toolkit.scaffold.contract import with_block

RECORD = Path(".comp", "scaffold.json")
_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A folder's template, the answers it was made with, and the sha256 of each file that the template made."""

    template: str
    answers: Mapping[str, Any]
    files: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> "Record":
        """Read the record of a folder. Raises InputError when there is none, or it is damaged."""
        path = folder / RECORD
        try:
            data = json.loads(read_foreign(path, RECORD_SIZE))
            if data["version"] != _VERSION:
                raise InputError(
                    f"made by another version of comp ({data['version']})",
                    where=Location(path=path),
                    hint="update comp",
                )
            return cls(template=str(data["template"]), answers=dict(data["answers"]), files=dict(data["files"]))
        except FileNotFoundError:
            raise InputError(
                f"{folder} was not made by `comp new`: it has no {RECORD}", hint="sync works on folders that comp made"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"damaged: {error}", where=Location(path=path), hint="restore it from git") from None

    def text(self) -> str:
        """Give the file's content, the same for equal records. The file is committed, so no secret is in it."""
        data = {"version": _VERSION, "template": self.template, "answers": clean(self.answers), "files": self.files}
        return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def digests(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """Give the sha256 of each file; of a README without the tables that `comp generate` writes."""
    return {path: digest(folder / path) for path in paths}


def digest(path: Path) -> str:
    """Give the sha256 of one file, generated tables left out."""
    data = path.read_bytes()
    if path.name == "README.md":
        data = with_block(data.decode("utf-8", "surrogateescape"), "").encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()
