"""Let uv resolve with `uv pip compile`: the user's settings count, and what only comp knows is laid beside them.

Nothing is built meanwhile. uv writes a pylock.toml (PyPA, "pylock.toml Specification"), whose `packages` are returned.
"""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from toolkit.cache.store import Cache
from toolkit.config.toml import toml_value
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.python.target import Target
from toolkit.redaction import without_login
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin, SourceDistribution
from toolkit.requirements.requirement_set import RequirementSet, exactly
from toolkit.requirements.uv import run_uv
from toolkit.requirements.uv_errors import uv_error
from toolkit.requirements.uv_settings import with_dependency_metadata
from toolkit.system import temporary
from toolkit.system.os_errors import machine_failure

_TIMEOUT = 300
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ANNOTATING = ["--format=requirements.txt", "--no-annotate", "--emit-index-annotation"]
# What these give: a version, with hashes if uv's settings ask for them, and the index below it.
_ANNOTATED = re.compile(
    r"^([A-Za-z0-9][A-Za-z0-9._-]*)==[^\n]*(?:\n {4}--hash[^\n]*)*\n {4}# from (\S+)$", re.MULTILINE
)
_WHEELLESS = re.compile(r"Wheels are required for `([^`]+)`")

Package = dict[str, Any]


class _Call(Struct, frozen=True, kw_only=True):
    """One call of uv. Only wheels count, but for packages that are to be had `from_source`.

    `from_source` holds what these are taken to require, by name, since uv would run their builds to know. `overrides`
    take the place of what wheels require. With `closed` nothing beyond the requirements is taken in. With `annotated`
    uv writes requirements with the index of each, which its pylock.toml does not name.
    """

    wanted: RequirementSet
    constraints: Sequence[str] = ()
    overrides: Sequence[str] = ()
    from_source: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    closed: bool = False
    annotated: bool = False


def compile_wheels(wanted: RequirementSet, cache: Cache, *, constraints: Sequence[str] = ()) -> list[Package]:
    """Return the packages that uv chooses, without those that the base has; `constraints` narrow further.

    Raises InputError when there is no solution, OutsideError when the index cannot be reached.
    """
    if not wanted.requirements:
        return []
    _check(wanted.requirements, wanted.indexes)
    with _by_address(wanted.local) as addresses:
        # uv refuses a constraint by address beside a requirement by another address. An override replaces that one,
        # but would also replace the versions that are required, so the rest are constraints.
        narrowing = [text for name, text in addresses.items() if name not in wanted.addressed]
        overrides = [text for name, text in addresses.items() if name in wanted.addressed]
        packages = _compiled(
            _Call(wanted=wanted, constraints=(*wanted.narrowing, *constraints, *narrowing), overrides=overrides), cache
        )
    # The stand-ins took part in the resolution, and are not installed.
    return [package for package in packages if canonicalize_name(package["name"]) not in wanted.present]


def compile_closed(
    pins: Sequence[Pin], target: Target, cache: Cache, indexes: Indexes, *, from_source: bool = False
) -> list[Package]:
    """Return what the index has for the versions of `pins`, and for nothing that these require."""
    wanted = RequirementSet(
        requirements=tuple(f"{pin.name}=={pin.version}" for pin in pins), target=target, indexes=indexes
    )
    # Without requirements: those of a source distribution would need its build, and none are taken in.
    sources: dict[str, tuple[str, ...]] = {pin.name: () for pin in pins} if from_source else {}
    return _compile(_Call(wanted=wanted, from_source=sources, closed=True), cache)


def index_addresses(pins: Sequence[Pin], target: Target, cache: Cache, indexes: Indexes) -> dict[str, str]:
    """Return the index that uv takes each of these versions from, by name, without a login; no files by links.

    Raises as `compile_wheels` does.
    """
    wanted = RequirementSet(
        requirements=tuple(exactly(pin.name, pin.version) for pin in pins), target=target, indexes=indexes
    )
    built: dict[str, tuple[str, ...]] = {pin.name: () for pin in pins if pin.source}
    text = _run(_Call(wanted=wanted, from_source=built, closed=True, annotated=True), cache)
    return {canonicalize_name(name): without_login(address) for name, address in _ANNOTATED.findall(text)}


