"""The shortcut: recognise a build whose inputs have not changed, without planning it again.

A finished build leaves a record in the cache, known by everything that the plan was made from; the functions that
read it are the plan's own. The shortcut spares work and decides nothing: without it the build gives the same digest.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit import __version__, launcher
from toolkit.builders.code import APP, component_code
from toolkit.cache import Cache
from toolkit.config import Project, read_project
from toolkit.errors import CompError
from toolkit.oci.deflate import ENCODER_VERSION
from toolkit.oci.tar import LAYOUT_VERSION
from toolkit.python.local import digests_elsewhere, local_projects, names_sources, version_variables

if TYPE_CHECKING:
    from toolkit.builders.plan import Plan

_KIND = "build"
_ENVIRONMENT = ("COMP_", "SOURCE_DATE_EPOCH")
_NOT_DECIDING = ("COMP_CACHE_DIR", "COMP_REGISTRY", "COMP_TEST_")
# What a contract is pinned to before it is compared: any text that is no image.
_NO_IMAGE = "none.invalid/none"
_CONTRACT_FIELDS = {"whole", "unpinned"}
# A file that changes again this soon may keep its time of change.
_SECONDS_UNTIL_SETTLED = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What one `comp build` was asked for."""

    folder: Path
    overrides: Mapping[str, str]
    builder: str = "oci"
    push: bool = False
    pin: str = "in-place"
    locked: bool = False
    trust_base: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What a build is made from.

    `key` is a digest of all of it but what a build itself may write: the lock, given by its sha256, and the contracts,
    given by their paths and whole. `code` are the paths of the component's code in the image.
    """

    project: Project
    key: str
    lock: str
    contracts: Mapping[str, bytes]
    code: frozenset[str]


def read_inputs(request: Request) -> Inputs | None:
    """Read what the build would be made from; None when something cannot be read, which the build then says."""
    try:
        project = read_project(request.folder, overrides=request.overrides, environ=request.environ)
        code = component_code(project).files
        key = {
            "versions": [__version__, LAYOUT_VERSION, ENCODER_VERSION, _sha256(launcher.source())],
            "request": [request.builder, request.push, request.pin, request.locked, request.trust_base],
            "environment": _deciding(request.environ),
            "settings": repr(project),
            "code": [file.identity() for file in code],
            "base": _base_identity(project.base or ""),
            "elsewhere": digests_elsewhere(project),
            "packages": _packages(project, request.environ),
        }
        return Inputs(
            project=project,
            key=_sha256(json.dumps(key, sort_keys=True).encode()),
            lock=_sha256(_content(project.lock)),
            contracts={str(entry.contract): _content(entry.contract) for entry in project.entries},
            code=frozenset(file.path for file in code),
        )
    except (CompError, OSError):
        return None


def finished(request: Request, inputs: Inputs, cache: Cache) -> str | None:
    """Return what a build of the same inputs printed; None when it has to be done."""
    record = cache.record(_KIND, _record_key(inputs))
    if record is None or not _is_whole(record) or any(Path(path).is_file() for path in record["absent"]):
        return None
    printed = f"{record['repository']}@{record['digest']}" if request.push else str(record["digest"])
    known = {path: _Contract(**fields) for path, fields in record["contracts"].items()}
    if known.keys() != inputs.contracts.keys():
        return None
    if not all(known[path].is_still(data, _pinned(request, printed)) for path, data in inputs.contracts.items()):
        return None
    if not request.push:
        return printed
    from toolkit.oci.reference import parse_reference
    from toolkit.remote.probe import manifest_exists

    stands = manifest_exists(parse_reference(printed), environ=request.environ, tags=record["tags"])
    return printed if stands else None


def remember(
    request: Request,
    before: Inputs | None,
    cache: Cache,
    plans: Sequence["Plan"],
    printed: str,
    *,
    tags: Sequence[str] = (),
) -> None:
    """Record a finished build, unless an input changed meanwhile or the build may come out otherwise next time.

    `before` are the inputs as they were when the build began, `printed` is the image's digest, or after a push its
    reference.
    """
    try:
        after = read_inputs(request)
        record = _record(request, before, after, plans, printed) if before and after else None
    except (CompError, OSError):
        return  # Something was taken away meanwhile. The image is made, and the next build will say what is missing.
    if after and record:
        cache.write_record(_KIND, _record_key(after), {**record, "tags": list(tags)})


def _record(
    request: Request, before: Inputs, after: Inputs, plans: Sequence["Plan"], printed: str
) -> dict[str, Any] | None:
    """Say what was built from which inputs; None when that cannot be said for sure."""
    contracts = {path: _Contract.of(data) for path, data in after.contracts.items()}
    pin = _pinned(request, printed)
    absent = sorted({str(path) for path in _absent(after)})
    if not (
        _is_repeatable(request, after, plans)
        and before.key == after.key
        and (before.lock == after.lock or _is_installed(after.project, plans))
        and all(contracts[path].is_still(data, None) for path, data in before.contracts.items())
        and all(pin is None or _with_image(data, pin) == data for data in after.contracts.values())
        and not any(Path(path).is_file() for path in absent)
    ):
        return None
    repository, _, digest = printed.rpartition("@")
    return {
        "digest": digest,
        "repository": repository,
        "absent": absent,
        "contracts": {path: asdict(contract) for path, contract in contracts.items()},
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Contract:
    """A contract as a build saw it: its sha256, and that of the same text without the pin, if it can be pinned."""

    whole: str
    unpinned: str | None

    @classmethod
    def of(cls, data: bytes) -> "_Contract":
        text = _with_image(data, _NO_IMAGE)
        return cls(whole=_sha256(data), unpinned=None if text is None else _sha256(text))

    def is_still(self, data: bytes, pin: str | None) -> bool:
        """Tell whether a contract says the same; if it was pinned otherwise since, whether `pin` is what it names."""
        if _sha256(data) == self.whole:
            return True
        if pin is not None and _with_image(data, pin) != data:
            return False
        text = _with_image(data, _NO_IMAGE)
        return text is not None and _sha256(text) == self.unpinned


def _with_image(data: bytes, image: str) -> bytes | None:
    """Pin a contract as a push does; None when it cannot be pinned."""
    from toolkit.spec.pin import pin_image

    try:
        return pin_image(data.decode(), image, Path()).encode()
    except (CompError, UnicodeDecodeError):
        return None


def _pinned(request: Request, printed: str) -> str | None:
    """Give the reference that a contract has to name; None when any will do."""
    return printed if request.push and request.pin == "in-place" else None


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Tell whether a record has the form that `remember` gives: another version of this program may have written it."""
    texts = [record.get("tags"), record.get("absent")]
    contracts = record.get("contracts")
    return (
        isinstance(record.get("digest"), str)
        and isinstance(record.get("repository"), str)
        and all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in texts)
        and isinstance(contracts, dict)
        and all(isinstance(one, dict) and one.keys() == _CONTRACT_FIELDS for one in contracts.values())
    )


