"""Builds without changes: recognised by their inputs, without a plan.

A build leaves a record in the cache, under a key of everything that its plan was made from. The record saves work and
decides nothing: a build without it gives the same digest.

The files of the code are read as a plan reads them. Two of its readings are too slow here: that of the interface, and
the comparison of contracts with the code. They would take 46 and 105 ms of CPU, in a command that takes 200 ms as a
whole. So the record keeps the contracts' bytes, and the paths that would change an interface if there were a file.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from toolkit import __version__, launcher
from toolkit.builders.code import component_code
from toolkit.cache.records import Record
from toolkit.config.project import Project, is_on_disk, read_project
from toolkit.digest import Digest, canonical_json
from toolkit.errors import CompError, RemoteError
from toolkit.image_paths import APP
from toolkit.job.builder import is_embedded
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.oci.deflate import ENCODER_VERSION
from toolkit.oci.tar import LAYOUT_VERSION
from toolkit.requirements.building.version_variables import version_variables
from toolkit.requirements.project_sources import local_projects, may_name_sources, source_digests

if TYPE_CHECKING:
    from toolkit.builders.plan import Plan

# Variables named `COMP_…` are settings; SOURCE_DATE_EPOCH is the time in the image.
_ENVIRONMENT = ("COMP_", "SOURCE_DATE_EPOCH")
# Where the cache, the components and kfp are says nothing about an image, nor how registries are asked and who signs.
# Only what the embedded builder builds is recorded.
_NOT_DECIDING = (
    *("COMP_CACHE_DIR", "COMP_REGISTRY", "COMP_REGISTRIES_FILE", "COMP_KFP_", "COMP_TEST_"),
    *("COMP_LOCKED", "COMP_OFFLINE", "COMP_SIGN_", "COMP_BUILDER", "COMP_TRUST_CONFIG"),
)
# A file that changes again this soon may keep its time of change.
_SECONDS_UNTIL_SETTLED = 2


class Inputs(Struct, frozen=True, kw_only=True):
    """The inputs of a build.

    `key` is a digest of all inputs but those that a build itself may write: the lock, given by its digest, and the
    contracts, given whole by their paths. `code` lists the paths of the component's code in the image.
    """

    project: Project
    key: Digest
    lock: Digest
    contracts: Mapping[str, bytes]
    code: frozenset[str]


def read_inputs(request: BuildRequest, context: BuildContext) -> Inputs | None:
    """Read the inputs of a build. None if one cannot be read, which the build then reports.

    None too if an engine builds: it adds times and traits of its own version.
    """
    try:
        project = read_project(request.folder, overrides=request.overrides, environ=context.environ)
        if not is_embedded(request.builder, project, context.environ):
            return None
        code = component_code(project).files
        key = {
            # Another version of comp, of layers or of the launcher makes another image from the same inputs.
            "versions": [__version__, LAYOUT_VERSION, ENCODER_VERSION, Digest.of(launcher.source()).hex],
            "request": [request.push, request.pin, request.locked, context.consent.trust_base],
            "environment": _deciding(context.environ),
            # As read and not as written, so that a comment or an order changes nothing.
            "settings": repr(project),
            "code": [file.identity() for file in code],
            "base": _base_identity(project.base or ""),
            "elsewhere": source_digests(project, context.environ),
            "packages": _packages(project, context.environ),
        }
        return Inputs(
            project=project,
            key=Digest.of(canonical_json(key, ascii_only=True)),
            lock=_lock_digest(project),
            contracts={str(entry.contract): _content(entry.contract) for entry in project.entries},
            code=frozenset(file.path for file in code),
        )
    except (CompError, OSError):
        return None


def recall(request: BuildRequest, inputs: Inputs, context: BuildContext) -> str | None:
    """Return the digest, or after a push the reference, of an earlier build of these inputs. None without one.

    Also None if the build has work to do: an output to write, a pin to set, or an image that the remote lost.
    """
    entry = None if request.output else context.cache.recall(_FinishedBuild, _record_key(inputs))
    if entry is None or any(Path(path).is_file() for path in entry.absent):
        return None
    image = f"{entry.repository}@{entry.digest}" if request.push else str(entry.digest)
    if entry.contracts.keys() != inputs.contracts.keys():
        return None
    pin = _pinned(request, image)
    if not all(entry.contracts[path].is_still(data, pin) for path, data in inputs.contracts.items()):
        return None
    if entry.base and _base_now(inputs.project, context) != entry.base:
        return None
    # The remote may have lost the image, or its tags may name another.
    return image if not request.push or _is_pushed(image, entry.tags, context) else None


def record(
    request: BuildRequest,
    before: Inputs | None,
    context: BuildContext,
    plans: Sequence["Plan"],
    image: str,
    *,
    tags: Sequence[str] = (),
) -> None:
    """Record a build, unless an input changed meanwhile or the next build may make another image.

    `before` are the inputs when the build began, `image` is the digest or the reference of its result.
    """
    try:
        # Read again: a file that changed during the build may be in the image in either form.
        after = read_inputs(request, context)
        entry = None
        if before and after:
            absent = frozenset(map(str, _absent(after, context.environ)))
            entry = _entry(request, before, after, plans, image, tags, absent)
    except (CompError, OSError):
        return  # A file was removed meanwhile. The image is built, and the next build will report the file.
    if after and entry:
        context.cache.remember(_record_key(after), entry)


def _base_now(project: Project, context: BuildContext) -> Digest:
    """Return the digest that the tag of the base has now. Raises OutsideError as a build does."""
    from toolkit.job.tags import digest_now
    from toolkit.oci.reference import parse_reference

    return digest_now(parse_reference(project.base or ""), context, quick=True)


def _is_pushed(image: str, tags: Sequence[str], context: BuildContext) -> bool:
    """Whether the remote has an image, with all of the tags on it. Raises OutsideError if it does not answer."""
    from toolkit.oci.reference import parse_reference
    from toolkit.remote.mirrors import VARIABLE
    from toolkit.remote.probe import manifest_exists

    reference = parse_reference(image)
    exists = manifest_exists(reference, environ=context.environ, tags=tags)
    # A mirror may have what the remote itself lost.
    if exists is not None or context.environ.get(VARIABLE):
        return exists is True
    # Most remotes ask for a token, which takes the whole client.
    remote = context.remote()
    try:
        found = [remote.head(place) for place in (reference, *map(reference.with_tag, tags))]
    except RemoteError as error:
        if not error.status:
            raise
        return False  # Reading may be forbidden where writing is not, so the build decides.
    return all(descriptor and descriptor.digest == reference.digest for descriptor in found)


def _entry(
    request: BuildRequest,
    before: Inputs,
    after: Inputs,
    plans: Sequence["Plan"],
    image: str,
    tags: Sequence[str],
    absent: frozenset[str],
) -> "_FinishedBuild | None":
    """Return what to record. None if it is not certain which inputs the image was built from."""
    contracts = {path: _Contract.of(data) for path, data in after.contracts.items()}
    pin = _pinned(request, image)
    if not (
        _is_repeatable(request, after, plans)
        and before.key == after.key
        and (before.lock == after.lock or _is_installed(after.project, plans))
        and all(contracts[path].is_still(data, None) for path, data in before.contracts.items())
        and all(pin is None or _with_image(data, pin) == data for data in after.contracts.values())
        and not any(Path(path).is_file() for path in absent)
    ):
        return None
    repository, _, digest = image.rpartition("@")
    return _FinishedBuild(
        digest=Digest.parse(digest),
        repository=repository,
        tags=tuple(tags),
        absent=absent,
        contracts=contracts,
        base=_base_then(after.project, plans),
    )


class _Contract(Struct, frozen=True, kw_only=True):
    """A contract as a build saw it: its digest, and that of the text without the pin. None if it cannot be pinned."""

    whole: Digest
    unpinned: Digest | None

    @classmethod
    def of(cls, data: bytes) -> "_Contract":
        """Return the record of a contract's bytes."""
        text = _unpinned(data)
        return cls(whole=Digest.of(data), unpinned=None if text is None else Digest.of(text))

    def is_still(self, data: bytes, pin: str | None) -> bool:
        """Return whether a contract is the same apart from its pin; a changed pin has to be `pin`, if given."""
        if Digest.of(data) == self.whole:
            return True
        if pin is not None and _with_image(data, pin) != data:
            return False
        text = _unpinned(data)
        return text is not None and Digest.of(text) == self.unpinned