def source_distribution(package: Mapping[str, Any]) -> SourceDistribution | None:
    """Return the source distribution of a package, None if it has none (PyPA pylock.toml, `packages.sdist`)."""
    sdist = package.get("sdist") or {}
    sha256 = sdist.get("hashes", {}).get("sha256")
    address = sdist.get("url") or (Path(sdist["path"]).absolute().as_uri() if "path" in sdist else "")
    if not sha256 or not address:
        return None
    return SourceDistribution(
        name=canonicalize_name(package["name"]),
        version=str(package.get("version", "")),
        filename=sdist.get("name") or Path(unquote(urlsplit(address).path)).name,
        digest=Digest.parse_hex(sha256),
        size=sdist.get("size"),
        url=address,
    )


@contextmanager
def _by_address(local: Sequence[Pin]) -> Iterator[Mapping[str, str]]:
    """Return requirements of the wheels on this disk by address, under proper file names, by name."""
    with temporary.folder("local") as folder:
        for pin in local:
            # uv reads name, version and tags from the file's name, which a blob in the cache does not have.
            Path(folder, pin.filename).symlink_to(unquote(urlsplit(pin.url or "").path))
        yield {pin.name: f"{pin.name} @ {Path(folder, pin.filename).as_uri()}" for pin in local}


def _compiled(call: _Call, cache: Cache) -> list[Package]:
    """Resolve to wheels; for a package without one that fits, let its source distribution count.

    The requirements of that are known when its version is chosen: then uv resolves again, held to that version.
    """
    indexes = call.wanted.indexes
    from_source: dict[str, tuple[str, ...]] = dict.fromkeys(sorted(indexes.from_source), ())
    chosen: list[str] = []
    first: InputError | None = None
    # It ends, since each round adds a package to those from source, or holds one to a version.
    while True:
        try:
            packages = _compile(replace(call, constraints=(*call.constraints, *chosen), from_source=from_source), cache)
        except _NoWheelError as error:
            first = first or error.failure
            if error.package in from_source or indexes.only_wheels & {error.package, ":all:"}:
                raise first from None
            # First without requirements, to learn which version is chosen.
            from_source[error.package] = ()
        except InputError:
            # A source distribution does not help, so the missing wheel is the reason.
            if first:
                raise first from None
            raise
        else:
            sources = [sdist for package in packages if (sdist := source_distribution(package))]
            fresh = [
                source
                for source in sources
                if source.name in from_source and exactly(source.name, source.version) not in chosen
            ]
            if not fresh or indexes.source_requirements is None:
                return packages
            for source in fresh:
                chosen.append(exactly(source.name, source.version))
                from_source[source.name] = indexes.source_requirements(source, call.wanted.target)


def _compile(call: _Call, cache: Cache) -> list[Package]:
    """Run uv once, and return its packages."""
    packages: list[Package] = tomllib.loads(_run(call, cache)).get("packages", [])
    return packages


def _run(call: _Call, cache: Cache) -> str:
    """Run uv once, and return what it writes."""
    target, indexes = call.wanted.target, call.wanted.indexes
    with temporary.folder("resolve") as folder:
        environ = with_dependency_metadata(call.from_source, folder / "settings", indexes.environ)
        try:
            done = run_uv(_words(call, folder), cache, environ, seconds=_TIMEOUT, folder=indexes.folder)
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"uv did not finish within {_TIMEOUT} s", hint="is the package index slow?") from error
    if outside := machine_failure("uv", done.code, without_login(done.error_text)):
        raise outside
    if done.code:
        failure = uv_error(done.error_text, target, indexes)
        wheelless = _WHEELLESS.search(done.error_text)
        # A closed call looks for files of a lock, where a source distribution does not replace a wheel.
        if wheelless and isinstance(failure, InputError) and not call.closed:
            raise _NoWheelError(canonicalize_name(wheelless[1]), failure)
        raise failure
    return done.text


class _NoWheelError(Exception):
    """A package has no wheel that fits; `failure` is the error unless a source distribution helps."""

    def __init__(self, package: str, failure: InputError) -> None:
        super().__init__(package)
        self.package = package
        self.failure = failure


