"""Requirements imported from another tool's file: `requirements.txt`, `uv.lock` or `pylock.toml`.

Versions, markers and hashes in the file are binding. For each platform, comp chooses among the files that they allow.
pip, "Requirements File Format"; PyPA, "pylock.toml Specification".
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit.cache.store import Cache
from toolkit.config.toml import TomlDocument
from toolkit.digest import Digest
from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import SETTINGS_SIZE
from toolkit.python.target import Target
from toolkit.redaction import without_login
from toolkit.requirements.requirements_file import (
    GENERAL,
    FileOptions,
    Line,
    lines_of,
    options_of,
    read_lines,
    requirement_of,
)
from toolkit.requirements.uv import run_uv
from toolkit.requirements.uv_workspace import members_of
from toolkit.system.os_errors import machine_failure
from toolkit.system.reading import read_foreign

_SECONDS = 120
_HASH = re.compile(r"\s--hash[= ]sha256:([0-9a-f]{64})")
_ANY_HASH = re.compile(r"\s--hash[= ]\S+")
_OTHER_FILES = ("--requirement", "--constraint")


class ImportedRequirements(Struct, frozen=True, kw_only=True):
    """The requirements in a file, the constraints, and by name the only hashes that may be chosen.

    From a lock, `locked` are the versions by name, `addressed` the requirements with addresses, and `requirements` are
    those of the lock's project in its `document`, if that is known. From a requirements file, `locked` is None unless
    the file requires hashes.
    """

    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: Mapping[str, frozenset[Digest]] = field(default_factory=lambda: MappingProxyType({}))
    locked: Mapping[str, str] | None = None
    addressed: tuple[str, ...] = ()
    document: TomlDocument | None = None


def import_requirements(
    path: Path, target: Target, cache: Cache, environ: Mapping[str, str], *, member: TomlDocument | None = None
) -> ImportedRequirements:
    """Return the requirements in a file for a target; in the lock of a workspace, those of its `member`.

    Raises InputError with the unusable line.
    """
    if not path.is_file():
        raise InputError(f"{path.name} is missing", where=Location(path=path), hint="correct `requirements`")
    if path.name == "uv.lock":
        return _of_uv_lock(path, target, member, cache, environ)
    if path.suffix == ".toml":
        return _of_pylock(path, target)
    return _of_lines(read_lines(path, environ), environ)


def imported_digest(path: Path, environ: Mapping[str, str]) -> Digest:
    """Return the digest of a file and of those that it includes."""
    hasher = hashlib.sha256()
    for number, file in enumerate(included_files(path, environ)):
        data = file.read_bytes() if file.is_file() else b""
        # Lengths keep files apart; a file alone has its own sha256.
        hasher.update((f"\0{len(data)}\0".encode() if number else b"") + data)
    return Digest(hasher.hexdigest())


def file_options(path: Path, environ: Mapping[str, str]) -> FileOptions:
    """Return the options of a requirements file and of those that it includes; other files have none.

    Raises InputError with the line of an unusable option.
    """
    files = [file for file in included_files(path, environ) if _is_requirements_file(file)]
    return options_of(line for file in files for line in read_lines(file, environ))


def _is_requirements_file(path: Path) -> bool:
    """Return whether a path is a file with lines that may include others."""
    return path.name != "uv.lock" and path.suffix != ".toml" and path.is_file()


def included_files(path: Path, environ: Mapping[str, str]) -> list[Path]:
    """Return a file and all that it includes, each once."""
    # Not by recursion: files may include each other, and `_included` reports that with the line.
    files, waiting = [path], [path]
    while waiting:
        file = waiting.pop()
        for line in read_lines(file, environ) if _is_requirements_file(file) else ():
            inner = (file.parent / line.value).resolve()
            if line.option in _OTHER_FILES and inner not in files:
                files.append(inner)
                waiting.append(inner)
    return files


def _exported(path: Path, package: str | None, cache: Cache, environ: Mapping[str, str]) -> str:
    """Return uv's lock as the text of a requirements file, which uv writes."""
    # Frozen: uv would lock anew if the lock is stale, and `verify` finds the difference instead.
    words = ["export", "--frozen", "--no-dev", "--no-emit-project", "--format=requirements.txt"]
    words += ["--no-header", "--no-annotate", "--quiet", "--color=never"]
    words += ["--package", package] if package else []
    done = run_uv(words, cache, environ, seconds=_SECONDS, folder=path.parent)
    if outside := machine_failure("uv", done.code, without_login(done.error_text)):
        raise outside
    if done.code:
        message = " ".join(without_login(done.error_text).split()).removeprefix("error: ")
        raise InputError(
            f"uv cannot read it: {message[-600:]}", where=Location(path=path), hint="`uv lock` writes it anew"
        )
    return done.text


def _of_uv_lock(
    path: Path, target: Target, member: TomlDocument | None, cache: Cache, environ: Mapping[str, str]
) -> ImportedRequirements:
    """Import a uv.lock, with the requirements of its project, which the lock does not hold."""
    document = TomlDocument.read(path.with_name("pyproject.toml"))
    package = member.string("project", "name") if member and document else None
    # A member gets its own requirements alone, and not those of its neighbours.
    if member and document and package in members_of(document) and member.path.parent != path.parent:
        document = member
    else:
        package = None
    # [tool.uv.sources] brings the projects of the workspace.
    text = _exported(path, package, cache, environ)
    lines = [line for line in lines_of(text, path, environ) if not _is_folder(line)]
    # The lines are of uv's output, so errors name the lock.
    exported = _of_lines((replace(line, where=Location(path=path)) for line in lines), environ)
    environment: Any = {**target.environment, "extra": ""}
    locked: dict[str, str] = {}
    addressed: list[str] = []
    for text in exported.requirements:
        requirement = Requirement(text)
        if requirement.url:
            addressed.append(text)
        elif requirement.marker is None or requirement.marker.evaluate(environment):
            # uv writes one `==` for each package.
            versions = [specifier.version for specifier in requirement.specifier]
            if len(versions) != 1:
                raise InputError(f"not one version: {without_login(text)}", where=Location(path=path))
            locked[canonicalize_name(requirement.name)] = versions[0]
    required = document.strings("project", "dependencies") if document else ()
    return ImportedRequirements(
        requirements=required,
        hashes=exported.hashes,
        locked=locked,
        addressed=tuple(addressed),
        document=document,
    )


