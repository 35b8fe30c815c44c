"""Find the release that a request means."""

import logging
from collections.abc import Iterator

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.entry import newest_version
from toolkit.registry.names import ANY, Name, VersionRequest
from toolkit.registry.protocol import Registry
from toolkit.registry.release import Release
from toolkit.registry.semver import Version, next_free
from toolkit.words import did_you_mean, one_line

log = logging.getLogger(__name__)

# Versions in a hint, and characters of a reason there.
_LISTED = 12
_REASON = 60


def find(registry: Registry, request: VersionRequest) -> Release:
    """Return the newest release that a request allows; a yanked one only if it is named exactly.

    Raises InputError that lists the versions, or names that are similar.
    """
    name = full_name(registry, request)
    versions = registry.versions(name)
    chosen = _chosen(registry, name, versions, request)
    if chosen is None:
        published = ", ".join(_listed(registry, name, versions)) or "none"
        raise InputError(f"no release of {name} matches {request.selector}", hint=f"its releases: {published}")
    if request.digest is not None and chosen.digest != request.digest:
        raise InputError(
            f"{chosen} has the digest {chosen.digest}, expected {request.digest}",
            hint="a release never changes: the digest is that of another release, or this registry is not the one "
            "that it came from",
        )
    return chosen


def check_taken(registry: Registry, release: Release) -> None:
    """Refuse a release whose version is published with another contract.

    Raises InputError that names both digests and the next free version. Other files may differ: the published ones
    stay, and a warning reports it.
    """
    taken = registry.versions(release.name)
    if release.version not in taken:
        return
    existing = registry.release(release.name, release.version)
    if existing.digest != release.digest:
        raise InputError(
            f"{release} is published already with other content: {existing.digest}, this is {release.digest} [V604]",
            hint=f"releases never change; the next free version is {next_free(release.version, taken)}",
        )
    changed = {file.path for file in {*existing.files} ^ {*release.files}}
    if changed:
        log.warning(
            "%s keeps the %s it was published with; a new version takes the new one",
            release,
            ", ".join(sorted(changed)),
        )


def full_name(registry: Registry, request: VersionRequest) -> Name:
    """Return the one component that a request names. Raises InputError if there are several, or none."""
    if request.namespace is not None:
        name = Name(request.namespace, request.name)
        if registry.versions(name):
            return name
    names = registry.names()
    matches = [name for name in names if name.name == request.name] if request.namespace is None else []
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise InputError(
            f"{request.name!r} is the name of several components", hint=f"one of {', '.join(map(str, matches))}"
        )
    advice = did_you_mean(request.name, [name.name for name in names], otherwise="`comp search` lists the components")
    shown = f"{request.namespace}/{request.name}" if request.namespace else request.name
    raise InputError(f"{registry.place} has no component {shown}", hint=advice)


def _listed(registry: Registry, name: Name, versions: list[Version]) -> Iterator[str]:
    """Yield versions as a hint lists them: the last ones, with what was yanked."""
    yanked = registry.marks(name).yanked
    if len(versions) > _LISTED:
        yield f"{len(versions) - _LISTED} earlier ones"
    for version in versions[-_LISTED:]:
        yield f"{version} (yanked: {one_line(yanked[version].reason, _REASON)})" if version in yanked else str(version)


def _chosen(registry: Registry, name: Name, versions: list[Version], request: VersionRequest) -> Release | None:
    """Return the release among `versions` that a request allows; None without one."""
    allowed = request.allowed
    if isinstance(allowed, Digest):
        # A digest may be published under several versions; the newest of them counts.
        releases = (registry.release(name, version) for version in reversed(versions))
        return next((release for release in releases if release.digest == allowed), None)
    if allowed.exact:
        version = next((version for version in versions if version in allowed), None)
    else:
        marks = registry.marks(name)
        offered = [version for version in versions if version not in marks.yanked]
        version = newest_version((each for each in offered if each in allowed), marks)
        # A component may have prereleases alone, and the request names no version.
        if version is None and request.selector == ANY:
            version = newest_version(offered, marks)
    return registry.release(name, version) if version is not None else None