def _words(call: _Call, folder: Path) -> list[str]:
    """Return uv's command line; what it reads is written into `folder`."""
    wanted, target = call.wanted, call.wanted.target
    words = ["pip", "compile", "--quiet", "--no-header", "--color=never"]
    words += _ANNOTATING if call.annotated else ["--format=pylock.toml"]
    words += ["--python-platform", target.uv_platform, "--python-version", target.version]
    words += ["--only-binary=:all:", *(f"--no-binary={name}" for name in call.from_source)]
    # Nothing is built, so any interpreter does. Looking for one of the target's version takes uv longer than resolving.
    words += ["--python", sys.executable]
    present = [f"{name}=={version}" for name, version in wanted.present.items()]
    words += ["--constraints", _written(folder / "constraints.txt", [*call.constraints, *present])]
    if call.overrides:
        words += ["--overrides", _written(folder / "overrides.txt", call.overrides)]
    if call.closed:
        words.append("--no-deps")
    if wanted.indexes.early:
        words.append("--prerelease=allow")
    # uv reads the index of a single package in a project only.
    pinned = [text for text in wanted.requirements if _name_of(text) in wanted.indexes.pinned]
    # In the file, since on the command line it would take the place of UV_FIND_LINKS.
    links = [f"--find-links {_stand_ins(folder / 'present', wanted.present)}"] if wanted.present else []
    others = [text for text in wanted.requirements if text not in pinned]
    words.append(_written(folder / "requirements.in", [*links, *wanted.indexes.options, *others]))
    if pinned:
        words.append(str(_project_file(folder / "pinned", pinned, wanted.indexes)))
    return words


def _written(path: Path, lines: Sequence[str]) -> str:
    """Write lines to a file, and return its path as a word of a command line."""
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def _project_file(folder: Path, requirements: Sequence[str], indexes: Indexes) -> Path:
    """Write a project that takes each of its requirements from an index, which uv only does for projects."""
    names = dict.fromkeys(map(_name_of, requirements))
    tables: dict[str, Mapping[str, Any]] = {}
    # `uv_errors` takes this name out of messages.
    lines = ["[project]", 'name = "comp-pinned"', 'version = "0"', f"dependencies = {toml_value(list(requirements))}"]
    lines.append("[tool.uv.sources]")
    for name in names:
        for pin in indexes.pinned[name]:
            # Two required projects may give one name to different indexes, and uv knows indexes by name.
            if tables.setdefault(pin.table["name"], pin.table) != pin.table:
                raise InputError(f"two indexes are named {pin.table['name']}", where=indexes.location)
        entries = [
            {"index": pin.table["name"], **({"marker": pin.marker} if pin.marker else {})}
            for pin in indexes.pinned[name]
        ]
        lines.append(f"{toml_value(name)} = {toml_value(entries)}")
    for table in tables.values():
        lines.append("[[tool.uv.index]]")
        # Only these packages come from there; uv's own settings name the indexes for all.
        explicit = {**table, "explicit": True, "default": False}
        lines += [f"{toml_value(key)} = {toml_value(value)}" for key, value in explicit.items()]
    folder.mkdir()
    path = folder / "pyproject.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _name_of(requirement: str) -> str:
    """Return the normalised name in a requirement, empty if it has none."""
    name = _NAME.match(requirement)
    return canonicalize_name(name[0]) if name else ""


def _stand_ins(folder: Path, present: Mapping[str, str]) -> Path:
    """Make empty wheels of the packages in the base, since builds like `torch 2.1.0+cu118` are on no ordinary index.

    They require nothing: the base has what they need, too.
    """
    folder.mkdir()
    for name, version in present.items():
        stem = f"{name.replace('-', '_')}-{version}"
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
            wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            # Nothing installs it; uv reads its metadata.
            wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return folder


def _check(requirements: Sequence[str], indexes: Indexes) -> None:
    """Raise InputError for an invalid requirement, which uv would report by a line of its own input."""
    from packaging.requirements import Requirement

    for text in requirements:
        try:
            Requirement(text)
        except ValueError as error:
            raise InputError(
                f"not a requirement: {without_login(text)!r}: {str(error).splitlines()[0]}",
                where=indexes.location,
                hint="write it as name==1.2.3 or name>=1,<2",
            ) from None