class _FinishedBuild(Record, frozen=True, kw_only=True):
    """The image that a build made: its digest, and after a push its repository and its tags there.

    `absent` are the paths that would change an interface if there were a file. `contracts` are by their paths. `base`
    is the digest that the base's tag had, if the tag alone names it.
    """

    KIND: ClassVar[str] = "build"

    digest: Digest
    repository: str
    tags: tuple[str, ...]
    absent: frozenset[str]
    contracts: Mapping[str, _Contract]
    base: Digest | None


def _unpinned(data: bytes) -> bytes | None:
    """Return a contract without its image. None if it cannot be pinned."""
    from toolkit.spec.pin import unpinned

    return unpinned(data)


def _with_image(data: bytes, image: str) -> bytes | None:
    """Pin a contract as a push does. None if it cannot be pinned."""
    from toolkit.spec.pin import pin_image

    try:
        return pin_image(data.decode(), image, Path()).encode()
    except (CompError, UnicodeDecodeError):
        return None


def _pinned(request: BuildRequest, image: str) -> str | None:
    """Return the reference that a contract has to name. None if it may name any."""
    return image if request.push and request.pin == "in-place" else None


def _is_repeatable(request: BuildRequest, inputs: Inputs, plans: Sequence["Plan"]) -> bool:
    """Return whether the inputs alone decide the image.

    A machine that could compile nothing may have an interpreter tomorrow.
    """
    from toolkit.builders.plan import BytecodeLayer, WheelsLayer

    project = inputs.project
    kinds = [{type(layer) for layer in plan.layers} for plan in plans]
    lacks_bytecode = project.bytecode and any(WheelsLayer in kind and BytecodeLayer not in kind for kind in kinds)
    return (
        # A pin in another file would have to be compared with that file as well.
        request.pin in {"in-place", "none"} and not lacks_bytecode and not _is_unsettled(project.base or "")
    )


