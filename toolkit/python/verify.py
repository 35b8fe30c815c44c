"""Compare pins with what is asked for: uv, held to the versions of the pins, has to come to these pins and no others.

Nothing that stands in a lock is believed: not its digest of the settings, not its addresses, not its hashes. A pin has
to satisfy all that requires it, to be required, and to be a file that the index offers.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from toolkit.cache import Cache
from toolkit.errors import InputError
from toolkit.python.asked import Asked, exactly
from toolkit.python.pin import Pin
from toolkit.python.resolve import Offer, offers
from toolkit.python.uv_settings import settings_digest

_KIND = "verified"
# Raise it with any change of what is verified.
_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong with the pin of one distribution, or with its absence; `name` is None where it is all of them."""

    name: str | None
    text: str

    def __str__(self) -> str:
        return self.text


def problems(asked: Asked, pins: Sequence[Pin], cache: Cache) -> tuple[Problem, ...]:
    """List what is wrong with pins; nothing when they are right, which is remembered.

    Raises OutsideError when the index cannot be reached.
    """
    key = _key(asked, pins)
    if cache.record(_KIND, key) is not None:
        return ()
    found = tuple(_direct(asked, pins)) or tuple(_early(asked, pins)) or tuple(_compared(asked, pins))
    if not found:
        cache.write_record(_KIND, key, {})
    return found


def remember(asked: Asked, pins: Sequence[Pin], cache: Cache) -> None:
    """Remember that pins are right, since they were resolved from what is asked for."""
    cache.write_record(_KIND, _key(asked, pins), {})


def _key(asked: Asked, pins: Sequence[Pin]) -> dict[str, object]:
    """Name pins and everything that decides whether they are right; without secrets."""

    def said(pin: Pin) -> list[str]:
        source = [pin.source.name, pin.source.sha256] if pin.source else []
        return [pin.name, pin.version, pin.filename, pin.sha256, *source]

    target = asked.target
    parts = [
        [said(pin) for pin in pins],
        asked.requirements,
        asked.constraints,
        dict(asked.present),
        [said(pin) for pin in asked.local],
        sorted(asked.addressed),
        {name: sorted(found) for name, found in asked.hashes.items()},
        None if asked.locked is None else dict(asked.locked),
        [str(target.platform), target.version, target.libc, target.libc_version],
        settings_digest(asked.indexes, os.environ),
    ]
    text = json.dumps(parts, sort_keys=True)
    return {"version": _VERSION, "asked": hashlib.sha256(text.encode()).hexdigest()}


def _direct(asked: Asked, pins: Sequence[Pin]) -> Iterator[Problem]:
    """Compare with what is required by name; in words of our own, since these are what people change."""
    pinned = {pin.name: pin for pin in pins}
    for name, count in Counter(pin.name for pin in pins).items():
        if count > 1:
            yield Problem(name=name, text=f"{name} is pinned {count} times")
    for text in asked.requirements:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        environment: Any = {**asked.target.environment, "extra": ""}
        if (requirement.marker and not requirement.marker.evaluate(environment)) or name in asked.present:
            continue
        pin = pinned.get(name)
        if pin is None:
            yield Problem(name=name, text=f"{name} is missing, and {text} is required")
        elif not requirement.specifier.contains(Version(pin.version), prereleases=True):
            yield Problem(name=name, text=f"{name} {pin.version} is pinned, and {text} is required")
    for pin in pins:
        locked = None if asked.locked is None else asked.locked.get(pin.name)
        if locked and Version(locked) != Version(pin.version):
            yield Problem(name=pin.name, text=f"{pin.name} {pin.version} is pinned, and {locked} was locked")
        files = {pin.sha256, pin.source.sha256 if pin.source else pin.sha256}
        if pin.name in asked.hashes and not files & asked.hashes[pin.name]:
            yield Problem(name=pin.name, text=f"{pin.filename} does not have a hash that is required")


def _early(asked: Asked, pins: Sequence[Pin]) -> Iterator[Problem]:
    """Find pre-releases that uv does not take unless a pin of them, which is a requirement of sorts, asks for them."""
    explicit = {
        canonicalize_name(one.name) for one in map(Requirement, asked.requirements) if one.specifier.prereleases
    }
    elsewhere = {*explicit, *(pin.name for pin in asked.local), *(asked.locked or {})}
    suspects = {pin.name: pin for pin in pins if Version(pin.version).is_prerelease and pin.name not in elsewhere}
    if not suspects or asked.indexes.early:
        return
    others = [pin for pin in pins if pin.name not in suspects]
    try:
        free = _offered(asked, others)
    except InputError:
        free = {}
    for name, pin in suspects.items():
        if name not in free or not Version(free[name].version).is_prerelease:
            yield Problem(name=name, text=f"{name} {pin.version} is a pre-release, which nothing asks for")


def _compared(asked: Asked, pins: Sequence[Pin]) -> Iterator[Problem]:
    """Let uv resolve, held to the pins' versions, and compare the whole."""
    try:
        offered = _offered(asked, pins)
    except InputError as error:
        yield Problem(name=None, text=error.message)
        return
    pinned = {pin.name: pin for pin in pins}
    for name in sorted(offered.keys() - pinned.keys()):
        yield Problem(name=name, text=f"{name} is missing, and a package that is pinned requires it")
    for name in sorted(pinned.keys() - offered.keys()):
        yield Problem(name=name, text=f"{name} {pinned[name].version} is pinned, and nothing requires it")
    local = {pin.name: pin for pin in asked.local}
    for name in sorted(pinned.keys() & offered.keys()):
        pin = pinned[name]
        if name in local:
            if pin != local[name]:
                yield Problem(name=name, text=_unlike(pin, local[name]))
        elif not offered[name].has(pin):
            from_what = f", built from {_origin(pin)}," if pin.source else ""
            yield Problem(
                name=name, text=f"the index offers no {pin.filename} with sha256 {pin.sha256}{from_what} here"
            )


def _offered(asked: Asked, pins: Sequence[Pin]) -> Mapping[str, Offer]:
    local = {pin.name for pin in asked.local}
    exact = [exactly(pin.name, pin.version) for pin in pins if pin.name not in local]
    return offers(
        asked.requirements,
        asked.target,
        indexes=asked.indexes,
        constraints=(*asked.narrowing, *exact),
        present=asked.present,
        local=asked.local,
        addressed=asked.addressed,
    )


def _unlike(pin: Pin, wanted: Pin) -> str:
    if pin.source == wanted.source:
        return f"{_origin(pin)} builds to {wanted.filename} with sha256 {wanted.sha256} here, {pin.sha256} is pinned"
    return f"{pin.filename}, from {_origin(pin)}, is not the wheel of {_origin(wanted)} as it is"


def _origin(pin: Pin) -> str:
    return pin.source.name if pin.source else pin.name
