"""Requirements that somebody has locked already: `requirements.txt`, `uv.lock` or `pylock.toml` as an input.

Versions, markers and hashes of the file are binding; which of its files goes into an image is still decided for
each platform. pip, "Requirements File Format"; PyPA, "pylock.toml Specification".
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import SETTINGS_SIZE
from toolkit.machine import ended
from toolkit.python.requirements_file import (
    GENERAL,
    FileOptions,
    Line,
    lines_of,
    options_of,
    read_lines,
    requirement_of,
)
from toolkit.python.target import Target
from toolkit.python.uv import run_uv
from toolkit.python.workspace import members_of
from toolkit.reading import read_foreign
from toolkit.redaction import without_login
from toolkit.toml import Document

_SECONDS = 120
_HASH = re.compile(r"\s--hash[= ]sha256:([0-9a-f]{64})")
_ANY_HASH = re.compile(r"\s--hash[= ]\S+")
_OTHER_FILES = ("--requirement", "--constraint")


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Requirements, what only narrows them, and by name the only hashes that may be chosen.

    Of a lock `locked` are the versions by name, `addressed` requirements with addresses, and `requirements` what the
    lock was made from, in the `document`, where that is known; of a requirements file these are None and empty.
    """

    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    locked: Mapping[str, str] | None = None
    addressed: tuple[str, ...] = ()
    document: Document | None = None


def read_inputs(path: Path, target: Target, member: Document | None = None) -> Inputs:
    """Read the file for a target; of the lock of a workspace what its `member` needs, if that is one.

    Raises InputError with the line that cannot be used.
    """
    if not path.is_file():
        raise InputError(f"there is no {path.name}", where=Location(path=path), hint="correct `requirements`")
    if path.name == "uv.lock":
        return _of_uv_lock(path, target, member)
    if path.suffix == ".toml":
        return _of_pylock(path, target)
    return _of_lines(read_lines(path))


def inputs_file_digest(path: Path) -> str:
    """Hash the file, with those that it takes in."""
    hasher = hashlib.sha256()
    for number, one in enumerate(_files(path)):
        data = one.read_bytes() if one.is_file() else b""
        # Where one ends and the next begins counts; a file alone is its own sha256.
        hasher.update((f"\0{len(data)}\0".encode() if number else b"") + data)
    return hasher.hexdigest()


def file_options(path: Path) -> FileOptions:
    """Collect the options of a requirements file and of those that it takes in; other files have none.

    Raises InputError with the line of an option that cannot be honoured.
    """
    files = [one for one in _files(path) if _is_text(one)]
    return options_of(line for one in files for line in read_lines(one))


def _is_text(path: Path) -> bool:
    return path.name != "uv.lock" and path.suffix != ".toml" and path.is_file()


def _files(path: Path) -> list[Path]:
    """List a file and those that it takes in, and these in turn, each once."""
    found, waiting = [path], [path]
    while waiting:
        one = waiting.pop()
        for line in read_lines(one) if _is_text(one) else ():
            inner = (one.parent / line.value).resolve()
            if line.option in _OTHER_FILES and inner not in found:
                found.append(inner)
                waiting.append(inner)
    return found


def _exported(path: Path, package: str | None) -> str:
    """Let uv write its lock as requirements; projects of the workspace are left to `[tool.uv.sources]`."""
    words = ["export", "--frozen", "--no-dev", "--no-emit-project", "--format=requirements.txt"]
    words += ["--no-header", "--no-annotate", "--quiet", "--color=never"]
    words += ["--package", package] if package else []
    done = run_uv(words, folder=path.parent, seconds=_SECONDS, environ=os.environ)
    if outside := ended("uv", done.code, without_login(done.error_text)):
        raise outside
    if done.code:
        said = " ".join(without_login(done.error_text).split()).removeprefix("error: ")
        raise InputError(
            f"uv cannot read it: {said[-600:]}", where=Location(path=path), hint="`uv lock` writes it anew"
        )
    return done.text


def _of_uv_lock(path: Path, target: Target, member: Document | None) -> Inputs:
    """Take what the lock has for the target, and what its project requires, which the lock alone cannot say."""
    document = Document.read(path.with_name("pyproject.toml"))
    package = member.string("project", "name") if member and document else None
    if member and document and package in members_of(document) and member.path.parent != path.parent:
        document = member
    else:
        package = None
    # Projects of the workspace are left to [tool.uv.sources].
    lines = [line for line in lines_of(_exported(path, package), path) if not _is_folder(line)]
    exported = _of_lines(replace(line, where=Location(path=path)) for line in lines)
    environment: Any = {**target.environment, "extra": ""}
    locked: dict[str, str] = {}
    addressed: list[str] = []
    for text in exported.requirements:
        requirement = Requirement(text)
        if requirement.url:
            addressed.append(text)
        elif requirement.marker is None or requirement.marker.evaluate(environment):
            versions = [one.version for one in requirement.specifier]
            if len(versions) != 1:
                raise InputError(f"not one version: {without_login(text)}", where=Location(path=path))
            locked[canonicalize_name(requirement.name)] = versions[0]
    required = document.strings("project", "dependencies") if document else ()
    return Inputs(
        requirements=required,
        hashes=exported.hashes,
        locked=locked,
        addressed=tuple(addressed),
        document=document,
    )