def _is_folder(line: Line) -> bool:
    """Return whether a line of uv's output requires a folder."""
    return line.option == "--editable" or line.text.startswith(("./", "../", "/"))


def _of_lines(lines: Iterable[Line], environ: Mapping[str, str], inside: tuple[Path, ...] = ()) -> ImportedRequirements:
    """Import requirements; `inside` are the files that include this one."""
    requirements: list[str] = []
    constraints: list[str] = []
    hashes: dict[str, frozenset[Digest]] = {}
    hashed = False
    for line in lines:
        if line.option in _OTHER_FILES:
            inner = _included(line, environ, inside)
            # What a constraints file lists only narrows.
            (constraints if line.option == "--constraint" else requirements).extend(inner.requirements)
            constraints.extend(inner.constraints)
            hashes.update(inner.hashes)
            hashed = hashed or inner.locked is not None
        elif line.option == "--require-hashes":
            hashed = True
        elif line.option not in GENERAL:
            requirement, allowed = _requirement(line)
            requirements.append(requirement)
            if allowed:
                name = canonicalize_name(Requirement(requirement).name)
                # A package may stand in several lines, with other markers.
                hashes[name] = hashes.get(name, frozenset()) | allowed
    locked = _all_hashed(requirements, hashes) if hashed else None
    return ImportedRequirements(
        requirements=tuple(requirements), constraints=tuple(constraints), hashes=hashes, locked=locked
    )


def _all_hashed(requirements: Sequence[str], hashes: Mapping[str, frozenset[Digest]]) -> dict[str, str]:
    """Return the versions in a file with `--require-hashes`, which is its own lock. Raises InputError."""
    locked: dict[str, str] = {}
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name not in hashes:
            raise InputError(
                f"{requirement} has no hash, and --require-hashes is set",
                hint="`uv pip compile --generate-hashes` writes them",
            )
        exact = [pinned.version for pinned in requirement.specifier if pinned.operator in {"==", "==="}]
        if exact:
            locked[name] = exact[0]
    return locked


def _included(line: Line, environ: Mapping[str, str], inside: tuple[Path, ...]) -> ImportedRequirements:
    """Import a file that a line includes. Raises InputError with that line if it is missing."""
    path = (line.where.path.parent / line.value).resolve()
    if not path.is_file():
        raise InputError(f"{path} is missing", where=line.where)
    # Only the files around count: two files may include a third one.
    inside = (*inside, line.where.path.resolve())
    if path in inside:
        raise InputError(f"{path.name} includes itself", where=line.where, hint="remove the line")
    return _of_lines(read_lines(path, environ), environ, inside)


def _requirement(line: Line) -> tuple[str, frozenset[Digest]]:
    """Return the requirement in a line, and its sha256 hashes."""
    text = requirement_of(line)
    hashes = frozenset(map(Digest, _HASH.findall(text)))
    # Hashes of other kinds are dropped; `requirement_of` refuses a line that has only those.
    text = _ANY_HASH.sub("", text).strip()
    try:
        Requirement(text)
    except ValueError as error:
        raise InputError(
            f"not a requirement: {without_login(text)!r}: {str(error).partition(chr(10))[0]}", where=line.where
        ) from None
    return text, hashes


def _of_pylock(path: Path, target: Target) -> ImportedRequirements:
    """Import a pylock.toml, with the selector of `packaging`."""
    from packaging.pylock import PackageWheel, Pylock, PylockSelectError, PylockValidationError

    try:
        lock = Pylock.from_dict(tomllib.loads(read_foreign(path, SETTINGS_SIZE).decode("utf-8", "replace")))
        chosen = list(lock.select(environment=target.environment, tags=list(target.tags)))
    except (tomllib.TOMLDecodeError, PylockValidationError, PylockSelectError) as error:
        raise InputError(f"not usable for {target.platform}: {error}", where=Location(path=path)) from error
    locked: dict[str, str] = {}
    hashes: dict[str, frozenset[Digest]] = {}
    for package, artifact in chosen:
        if package.version is None:
            raise InputError(f"{package.name} has no version", where=Location(path=path))
        locked[canonicalize_name(package.name)] = str(package.version)
        listed = [file.hashes for file in package.wheels or ()] + ([package.sdist.hashes] if package.sdist else [])
        # A source distribution counts, too: the wheel may have to be built from it.
        allowed = frozenset(Digest.parse_hex(file["sha256"]) for file in listed if "sha256" in file)
        if isinstance(artifact, PackageWheel) and "sha256" in artifact.hashes:
            # Only the wheel that the selector chooses for this target.
            allowed = frozenset({Digest.parse_hex(artifact.hashes["sha256"])})
        if not allowed:
            raise OutsideError(f"{path} has no sha256 for {package.name}", hint="lock again with sha256 hashes")
        hashes[canonicalize_name(package.name)] = allowed
    return ImportedRequirements(hashes=hashes, locked=locked)
