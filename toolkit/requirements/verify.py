"""Compare pins with what is required: uv, held to the versions of the pins, has to choose these pins and no others.

Nothing in a lock is trusted: not its digest of the settings, its addresses or its hashes. A pin has to satisfy all that
requires it, to be required, and to be a file that the index offers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.requirements.pin import Pin
from toolkit.requirements.requirement_set import RequirementSet, exactly
from toolkit.requirements.uv_settings import settings_digest

if TYPE_CHECKING:
    from toolkit.requirements.resolve import Offer

# Raise it with any change of the checks.
_VERSION = 1


class _Verified(Record, frozen=True, kw_only=True):
    """A mark in the cache: these pins are right."""

    KIND: ClassVar[str] = "verified"


class Problem(Struct, frozen=True, kw_only=True):
    """A problem with the pin of one distribution, or with its absence; `name` is None for a problem with all pins."""

    name: str | None
    text: str

    def __str__(self) -> str:
        """Return the text."""
        return self.text


def problems(wanted: RequirementSet, pins: Sequence[Pin], cache: Cache) -> tuple[Problem, ...]:
    """Return what is wrong with pins. The cache remembers pins without problems.

    Raises OutsideError when the index cannot be reached.
    """
    key = _key(wanted, pins)
    if cache.recall(_Verified, key):
        return ()
    # Components with the same requirements and pins ask uv once.
    with cache.turn("verify", str(key)):
        if cache.recall(_Verified, key):
            return ()
        wrong = (
            # The cheap ones first; uv is asked only if there are none.
            tuple(_problems_by_name(wanted, pins))
            or tuple(_unwanted_prereleases(wanted, pins, cache))
            or tuple(_problems_by_uv(wanted, pins, cache))
        )
        if not wrong:
            cache.remember(key, _Verified())
        return wrong


def question(wanted: RequirementSet) -> str:
    """Return a digest of everything that decides a resolution: equal ones have equal answers.

    Also of logins, since another one may be refused; so it is not for records.
    """
    return f"{_key(wanted, ())} {settings_digest(wanted.indexes, logins=True).hex}"


def remember(wanted: RequirementSet, pins: Sequence[Pin], cache: Cache) -> None:
    """Remember that pins are right, since they were resolved from these requirements."""
    cache.remember(_key(wanted, pins), _Verified())


def _key(wanted: RequirementSet, pins: Sequence[Pin]) -> dict[str, object]:
    """Return the cache's key: the pins, and everything that decides whether they are right, without secrets."""

    def identity(pin: Pin) -> list[str]:
        """Return what makes a pin this one; addresses and sizes do not."""
        source = [pin.source.name, pin.source.digest.hex] if pin.source else []
        return [pin.name, pin.version, pin.filename, pin.digest.hex, *source]

    target = wanted.target
    parts = [
        [identity(pin) for pin in pins],
        wanted.requirements,
        wanted.constraints,
        dict(wanted.present),
        [identity(pin) for pin in wanted.local],
        sorted(wanted.addressed),
        {name: sorted(digest.hex for digest in digests) for name, digests in wanted.hashes.items()},
        None if wanted.locked is None else dict(wanted.locked),
        [str(target.platform), target.version, target.libc, target.libc_version],
        # Another index may not offer these files.
        settings_digest(wanted.indexes).hex,
    ]
    return {"version": _VERSION, "asked": Digest.of(canonical_json(parts, ascii_only=True)).hex}


def _problems_by_name(wanted: RequirementSet, pins: Sequence[Pin]) -> Iterator[Problem]:
    """Compare with the requirements themselves: people change these, so their problems get clear words."""
    pinned = {pin.name: pin for pin in pins}
    for name, count in Counter(pin.name for pin in pins).items():
        if count > 1:
            yield Problem(name=name, text=f"{name} is pinned {count} times")
    for text in wanted.requirements:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        environment: Any = {**wanted.target.environment, "extra": ""}
        if (requirement.marker and not requirement.marker.evaluate(environment)) or name in wanted.present:
            continue
        pin = pinned.get(name)
        if pin is None:
            yield Problem(name=name, text=f"{name} is missing, and {text} is required")
        # Pre-releases are compared below, where it is known what allows them.
        elif not requirement.specifier.contains(Version(pin.version), prereleases=True):
            yield Problem(name=name, text=f"{name} {pin.version} is pinned, and {text} is required")
    for pin in pins:
        locked = None if wanted.locked is None else wanted.locked.get(pin.name)
        if locked and Version(locked) != Version(pin.version):
            yield Problem(name=pin.name, text=f"{pin.name} {pin.version} is pinned, and {locked} was locked")
        # Another tool's lock has the hash of the source, and not of the wheel that is built here.
        files = {pin.digest, pin.source.digest if pin.source else pin.digest}
        if pin.name in wanted.hashes and not files & wanted.hashes[pin.name]:
            yield Problem(name=pin.name, text=f"{pin.filename} does not have a hash that is required")


