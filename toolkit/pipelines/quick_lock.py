"""Answer `toolkit.load` without another process where the lock and an unedited copy leave nothing to decide.

This module needs the standard library alone. It answers only what `toolkit.pipelines.locked_load` would answer too,
which decides everything else: another program starts in a fifth of a second, and pipelines have many components.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from toolkit.spec.schema_header import normalised

_VERSION = 1
# Characters: a registry's release has at most a megabyte, and locks are shorter.
_LONGEST = 16_000_000


def quick_answer(lock: Path, request: str) -> dict[str, Any] | None:
    """Return the answer for a request by the lock at `lock`; None if it takes thought, or is an error."""
    try:
        document = json.loads(_read(lock))
        name, at, selector = request.partition("@")
        entry = document["components"][name]
        # Images of mirrors are not put in here.
        is_mirrored = entry["image"] in document.get("images", {})
        if document["version"] != _VERSION or is_mirrored or not _is_plainly(entry, selector if at else "*"):
            return None
        # As `toolkit.registry.consuming.lock` has it.
        copy = Path(os.path.normpath(lock.parent / entry["path"]))
        contract = normalised(_read(copy))
        if f"sha256:{hashlib.sha256(contract).hexdigest()}" != entry["digest"]:
            return None
        return {
            "name": name,
            "version": entry["version"],
            "digest": entry["digest"],
            "image": entry["image"],
            "lock": str(lock),
            "copy": str(copy),
            "text": contract.decode(),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_plainly(entry: dict[str, Any], selector: str) -> bool:
    """Return whether a release is what a request asks for, by the texts alone."""
    version, digest = entry["version"], entry["digest"]
    return selector in {"*", version, digest, f"{version}#{digest}", entry["requested"]}


def _read(path: Path) -> bytes:
    """Return the content of a file. Raises ValueError for a long one, or one that is no file."""
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    with path.open("rb") as stream:
        data = stream.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise ValueError(f"{path} is too long")
    return data
