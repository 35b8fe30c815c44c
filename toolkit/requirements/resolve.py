"""Choose wheels: uv resolves requirements for a target, and of its versions the files that fit are taken."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.python.target import Target
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin, SourceDistribution
from toolkit.requirements.requirement_set import RequirementSet
from toolkit.requirements.uv_compile import compile_closed, compile_wheels, source_distribution
from toolkit.requirements.uv_errors import no_wheel_error


def resolve(
    wanted: RequirementSet, cache: Cache, *, preferred: Sequence[str] = ()
) -> tuple[Pin | SourceDistribution, ...]:
    """Return one wheel for every requirement and for what these need, in order of name.

    A release without a wheel that fits is returned as its source distribution. Versions that are `preferred`, as
    requirements, are kept where a solution has them. Raises InputError when there is no solution or when another
    tool's lock is not what is required, OutsideError when the index cannot be reached.
    """
    try:
        # As constraints: uv keeps them exactly, or has no solution.
        packages = compile_wheels(wanted, cache, constraints=preferred)
    except InputError:
        if not preferred:
            raise
        # They may exclude a new requirement: then none of them is kept.
        packages = compile_wheels(wanted, cache)
    # uv returns a path for these; the pin knows the source.
    local = {pin.name: pin for pin in wanted.local}
    chosen = sorted((local.get(_name(package)) or _choose(package, wanted) for package in packages), key=_by_name)
    if problems := list(_unlike_the_lock(wanted, {pin.name for pin in chosen})):
        raise InputError(
            f"another tool's lock is not what is required: {'; '.join(problems)}",
            where=wanted.indexes.location,
            hint="lock again with that tool, or correct `dependencies` in [project]",
        )
    return tuple(chosen)


class Offer(Struct, frozen=True, kw_only=True):
    """The files of one chosen version on the index that could be installed: wheels that fit, and the source."""

    version: str
    wheels: tuple[Pin, ...]
    source: SourceDistribution | None

    def has(self, pin: Pin) -> bool:
        """Whether a pin is one of its wheels, or was built from its source distribution.

        A source distribution counts only if no wheel fits, so that a lock cannot cause a build.
        """
        if pin.version != self.version:
            return False
        if pin.source is None:
            return any(wheel.digest == pin.digest and wheel.filename == pin.filename for wheel in self.wheels)
        return not self.wheels and self.source is not None and self.source.digest == pin.source.digest


def offers(wanted: RequirementSet, cache: Cache, *, constraints: Sequence[str] = ()) -> Mapping[str, Offer]:
    """Resolve, and return everything that there is to choose from, by name. Raises as `resolve` does.

    `constraints` narrow further; the hashes of `wanted` do not count.
    """
    return {
        _name(package): Offer(
            version=str(package.get("version", "")),
            wheels=tuple(pin for _, pin in _fitting(package, wanted.target, wanted.indexes)),
            source=source_distribution(package),
        )
        for package in compile_wheels(wanted, cache, constraints=constraints)
    }


def locate(pins: Sequence[Pin], target: Target, cache: Cache, indexes: Indexes) -> tuple[Pin, ...]:
    """Return every wheel that the index has for these versions and that fits, with its address.

    Not only the best one: what a lock pins may have been the best for an older base. Raises as `resolve` does.
    """
    packages = compile_closed(pins, target, cache, indexes)
    return tuple(pin for package in packages for _, pin in _fitting(package, target, indexes))


def locate_source(pin: Pin, target: Target, cache: Cache, indexes: Indexes) -> SourceDistribution:
    """Return the source distribution that a pin was built from, with its address. Raises as `resolve` does."""
    wanted = pin.source.digest if pin.source else None
    packages = compile_closed([pin], target, cache, indexes, from_source=True)
    sources = [source for package in packages if (source := source_distribution(package))]
    for source in sources:
        if source.digest == wanted:
            return source
    others = ", ".join(f"{source.filename} with sha256 {source.digest.hex}" for source in sources)
    raise OutsideError(
        f"the index has no {pin.source.name if pin.source else pin.name} with sha256 {wanted.hex if wanted else ''}"
        + (f"; it offers {others}" if others else ""),
        hint="it was removed or replaced; `comp lock --upgrade` chooses anew",
    )


def _unlike_the_lock(wanted: RequirementSet, chosen: set[str]) -> Iterator[str]:
    """Return how the chosen names differ from those of another tool's lock."""
    if wanted.locked is None:
        return
    # Another tool need not know what the base has, nor lock what has a source of its own.
    elsewhere = {*wanted.present, *(pin.name for pin in wanted.local)}
    for name in sorted(chosen - wanted.locked.keys() - elsewhere):
        yield f"{name} is required and not in it"
    for name in sorted(wanted.locked.keys() - chosen - elsewhere):
        yield f"{canonicalize_name(name)} {wanted.locked[name]} is in it and nothing requires it"


def _name(package: Mapping[str, Any]) -> str:
    """Return the normalised name of a package."""
    return canonicalize_name(package["name"])


def _by_name(pin: Pin | SourceDistribution) -> str:
    """Return the key by which pins are in order."""
    return pin.name


def _choose(package: Mapping[str, Any], wanted: RequirementSet) -> Pin | SourceDistribution:
    """Return the wheel that fits best; among equals, the one with the highest build number (PyPA, wheel file names)."""
    name = _name(package)
    what = f"{name} {package.get('version', '')}"
    source = source_distribution(package)
    fitting = _fitting(package, wanted.target, wanted.indexes)
    if not fitting and source is None:
        raise no_wheel_error(what, wanted.target, wanted.indexes)
    # After the wheels of the target, so that an error tells a missing wheel from another hash.
    allowed = wanted.hashes.get(name)
    if allowed is not None:
        fitting = [item for item in fitting if item[1].digest in allowed]
        source = source if source and source.digest in allowed else None
        if not fitting and source is None:
            raise InputError(
                f"no file of {what} on the index has a hash that is required",
                where=wanted.indexes.location,
                hint="the index has other files than those that were locked; lock again",
            )
    if not fitting and source:
        return source
    # A low rank is good, so it counts negatively. The name decides among equals, the same on every machine.
    return max(fitting, key=lambda item: (-item[0], parse_wheel_filename(item[1].filename)[2], item[1].filename))[1]


def _fitting(package: Mapping[str, Any], target: Target, indexes: Indexes) -> list[tuple[int, Pin]]:
    """Return the wheels of a package (PyPA pylock.toml, `packages.wheels`) that fit, with their ranks; 0 is best."""
    fitting = []
    for wheel in package.get("wheels", []):
        filename = wheel.get("name") or Path(unquote(urlsplit(wheel.get("url") or wheel.get("path", "")).path)).name
        rank = target.rank(filename)
        # A file without a sha256 cannot be verified when it arrives.
        if rank is None or "sha256" not in wheel.get("hashes", {}):
            continue
        pin = Pin(
            name=_name(package),
            version=str(package.get("version", "")),
            filename=filename,
            digest=Digest.parse_hex(wheel["hashes"]["sha256"]),
            size=wheel.get("size"),
            url=wheel.get("url") or (indexes.folder / wheel["path"]).absolute().as_uri(),
        )
        fitting.append((rank, pin))
    return fitting