def _base_then(project: Project, plans: Sequence["Plan"]) -> Digest | None:
    """Return the digest that the base's tag had, if it decides the base: it is on the command line or in COMP_BASE.

    The tag in the settings is pinned by the lock, which is among the inputs.
    """
    from toolkit.job.lock import existing_lock

    base = project.base or ""
    found = plans[0].base_found
    if not project.base_overridden or is_on_disk(base) or "@" in base or not found:
        return None
    lock = existing_lock(project)
    return None if lock and lock.base == found else found.digest


def _is_installed(project: Project, plans: Sequence["Plan"]) -> bool:
    """Return whether the lock that was written meanwhile is the one that the plans were made from."""
    from toolkit.builders.plan import WheelsLayer
    from toolkit.job.lock import existing_lock

    lock = existing_lock(project)
    return lock is not None and all(
        {pin.digest for pin in lock.pins.get(plan.platform, ())}
        == {wheel.digest for layer in plan.layers if isinstance(layer, WheelsLayer) for wheel in layer.wheels}
        for plan in plans
    )


def _absent(inputs: Inputs, environ: Mapping[str, str]) -> Iterator[Path]:
    """List the places where a module would change an interface, though the image would not have the module."""
    from toolkit.interface.function import function_of
    from toolkit.interface.module import Module

    project = inputs.project
    top = project.source_folder
    for entry in project.entries:
        if entry.entrypoint is None:
            continue
        path, function = project.module_of(entry)
        module = Module.read(path, environ)
        function_of(module, function)
        # A module comes before a package of its name.
        before = [path.parent.with_suffix(".py")] if path.stem == "__init__" else []
        for candidate in (path, *before, *module.looked_for()):
            if not candidate.is_relative_to(top) or f"{APP}/{candidate.relative_to(top).as_posix()}" not in inputs.code:
                yield candidate


def differ_in_pin_alone(before: bytes, after: bytes) -> bool:
    """Return whether two texts of a contract are the same apart from the image that they name."""
    return before == after or _Contract.of(before).is_still(after, None)


def _record_key(inputs: Inputs) -> dict[str, str]:
    """Return the key of a record; the lock stands apart, since a build may write it."""
    return {"inputs": inputs.key.hex, "lock": inputs.lock.hex}


def _packages(project: Project, environ: Mapping[str, str]) -> list[object]:
    """List what a lock is verified against, beside the settings: a build does not use a wrong one."""
    if not project.dependencies and not project.requirements:
        return []
    from toolkit.requirements.indexes import Indexes
    from toolkit.requirements.uv_settings import settings_digest

    if not may_name_sources(project):
        return [settings_digest(Indexes(environ=environ, where=project.pyproject)).hex]
    from toolkit.job.resolve import indexes_of

    beside = b""
    if project.requirements:
        # With a uv.lock, what the settings beside it require.
        beside = _content(project.requirements.with_name("pyproject.toml"))
    local = local_projects(project.pyproject, project.dependencies, environ)
    return [
        settings_digest(indexes_of(project, environ)).hex,
        Digest.of(beside).hex,
        {name: version_variables(folder, "", environ) for name, folder in local.items()},
    ]


def _deciding(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may decide what is built."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(_ENVIRONMENT) and not name.startswith(_NOT_DECIDING)
    }


def _base_identity(text: str) -> list[object]:
    """Identify a base on disk; the lock identifies any other.

    The index of a layout holds the digests of everything else. An archive is too large to read each time. Instead its
    ctime counts, which only the system sets, and its inode, which another file at the same path does not have.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "layout":
        return [text, Digest.of(_content(Path(rest) / "index.json")).hex]
    if scheme == "archive":
        status = Path(rest).stat()
        return [text, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    return [text]


def _is_unsettled(base: str) -> bool:
    """Return whether an archive changed so recently that another change might leave its time the same."""
    scheme, _, rest = base.partition(":")
    return scheme == "archive" and time.time() - Path(rest).stat().st_ctime < _SECONDS_UNTIL_SETTLED


def _lock_digest(project: Project) -> Digest:
    """Return the digest of the lock; of that of a collection, its part counts."""
    if project.shared_lock is None:
        return Digest.of(_content(project.lock))
    from toolkit.job.lock import existing_lock

    return Digest.of(repr(existing_lock(project)).encode())


def _content(path: Path) -> bytes:
    """Read a file that may be missing; anything else at its place, such as a pipe, is not one of the build's files."""
    return path.read_bytes() if path.is_file() else b""
