"""Yank versions and deprecate components: what a publisher says of releases after they were published."""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from toolkit.errors import InputError, UsageError
from toolkit.redaction import hide_in_data, without_login
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.names import Name, VersionRequest, parse_name, parse_request
from toolkit.registry.protocol import Registry, WritableRegistry
from toolkit.registry.semver import Range, Version
from toolkit.words import did_you_mean

# Characters of a reason, which stands in lines for people.
_LONGEST = 500


class Note(Struct, frozen=True, kw_only=True):
    """Why a mark is set, by whom and when."""

    reason: str
    published: datetime
    by: str | None = None

    @property
    def at(self) -> str:
        """The time in the form of a record."""
        return self.published.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_reason(reason: str | None, *, undo: bool) -> str:
    """Return a reason on one line. Raises UsageError unless there is one, or the mark is taken back."""
    # Others read it, and it stays in the history of the registry.
    text = hide_in_data(without_login(" ".join((reason or "").split())))
    if not text and not undo:
        raise UsageError("those who use it need a reason", hint="give --reason TEXT")
    if text and undo:
        raise UsageError("--undo takes a mark back, and needs no --reason", hint="leave one of them out")
    if len(text) > _LONGEST:
        raise UsageError(f"the reason has {len(text)} characters, expected at most {_LONGEST}")
    return text


def parse_release(text: str) -> tuple[Name, Version]:
    """Parse `NAMESPACE/NAME@1.2.3`. Raises UsageError for other requests, InputError for an invalid name."""
    request = parse_request(text)
    version = _exact(request)
    if request.namespace is None or request.registry or version is None:
        raise UsageError(f"{text!r} is not one release", hint="name it: NAMESPACE/NAME@1.2.3")
    return Name(request.namespace, request.name), version


def parse_component(text: str) -> Name:
    """Parse `NAMESPACE/NAME`. Raises UsageError for a version, InputError for an invalid name."""
    if "@" in text:
        raise UsageError(
            f"{text!r} names a version", hint="a component is deprecated as a whole; yank a single version"
        )
    return parse_name(text)


def check_release(registry: Registry, name: Name, version: Version) -> None:
    """Raise InputError unless a registry has a release."""
    versions = registry.versions(name)
    if not versions:
        raise _unknown(registry, name)
    if version not in versions:
        listed = ", ".join(map(str, versions))
        raise InputError(f"{registry.place} has no {name}@{version}", hint=f"its releases: {listed}")


def yank(registry: WritableRegistry, name: Name, version: Version, note: Note | None) -> bool:
    """Yank a version, or with None take that back; return whether this changed anything.

    A version that is yanked already keeps its time and its publisher, unless the reason is another one.
    """
    mark = Yank(reason=note.reason, at=note.at, by=note.by) if note else None

    def changed(marks: Marks) -> Marks:
        """Return the marks with the yank; the same ones if they say it already."""
        old = marks.yanked.get(version)
        return marks if (old and old.reason) == (mark and mark.reason) else marks.with_yank(version, mark)

    return _change(registry, name, changed)


def check_successor(registry: Registry, name: Name, successor: Name) -> None:
    """Raise InputError for a successor that does not exist, is deprecated itself, or is the component."""
    if successor == name:
        raise InputError(f"{name} cannot supersede itself", hint="name another component")
    if not registry.versions(successor):
        error = _unknown(registry, successor)
        raise InputError(error.message, hint=f"{error.hint}; --force takes one that is to come")
    if registry.marks(successor).deprecated:
        raise InputError(f"{successor} is deprecated too", hint="name its successor, or use --force")


def deprecate(registry: WritableRegistry, name: Name, note: Note | None, successor: Name | None = None) -> bool:
    """Deprecate a component, or with None take that back; return whether this changed anything."""
    mark = Deprecation(reason=note.reason, at=note.at, by=note.by, superseded_by=successor) if note else None
    said = (mark.reason, mark.superseded_by) if mark else None
    return _change(registry, name, lambda marks: marks if _said(marks) == said else marks.with_deprecation(mark))


def check_component(registry: Registry, name: Name) -> None:
    """Raise InputError unless a registry has a component."""
    if not registry.versions(name):
        raise _unknown(registry, name)


def _change(registry: WritableRegistry, name: Name, change: Callable[[Marks], Marks]) -> bool:
    """Change marks; return whether that changed anything where they are written, such as on a branch for review."""
    before = registry.marks(name)
    if change(before) == before:
        return False
    seen: list[Marks] = []

    def recorded(marks: Marks) -> Marks:
        """Note what the registry had."""
        seen.append(marks)
        return change(marks)

    return registry.change_marks(name, recorded) != seen[-1]


def _said(marks: Marks) -> tuple[str, Name | None] | None:
    """Return what a deprecation says."""
    deprecated = marks.deprecated
    return (deprecated.reason, deprecated.superseded_by) if deprecated else None


def _exact(request: VersionRequest) -> Version | None:
    """Return the version of a request that names one."""
    allowed = request.allowed
    return allowed.lower if isinstance(allowed, Range) and allowed.exact else None


def _unknown(registry: Registry, name: Name) -> InputError:
    """Return the error for a component that a registry does not have."""
    names = [str(each) for each in registry.names()]
    advice = did_you_mean(str(name), names, otherwise="`comp search` lists the components")
    return InputError(f"{registry.place} has no component {name}", hint=advice)
