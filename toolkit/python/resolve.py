"""Resolve requirements for a target with uv, to the very wheels that will go into the image."""

import logging
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit import temporary
from toolkit.errors import InputError, OutsideError
from toolkit.machine import ended
from toolkit.python.indexes import ANY, Indexes
from toolkit.python.pin import Pin, SourceDistribution
from toolkit.python.refusals import no_wheel, refusal
from toolkit.python.target import Target
from toolkit.python.uv import run_uv
from toolkit.python.uv_settings import answering
from toolkit.redaction import without_login
from toolkit.toml import toml_value

log = logging.getLogger(__name__)

_TIMEOUT = 300
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WHEELLESS = re.compile(r"Wheels are required for `([^`]+)`")


def resolve(
    requirements: Sequence[str],
    target: Target,
    *,
    indexes: Indexes = ANY,
    constraints: Sequence[str] = (),
    present: Mapping[str, str] = MappingProxyType({}),
    local: Sequence[Pin] = (),
    hashes: Mapping[str, frozenset[str]] = MappingProxyType({}),
    addressed: AbstractSet[str] = frozenset(),
) -> tuple[Pin | SourceDistribution, ...]:
    """Choose one wheel for every requirement and what they need, in order of name.

    A release without any wheel that fits is given as its source distribution. uv reads its own settings: indexes,
    credentials, find-links. `constraints` are requirements that only narrow; `present` are versions by name that the
    base already has, which count and are not among the pins; `local` are wheels on this disk, with addresses, that
    take the place of any index's, and where wheels require one by an address, which `addressed` names, of that.
    `hashes` are the only files that may be chosen, by name, as hex sha256.
    Raises InputError when there is no solution, OutsideError when the index cannot be reached.
    """
    if not requirements:
        return ()
    _check(requirements, indexes)
    with _named(local) as named:
        packages = _compiled(
            requirements,
            target,
            indexes,
            (*constraints, *(text for name, text in named.items() if name not in addressed)),
            present,
            [text for name, text in named.items() if name in addressed],
        )
    missing = [package for package in packages if canonicalize_name(package["name"]) not in present]
    here = {pin.name: pin for pin in local}
    chosen = [
        here.get(canonicalize_name(package["name"])) or _choose(package, target, indexes, hashes) for package in missing
    ]
    return tuple(sorted(chosen, key=lambda pin: pin.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What the index has of one chosen version that could be installed: wheels that fit, else a source distribution."""

    version: str
    wheels: tuple[Pin, ...]
    source: SourceDistribution | None

    def has(self, pin: Pin) -> bool:
        """Tell whether a pin is one of its wheels, or was built from its source distribution.

        A source distribution counts only where there is no wheel, so that a lock cannot ask for something to be built.
        """
        if pin.version != self.version:
            return False
        if pin.source is None:
            return any(wheel.sha256 == pin.sha256 and wheel.filename == pin.filename for wheel in self.wheels)
        return not self.wheels and self.source is not None and self.source.sha256 == pin.source.sha256


def offers(
    requirements: Sequence[str],
    target: Target,
    *,
    indexes: Indexes = ANY,
    constraints: Sequence[str] = (),
    present: Mapping[str, str] = MappingProxyType({}),
    local: Sequence[Pin] = (),
    addressed: AbstractSet[str] = frozenset(),
) -> Mapping[str, Offer]:
    """Resolve, and give everything that there is to choose from, by name. Takes and raises what `resolve` does."""
    if not requirements:
        return {}
    _check(requirements, indexes)
    with _named(local) as named:
        packages = _compiled(
            requirements,
            target,
            indexes,
            (*constraints, *(text for name, text in named.items() if name not in addressed)),
            present,
            [text for name, text in named.items() if name in addressed],
        )
    return {
        canonicalize_name(package["name"]): Offer(
            version=str(package.get("version", "")),
            wheels=tuple(pin for _, pin in _fitting(package, target, indexes)),
            source=_source(package),
        )
        for package in packages
        if canonicalize_name(package["name"]) not in present
    }


@contextmanager
def _named(local: Sequence[Pin]) -> Iterator[Mapping[str, str]]:
    """Require the wheels on this disk by address, under the file names that say what they are."""
    with temporary.folder("local") as folder:
        for pin in local:
            Path(folder, pin.filename).symlink_to(unquote(urlsplit(pin.url or "").path))
        yield {pin.name: f"{pin.name} @ {Path(folder, pin.filename).as_uri()}" for pin in local}


def locate(pins: Sequence[Pin], target: Target, *, indexes: Indexes = ANY) -> tuple[Pin, ...]:
    """List every wheel that the index has for these versions and that fits, with its address.

    Not only the best one: what a lock pins may have been the best for an older base. Raises as `resolve` does.
    """
    packages = _compile([f"{pin.name}=={pin.version}" for pin in pins], target, indexes, closed=True)
    return tuple(pin for package in packages for _, pin in _fitting(package, target, indexes))


def locate_source(pin: Pin, target: Target, *, indexes: Indexes = ANY) -> SourceDistribution:
    """Find the source distribution that a pin was built from, with its address. Raises as `resolve` does."""
    wanted = pin.source.sha256 if pin.source else ""
    packages = _compile([f"{pin.name}=={pin.version}"], target, indexes, closed=True, from_source={pin.name: ()})
    found = [source for package in packages if (source := _source(package))]
    for source in found:
        if source.sha256 == wanted:
            return source
    others = ", ".join(f"{source.filename} with sha256 {source.sha256}" for source in found)
    raise OutsideError(
        f"the index has no {pin.source.name if pin.source else pin.name} with sha256 {wanted}"
        + (f"; it offers {others}" if others else ""),
        hint="it was removed or replaced; `comp lock --upgrade` chooses anew",
    )


def _compiled(
    requirements: Sequence[str],
    target: Target,
    indexes: Indexes,
    constraints: Sequence[str],
    present: Mapping[str, str],
    overrides: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Resolve to wheels; where a package has none that fits, let its source distribution count, for it alone.

    What that requires is known when it is: then it is resolved again, with the version that was chosen.
    """
    from_source: dict[str, tuple[str, ...]] = dict.fromkeys(sorted(indexes.from_source), ())
    exactly: list[str] = []
    first: InputError | None = None
    while True:
        try:
            packages = _compile(
                requirements,
                target,
                indexes,
                (*constraints, *exactly),
                present=present,
                from_source=from_source,
                overrides=overrides,
            )
        except _NoWheelError as error:
            first = first or error.failure
            if error.package in from_source or indexes.only_wheels & {error.package, ":all:"}:
                raise first from None
            from_source[error.package] = ()
        except InputError:
            # There is no source distribution either, or none that helps: what was said first is what is wrong.
            if first:
                raise first from None
            raise
        else:
            found = [source for package in packages if (source := _source(package)) and source.name in from_source]
            fresh = [source for source in found if f"{source.name}==={source.version}" not in exactly]
            if not fresh or indexes.sources is None:
                return packages
            for source in fresh:
                exactly.append(f"{source.name}==={source.version}")
                from_source[source.name] = indexes.sources.requirements(source, target)


def _compile(
    requirements: Sequence[str],
    target: Target,
    indexes: Indexes,
    constraints: Sequence[str] = (),
    *,
    present: Mapping[str, str] = MappingProxyType({}),
    closed: bool = False,
    from_source: Mapping[str, Sequence[str]] = MappingProxyType({}),
    overrides: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Run uv and return its packages; with `closed` nothing beyond `requirements` is taken in.

    Only wheels count, but for packages that are to be had `from_source`: by name with what they are taken to require,
    since uv would run their builds to know.
    """
    with temporary.folder("resolve") as folder:
        wanted, narrowing = folder / "requirements.in", folder / "constraints.txt"
        # In the file, since on the command line it would take the place of UV_FIND_LINKS.
        found = [f"--find-links {_stand_ins(folder / 'present', present)}"] if present else []
        pinned = [text for text in requirements if _name_of(text) in indexes.pinned]
        listed = [text for text in requirements if text not in pinned]
        wanted.write_text("\n".join([*found, *indexes.options, *listed]) + "\n")
        given = [f"{name}=={version}" for name, version in present.items()]
        narrowing.write_text("\n".join([*constraints, *given]) + "\n")
        words = ["pip", "compile", "--quiet", "--no-header", "--format=pylock.toml"]
        words += ["--python-platform", target.uv_platform, "--python-version", target.version]
        words += ["--only-binary=:all:", *(f"--no-binary={name}" for name in from_source), "--color=never"]
        # Nothing is built, so any interpreter does; to look for one of the target's version takes uv longer than to
        # resolve.
        words += ["--python", sys.executable]
        words += ["--constraints", str(narrowing), *(["--no-deps"] if closed else []), str(wanted)]
        if pinned:
            words.append(str(_project_file(Path(folder) / "pinned", pinned, indexes)))
        if indexes.early:
            words.append("--prerelease=allow")
        if overrides:
            (Path(folder) / "overrides.txt").write_text("\n".join(overrides) + "\n")
            words += ["--overrides", str(Path(folder) / "overrides.txt")]
        try:
            environ = answering(from_source, Path(folder) / "settings", os.environ)
            done = run_uv(words, seconds=_TIMEOUT, folder=indexes.folder, environ=environ)
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"uv did not finish within {_TIMEOUT} s", hint="is the package index slow?") from error
    if outside := ended("uv", done.code, without_login(done.error_text)):
        raise outside
    if done.code:
        failure = refusal(done.error_text, target, indexes)
        wheelless = _WHEELLESS.search(done.error_text)
        if wheelless and isinstance(failure, InputError) and not closed:
            raise _NoWheelError(canonicalize_name(wheelless[1]), failure)
        raise failure
    packages: list[dict[str, Any]] = tomllib.loads(done.text).get("packages", [])
    return packages


class _NoWheelError(Exception):
    """A package has no wheel that fits; `failure` is the error if nothing helps."""

    def __init__(self, package: str, failure: InputError) -> None:
        super().__init__(package)
        self.package = package
        self.failure = failure


def _project_file(folder: Path, requirements: Sequence[str], indexes: Indexes) -> Path:
    """Write a project that takes each of its requirements from an index: only in a project uv reads that."""
    names = dict.fromkeys(map(_name_of, requirements))
    tables: dict[str, Mapping[str, Any]] = {}
    lines = ["[project]", 'name = "comp-pinned"', 'version = "0"', f"dependencies = {toml_value(list(requirements))}"]
    lines.append("[tool.uv.sources]")
    for name in names:
        for pin in indexes.pinned[name]:
            if tables.setdefault(pin.table["name"], pin.table) != pin.table:
                raise InputError(f"two indexes are named {pin.table['name']}", where=indexes.location)
        entries = [
            {"index": pin.table["name"], **({"marker": pin.marker} if pin.marker else {})}
            for pin in indexes.pinned[name]
        ]
        lines.append(f"{toml_value(name)} = {toml_value(entries)}")
    for table in tables.values():
        lines.append("[[tool.uv.index]]")
        # Nothing else is to be looked for there: where the index holds for all, uv's own settings say so.
        explicit = {**table, "explicit": True, "default": False}
        lines += [f"{toml_value(key)} = {toml_value(value)}" for key, value in explicit.items()]
    folder.mkdir()
    path = folder / "pyproject.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _name_of(requirement: str) -> str:
    found = _NAME.match(requirement)
    return canonicalize_name(found[0]) if found else ""


def _stand_ins(folder: Path, present: Mapping[str, str]) -> Path:
    """Make empty wheels of what the base has: builds like `torch 2.1.0+cu118` are on no ordinary index.

    They require nothing, since what they need is in the base as well.
    """
    folder.mkdir()
    for name, version in present.items():
        stem = f"{name.replace('-', '_')}-{version}"
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
            wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return folder


def _check(requirements: Sequence[str], indexes: Indexes) -> None:
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


def _choose(
    package: Mapping[str, Any], target: Target, indexes: Indexes, hashes: Mapping[str, frozenset[str]]
) -> Pin | SourceDistribution:
    """Take the wheel that fits best; among equals, that with the highest build number (PyPA wheel file names)."""
    name = canonicalize_name(package["name"])
    what = f"{name} {package.get('version', '')}"
    source = _source(package)
    fitting = _fitting(package, target, indexes)
    if not fitting and source is None:
        raise no_wheel(what, target, indexes)
    allowed = hashes.get(name)
    if allowed is not None:
        fitting = [item for item in fitting if item[1].sha256 in allowed]
        source = source if source and source.sha256 in allowed else None
        if not fitting and source is None:
            raise InputError(
                f"no file of {what} on the index has a hash that is required",
                where=indexes.location,
                hint="the index has other files than those that were locked; lock again",
            )
    if not fitting and source:
        return source
    return max(fitting, key=lambda item: (-item[0], parse_wheel_filename(item[1].filename)[2], item[1].filename))[1]


def _source(package: Mapping[str, Any]) -> SourceDistribution | None:
    """Read the source distribution of a package (PyPA pylock.toml, `packages.sdist`)."""
    found = package.get("sdist") or {}
    sha256 = found.get("hashes", {}).get("sha256")
    address = found.get("url") or (Path(found["path"]).absolute().as_uri() if "path" in found else "")
    if not sha256 or not address:
        return None
    return SourceDistribution(
        name=canonicalize_name(package["name"]),
        version=str(package.get("version", "")),
        filename=found.get("name") or Path(unquote(urlsplit(address).path)).name,
        sha256=sha256,
        size=found.get("size"),
        url=address,
    )


def _fitting(package: Mapping[str, Any], target: Target, indexes: Indexes) -> list[tuple[int, Pin]]:
    """Rank the wheels of one package (PyPA pylock.toml, `packages.wheels`) that fit; 0 is the best."""
    fitting = []
    for wheel in package.get("wheels", []):
        filename = wheel.get("name") or Path(unquote(urlsplit(wheel.get("url") or wheel.get("path", "")).path)).name
        rank = target.rank(filename)
        if rank is None or "sha256" not in wheel.get("hashes", {}):
            continue
        pin = Pin(
            name=canonicalize_name(package["name"]),
            version=str(package.get("version", "")),
            filename=filename,
            sha256=wheel["hashes"]["sha256"],
            size=wheel.get("size"),
            url=wheel.get("url") or (indexes.folder / wheel["path"]).absolute().as_uri(),
        )
        fitting.append((rank, pin))
    return fitting