def _is_repeatable(request: Request, inputs: Inputs, plans: Sequence["Plan"]) -> bool:
    """Tell whether nothing but the inputs decides what the build gives.

    An engine adds times and traits of its own version; a tag on the command line moves; a machine that could compile
    nothing may have an interpreter tomorrow.
    """
    project = inputs.project
    base = project.base or ""
    lacks_bytecode = project.bytecode and any(_has(plan, "wheels") and not _has(plan, "bytecode") for plan in plans)
    moves = project.base_overridden and not base.startswith(("layout:", "archive:")) and "@" not in base
    return (
        request.builder == "oci"
        and request.pin in {"in-place", "none"}
        and not moves
        and not lacks_bytecode
        and not _is_unsettled(base)
    )


def _has(plan: "Plan", kind: str) -> bool:
    from toolkit.builders.plan import BytecodeLayer, WheelsLayer

    wanted = {"wheels": WheelsLayer, "bytecode": BytecodeLayer}[kind]
    return any(isinstance(layer, wanted) for layer in plan.layers)


def _is_installed(project: Project, plans: Sequence["Plan"]) -> bool:
    """Tell whether the lock, which was written meanwhile, is the one that the plans were made from."""
    from toolkit.builders.plan import WheelsLayer
    from toolkit.locking import existing_lock

    lock = existing_lock(project)
    return lock is not None and all(
        {pin.sha256 for pin in lock.pins.get(plan.platform, ())}
        == {wheel.sha256 for layer in plan.layers if isinstance(layer, WheelsLayer) for wheel in layer.wheels}
        for plan in plans
    )


def _absent(inputs: Inputs) -> Iterator[Path]:
    """List the modules that would count for an interface if they were there, though the image would not have them."""
    from toolkit.interface.function import function_of
    from toolkit.interface.module import Module

    project = inputs.project
    top = project.source_folder
    for entry in project.entries:
        if entry.entrypoint is None:
            continue
        path, function = project.module_of(entry)
        module = Module.read(path)
        function_of(module, function)
        # A module comes before a package of its name.
        before = [path.parent.with_suffix(".py")] if path.stem == "__init__" else []
        for place in (path, *before, *module.looked_for()):
            if not place.is_relative_to(top) or f"{APP}/{place.relative_to(top).as_posix()}" not in inputs.code:
                yield place


def _record_key(inputs: Inputs) -> dict[str, str]:
    return {"inputs": inputs.key, "lock": inputs.lock}


def _packages(project: Project, environ: Mapping[str, str]) -> list[object]:
    """Name what the lock, which is an input itself, is compared with beside the settings: a wrong one is not used."""
    if not project.dependencies and not project.requirements:
        return []
    from toolkit.python.indexes import Indexes
    from toolkit.python.uv_settings import settings_digest

    if not names_sources(project):
        return [settings_digest(Indexes(where=project.pyproject), environ)]
    from toolkit.locking import indexes_of

    beside = b""
    if project.requirements:
        # With a uv.lock, what the settings beside it require.
        beside = _content(project.requirements.with_name("pyproject.toml"))
    local = local_projects(project.pyproject, project.dependencies)
    return [
        settings_digest(indexes_of(project), environ),
        _sha256(beside),
        {name: version_variables(folder, "", environ) for name, folder in local.items()},
    ]


def _deciding(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(_ENVIRONMENT) and not name.startswith(_NOT_DECIDING)
    }


def _base_identity(text: str) -> list[object]:
    """Identify a base on disk; the lock does that for any other.

    The index of a layout holds the digests of everything else. An archive is too large to read each time: the time of
    its last change is set by the system alone, unlike that of its content, and its number changes with a rename.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "layout":
        return [text, _sha256(_content(Path(rest) / "index.json"))]
    if scheme == "archive":
        status = Path(rest).stat()
        return [text, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    return [text]


def _is_unsettled(base: str) -> bool:
    """Tell whether an archive was changed so recently that another change might keep the time of this one."""
    scheme, _, rest = base.partition(":")
    return scheme == "archive" and time.time() - Path(rest).stat().st_ctime < _SECONDS_UNTIL_SETTLED


def _content(path: Path) -> bytes:
    """Read a file that may be missing; anything else at its place, such as a pipe, is not one of the build's files."""
    return path.read_bytes() if path.is_file() else b""


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
