"""The shortcut: recognise a build of which nothing has changed, without planning it again.

A finished build leaves a record in the cache, keyed by everything in the folder and the environment that
decides its result. The record is believed only while what it rests on elsewhere still stands: a base on
disk, the tag on the remote, the pins in the contracts. It spares work and decides nothing: without it the
build gives the same digest.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit import __version__
from toolkit.cache import Cache
from toolkit.config import Project
from toolkit.oci.digest import Digest
from toolkit.oci.reference import parse_reference

_KIND = "build"
_ENVIRONMENT = ("COMP_", "SOURCE_DATE_EPOCH")
_NOT_DECIDING = ("COMP_CACHE_DIR", "COMP_REGISTRY", "COMP_TEST_")
_LEFT_OUT = {"__pycache__", "node_modules", "tests"}
_NEVER = {".git", ".venv", ".comp", "__pycache__"}
_IMAGE_LINE = re.compile(rb"^ *image:.*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What one `comp build` was asked for."""

    folder: Path
    overrides: Mapping[str, str]
    builder: str = "oci"
    push: bool = False
    pin: str = "in-place"
    locked: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


def finished(request: Request, cache: Cache) -> str | None:
    """Return what the same build printed before; None when it has to be done."""
    record = cache.record(_KIND, _key(request))
    if record is None or not _is_whole(record) or record["base"] != _base_state(str(record["base"].get("text", ""))):
        return None
    if not all(_unchanged(path, digest) for path, digest in record["elsewhere"].items()):
        return None
    if not request.push:
        return str(record["digest"])
    printed = f"{record['repository']}@{record['digest']}"
    contracts = [request.folder / name for name in record["contracts"]]
    if request.pin == "in-place" and not all(_names(contract, printed) for contract in contracts):
        return None
    from toolkit.remote.probe import manifest_exists

    stands = manifest_exists(parse_reference(printed), environ=request.environ, tags=record["tags"])
    return printed if stands else None


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Tell whether a record says what it should: another version of this program may have written it."""
    lists = [record.get("tags"), record.get("contracts")]
    return (
        isinstance(record.get("base"), dict)
        and isinstance(record.get("elsewhere"), dict)
        and isinstance(record.get("digest"), str)
        and isinstance(record.get("repository"), str | None)
        and all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in lists)
    )


def remember(request: Request, cache: Cache, project: Project, digest: Digest, *, tags: Sequence[str] = ()) -> None:
    """Record a finished build, unless it rests on something that cannot be checked cheaply."""
    base = project.base or ""
    if request.pin not in {"in-place", "none"} or (project.base_overridden and not _is_fixed(base)):
        return
    record = {
        "digest": str(digest),
        "base": _base_state(base),
        "repository": parse_reference(project.image).name if project.image else None,
        "tags": list(tags),
        "elsewhere": _elsewhere(project),
        "contracts": [os.path.relpath(entry.contract, project.folder) for entry in project.entries],
    }
    cache.write_record(_KIND, _key(request), record)


def _elsewhere(project: Project) -> dict[str, str]:
    """Digest what decides and may lie elsewhere: projects that the component requires, and what another tool locked."""
    from toolkit.python.local import folder_digest, local_projects

    folders = local_projects(project.pyproject, project.dependencies)
    found = {str(folder): folder_digest(folder) for folder in folders.values()}
    if project.requirements:
        from toolkit.python.inputs import inputs_file_digest

        found[str(project.requirements)] = inputs_file_digest(project.requirements)
    return found


def _unchanged(path: str, digest: str) -> bool:
    place = Path(path)
    if not place.is_dir():
        from toolkit.python.inputs import inputs_file_digest

        return inputs_file_digest(place) == digest
    from toolkit.python.local import folder_digest

    return folder_digest(place) == digest


def _is_fixed(base: str) -> bool:
    """Tell whether a base named on the command line is the same next time: a file, or a digest."""
    return base.startswith(("layout:", "archive:")) or "@" in base


def _key(request: Request) -> dict[str, object]:
    deciding = {
        name: value
        for name, value in request.environ.items()
        if name.startswith(_ENVIRONMENT) and not name.startswith(_NOT_DECIDING)
    }
    return {
        "version": __version__,
        "folder": str(request.folder.resolve()),
        "overrides": dict(request.overrides),
        "builder": request.builder,
        "push": request.push,
        "pin": request.pin,
        "locked": request.locked,
        "environment": deciding,
        "files": _files(request.folder.resolve()),
    }


def _files(folder: Path) -> list[tuple[str, bool, str]]:
    """List path, executable bit and sha256 of every file that may decide; too many only cost a full build."""
    settings = [parent / "pyproject.toml" for parent in folder.parents]
    listed = [*_walk(folder, everything=_may_take_back(folder)), *(path for path in settings if path.is_file())]
    return [(str(path), os.access(path, os.X_OK), _content(path)) for path in listed]


def _may_take_back(folder: Path) -> bool:
    """Tell whether files that usually stay out of an image may be in it."""
    settings = folder / "pyproject.toml"
    return (folder / ".dockerignore").is_file() or (settings.is_file() and b"include" in settings.read_bytes())


def _walk(folder: Path, *, everything: bool) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        usual = entry.name.startswith(".") or entry.name in _LEFT_OUT
        if entry.name in _NEVER or (usual and not everything):
            continue
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, everything=everything)
        elif entry.is_file():
            yield path


def _content(path: Path) -> str:
    if path.suffix == ".yaml":
        # A pin changes this line only, and is looked at on its own.
        return hashlib.sha256(_IMAGE_LINE.sub(b"", path.read_bytes())).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _base_state(text: str) -> dict[str, str]:
    """Describe a base on disk so that a change of it shows; the lock stands for any other."""
    scheme, _, rest = text.partition(":")
    if scheme == "layout":
        index = Path(rest) / "index.json"
        return {"text": text, "index": hashlib.sha256(index.read_bytes()).hexdigest() if index.is_file() else ""}
    if scheme == "archive":
        status = Path(rest).stat() if Path(rest).is_file() else None
        return {"text": text, "status": f"{status.st_size} {status.st_mtime_ns}" if status else ""}
    return {"text": text}


def _names(contract: Path, reference: str) -> bool:
    if not contract.is_file():
        return False
    pinned = re.compile(rf"^ *image: *[\"']?{re.escape(reference)}[\"']?\s", re.MULTILINE)
    return pinned.search(contract.read_text("utf-8", "replace")) is not None
