"""Requirements that somebody has locked already: `requirements.txt`, `uv.lock` or `pylock.toml` as an input.

Versions, markers and hashes of the file are binding; which of its files goes into an image is still decided for
each platform. pip, "Requirements File Format"; PyPA, "pylock.toml Specification".
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit.errors import InputError, Location, OutsideError
from toolkit.processes import run
from toolkit.python.target import Target
from toolkit.python.uv import uv_program
from toolkit.redaction import without_login
from toolkit.toml import Document

_SECONDS = 120
_HASH = re.compile(r"\s--hash[= ]sha256:([0-9a-f]{64})")
_OTHER_OPTION = re.compile(r"\s--(?:hash|config-settings?|global-option)[= ]\S+")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_INDEX_OPTIONS = ("--index-url", "-i ", "--extra-index-url", "--find-links", "-f ", "--no-index")
_FOLDER = re.compile(r"(?:--find-links|-f)[= ]\s*(\S+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Requirements, what only narrows them, and by name the only hashes that may be chosen.

    Of a lock `locked` are the versions by name, and `requirements` what the lock was made from, where that is known;
    of a requirements file it is None.
    """

    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    locked: Mapping[str, str] | None = None


def read_inputs(path: Path, target: Target) -> Inputs:
    """Read the file for a target. Raises InputError with the line that cannot be used."""
    if not path.is_file():
        raise InputError(f"there is no {path.name}", where=Location(path=path), hint="correct `requirements`")
    if path.name == "uv.lock":
        return _of_uv_lock(path, target)
    if path.suffix == ".toml":
        return _of_pylock(path, target)
    return _of_text(path.read_text("utf-8", "replace"), path)


def inputs_file_digest(path: Path) -> str:
    """Hash the file, with those that it takes in."""
    hasher = hashlib.sha256()
    for number, one in enumerate(_files(path)):
        data = one.read_bytes() if one.is_file() else b""
        # Where one ends and the next begins counts; a file alone is its own sha256.
        hasher.update((f"\0{len(data)}\0".encode() if number else b"") + data)
    return hasher.hexdigest()


def index_options(path: Path) -> tuple[str, ...]:
    """List the lines about indexes of a requirements file and of those that it takes in; other files have none.

    A folder named relative to its file, as pip takes it, becomes absolute.
    """
    return tuple(
        _absolute(line, one.parent)
        for one in _files(path)
        if one.name != "uv.lock" and one.suffix != ".toml" and one.is_file()
        for _, line in _lines(one.read_text("utf-8", "replace"))
        if line.startswith(_INDEX_OPTIONS)
    )


def _absolute(line: str, folder: Path) -> str:
    found = _FOLDER.fullmatch(line)
    return f"--find-links {(folder / found[1]).absolute()}" if found and (folder / found[1]).exists() else line


def _files(path: Path) -> list[Path]:
    """List a file and those that it takes in, and these in turn, each once."""
    found, waiting = [path], [path]
    while waiting:
        one = waiting.pop()
        if one.name == "uv.lock" or one.suffix == ".toml" or not one.is_file():
            continue
        for _, line in _lines(one.read_text("utf-8", "replace")):
            inner = (one.parent / other[1]).resolve() if (other := _other_file(line)) else None
            if inner and inner not in found:
                found.append(inner)
                waiting.append(inner)
    return found


def _exported(path: Path) -> str:
    """Let uv write its lock as requirements; projects of the workspace are left to `[tool.uv.sources]`."""
    command = [uv_program(), "export", "--frozen", "--no-dev", "--no-emit-project", "--format=requirements.txt"]
    command += ["--no-header", "--no-annotate", "--quiet", "--color=never"]
    done = run(command, folder=path.parent, seconds=_SECONDS)
    if done.code:
        said = " ".join(without_login(done.error_text).split()).removeprefix("error: ")
        raise InputError(
            f"uv cannot read it: {said[-600:]}", where=Location(path=path), hint="`uv lock` writes it anew"
        )
    return done.text