def _unwanted_prereleases(wanted: RequirementSet, pins: Sequence[Pin], cache: Cache) -> Iterator[Problem]:
    """Find pre-releases that uv only takes because their pins name them, which counts as a requirement for them."""
    explicit = {
        canonicalize_name(requirement.name)
        for requirement in map(Requirement, wanted.requirements)
        if requirement.specifier.prereleases
    }
    elsewhere = {*explicit, *(pin.name for pin in wanted.local), *(wanted.locked or {})}
    suspects = {pin.name: pin for pin in pins if Version(pin.version).is_prerelease and pin.name not in elsewhere}
    if not suspects or wanted.indexes.early:
        return
    # Without their pins, uv takes pre-releases only if the requirements allow them.
    others = [pin for pin in pins if pin.name not in suspects]
    try:
        free = _offered(wanted, others, cache)
    except InputError:
        free = {}
    for name, pin in suspects.items():
        # Freed of its pin, the package comes as a final release, or does not come at all.
        if name not in free or not Version(free[name].version).is_prerelease:
            yield Problem(name=name, text=f"{name} {pin.version} is a pre-release, which nothing asks for")


def _problems_by_uv(wanted: RequirementSet, pins: Sequence[Pin], cache: Cache) -> Iterator[Problem]:
    """Let uv resolve, held to the pins' versions, and compare all of it."""
    try:
        offered = _offered(wanted, pins, cache)
    except InputError as error:
        # uv names the packages that exclude each other, and not one pin as the wrong one.
        yield Problem(name=None, text=error.message)
        return
    pinned = {pin.name: pin for pin in pins}
    for name in sorted(offered.keys() - pinned.keys()):
        yield Problem(name=name, text=f"{name} is missing, and a package that is pinned requires it")
    for name in sorted(pinned.keys() - offered.keys()):
        yield Problem(name=name, text=f"{name} {pinned[name].version} is pinned, and nothing requires it")
    local = {pin.name: pin for pin in wanted.local}
    for name in sorted(pinned.keys() & offered.keys()):
        pin = pinned[name]
        if name in local:
            # It was made from what is there today, so all of the pin has to be equal.
            if pin != local[name]:
                yield Problem(name=name, text=_unlike(pin, local[name]))
        elif not offered[name].has(pin):
            source = f", built from {_origin(pin)}," if pin.source else ""
            yield Problem(
                name=name, text=f"the index offers no {pin.filename} with sha256 {pin.digest.hex}{source} here"
            )


def _offered(wanted: RequirementSet, pins: Sequence[Pin], cache: Cache) -> Mapping[str, "Offer"]:
    """Return what uv chooses from if it is held to the versions of these pins."""
    # A heavy import, which pins that are known to be right do without.
    from toolkit.requirements.resolve import offers

    local = {pin.name for pin in wanted.local}
    exact = [exactly(pin.name, pin.version) for pin in pins if pin.name not in local]
    return offers(wanted, cache, constraints=exact)


def _unlike(pin: Pin, wanted: Pin) -> str:
    """Return the problem with a pin whose project builds to another wheel, or is another one."""
    if pin.source == wanted.source:
        built = f"{wanted.filename} with sha256 {wanted.digest.hex}"
        return f"{_origin(pin)} builds to {built} here, {pin.digest.hex} is pinned"
    return f"{pin.filename}, from {_origin(pin)}, is not the wheel of {_origin(wanted)} as it is"


def _origin(pin: Pin) -> str:
    """Return the source of a pin in messages, else its name."""
    return pin.source.name if pin.source else pin.name