def _is_folder(line: Line) -> bool:
    return line.option == "--editable" or line.text.startswith(("./", "../", "/"))


def _of_lines(lines: Iterable[Line], inside: tuple[Path, ...] = ()) -> Inputs:
    """Read requirements; `inside` are the files that take this one in."""
    requirements: list[str] = []
    constraints: list[str] = []
    hashes: dict[str, frozenset[str]] = {}
    hashed = False
    for line in lines:
        if line.option in _OTHER_FILES:
            inner = _included(line, inside)
            (constraints if line.option == "--constraint" else requirements).extend(inner.requirements)
            constraints.extend(inner.constraints)
            hashes.update(inner.hashes)
            hashed = hashed or inner.locked is not None
        elif line.option == "--require-hashes":
            hashed = True
        elif line.option not in GENERAL:
            requirement, found = _requirement(line)
            requirements.append(requirement)
            if found:
                name = canonicalize_name(Requirement(requirement).name)
                hashes[name] = hashes.get(name, frozenset()) | found
    locked = _all_hashed(requirements, hashes) if hashed else None
    return Inputs(requirements=tuple(requirements), constraints=tuple(constraints), hashes=hashes, locked=locked)


def _all_hashed(requirements: Sequence[str], hashes: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Give the versions of a file that is its own lock, as `--require-hashes` has it. Raises InputError."""
    locked: dict[str, str] = {}
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name not in hashes:
            raise InputError(
                f"{requirement} has no hash, and --require-hashes asks for one",
                hint="`uv pip compile --generate-hashes` writes them",
            )
        exact = [one.version for one in requirement.specifier if one.operator in {"==", "==="}]
        if exact:
            locked[name] = exact[0]
    return locked


def _included(line: Line, inside: tuple[Path, ...]) -> Inputs:
    """Read a file that another takes in. Raises InputError naming the line that does when it is not there."""
    path = (line.where.path.parent / line.value).resolve()
    if not path.is_file():
        raise InputError(f"there is no {path}", where=line.where)
    inside = (*inside, line.where.path.resolve())
    if path in inside:
        raise InputError(f"{path.name} takes in itself", where=line.where, hint="remove the line")
    return _of_lines(read_lines(path), inside)


def _requirement(line: Line) -> tuple[str, frozenset[str]]:
    text = requirement_of(line)
    found = frozenset(_HASH.findall(text))
    text = _ANY_HASH.sub("", text).strip()
    try:
        Requirement(text)
    except ValueError as error:
        raise InputError(
            f"not a requirement: {without_login(text)!r}: {str(error).partition(chr(10))[0]}", where=line.where
        ) from None
    return text, found


def _of_pylock(path: Path, target: Target) -> Inputs:
    """Take what a lock has for the target, with the reference selector of `packaging`."""
    from packaging.pylock import PackageWheel, Pylock, PylockSelectError, PylockValidationError

    try:
        lock = Pylock.from_dict(tomllib.loads(read_foreign(path, SETTINGS_SIZE).decode("utf-8", "replace")))
        chosen = list(lock.select(environment=target.environment, tags=list(target.tags)))
    except (tomllib.TOMLDecodeError, PylockValidationError, PylockSelectError) as error:
        raise InputError(f"not usable for {target.platform}: {error}", where=Location(path=path)) from error
    locked: dict[str, str] = {}
    hashes: dict[str, frozenset[str]] = {}
    for package, artifact in chosen:
        if package.version is None:
            raise InputError(f"{package.name} has no version", where=Location(path=path))
        locked[canonicalize_name(package.name)] = str(package.version)
        known = [file.hashes for file in package.wheels or ()] + ([package.sdist.hashes] if package.sdist else [])
        sums = frozenset(one["sha256"] for one in known if "sha256" in one)
        if isinstance(artifact, PackageWheel) and "sha256" in artifact.hashes:
            # The very wheel that the reference selector takes for this target.
            sums = frozenset({artifact.hashes["sha256"]})
        if not sums:
            raise OutsideError(f"{path} has no sha256 for {package.name}", hint="lock again with sha256 hashes")
        hashes[canonicalize_name(package.name)] = sums
    return Inputs(hashes=hashes, locked=locked)