def _of_uv_lock(path: Path, target: Target) -> Inputs:
    """Take what the lock has for the target, and what its project requires, which the lock alone cannot say."""
    exported = _of_text(_exported(path), path)
    environment: Any = {**target.environment, "extra": ""}
    locked: dict[str, str] = {}
    for text in exported.requirements:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            versions = [one.version for one in requirement.specifier]
            if len(versions) != 1:
                raise InputError(f"not one version: {without_login(text)}", where=Location(path=path))
            locked[canonicalize_name(requirement.name)] = versions[0]
    document = Document.read(path.with_name("pyproject.toml"))
    required = document.strings("project", "dependencies") if document else ()
    return Inputs(requirements=required, hashes=exported.hashes, locked=locked)


def _of_text(text: str, path: Path, inside: tuple[Path, ...] = ()) -> Inputs:
    """Read requirements; `inside` are the files that take this one in."""
    requirements: list[str] = []
    constraints: list[str] = []
    hashes: dict[str, frozenset[str]] = {}
    for number, line in _lines(text):
        where = Location(path=path, line=None if path.name == "uv.lock" else number)
        if other := _other_file(line):
            inner = _included((path.parent / other[1]).resolve(), where, (*inside, path.resolve()))
            (constraints if other[0] else requirements).extend(inner.requirements)
            constraints.extend(inner.constraints)
            hashes.update(inner.hashes)
        elif line.startswith(_INDEX_OPTIONS):
            continue  # For `index_options`.
        elif line.startswith(("-e ", "--editable", "./", "../", "/")):
            if path.name != "uv.lock":
                raise InputError(
                    f"a folder is required: {line}",
                    where=where,
                    hint="require the project by name, and name its folder in [tool.uv.sources]",
                )
        elif line.startswith("-"):
            raise InputError(f"not an option that can be used here: {line.split()[0]}", where=where)
        else:
            requirement, found = _requirement(line, where)
            requirements.append(requirement)
            if found:
                name = canonicalize_name(Requirement(requirement).name)
                hashes[name] = hashes.get(name, frozenset()) | found
    return Inputs(requirements=tuple(requirements), constraints=tuple(constraints), hashes=hashes)


def _included(path: Path, where: Location, inside: tuple[Path, ...]) -> Inputs:
    """Read a file that another takes in. Raises InputError naming the line that does when it is not there."""
    if not path.is_file():
        raise InputError(f"there is no {path}", where=where)
    if path in inside:
        raise InputError(f"{path.name} takes in itself", where=where, hint="remove the line")
    return _of_text(path.read_text("utf-8", "replace"), path, inside)


def _requirement(line: str, where: Location) -> tuple[str, frozenset[str]]:
    found = frozenset(_HASH.findall(line))
    text = _OTHER_OPTION.sub("", line).strip()
    try:
        Requirement(text)
    except ValueError as error:
        raise InputError(
            f"not a requirement: {without_login(text)!r}: {str(error).partition(chr(10))[0]}", where=where
        ) from None
    return text, found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the logical lines with their numbers: continued ones joined, comments and empty ones left out."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first or number
        if line.endswith("\\"):
            whole += _COMMENT.sub("", line[:-1]) + " "
            continue
        whole = _COMMENT.sub("", whole + line).strip()
        if whole:
            yield first, whole
        whole, first = "", 0


def _other_file(line: str) -> tuple[bool, str] | None:
    """Read `-r FILE` and `-c FILE`; true means that it only narrows."""
    match = re.match(r"(-r|--requirement|-c|--constraint)[= ]\s*(\S+)", line)
    return (match[1] in {"-c", "--constraint"}, match[2]) if match else None


def _of_pylock(path: Path, target: Target) -> Inputs:
    """Take what a lock has for the target, with the reference selector of `packaging`."""
    from packaging.pylock import PackageWheel, Pylock, PylockSelectError, PylockValidationError

    try:
        lock = Pylock.from_dict(tomllib.loads(path.read_text("utf-8", "replace")))
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
