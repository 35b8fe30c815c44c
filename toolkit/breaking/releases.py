"""Which release may follow the earlier ones of its component."""

import logging

from toolkit.breaking.change import Category
from toolkit.breaking.comparison import compare
from toolkit.breaking.versions import lowest_version
from toolkit.errors import FindingsError, InputError
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.spec.reader import ComponentDocument, parse_document

log = logging.getLogger(__name__)


def accept_release(registry: Registry, release: Release, document: ComponentDocument) -> None:
    """Raise InputError if the version of a release does not allow what changed since the version before it.

    That is the highest one below it, so that an older line can still get its patches.
    """
    earlier = [each for each in registry.versions(release.name) if each.precedence < release.version.precedence]
    if not earlier or release.version in registry.versions(release.name):
        return
    last = registry.release(release.name, max(earlier, key=lambda version: version.precedence))
    try:
        old = parse_document(registry.content(last, CONTRACT).decode(), document.path)
    except FindingsError as error:
        log.warning("%s is not compared with %s, whose contract cannot be read: %s", release, last, error.message)
        return
    found = compare(old, document, category=Category.PIPELINE, versions=(last.version, release.version))
    if found.is_allowed:
        return
    raise InputError(
        f"{last} -> {release.version} is a {found.declared} bump, and the changes require a {found.required} one"
        f" ({found.because()})",
        where=found.where,
        hint=f"make it {lowest_version(last.version, found.required)}; `comp breaking --against {last}` lists the "
        "changes, and --accept-breaking publishes nevertheless",
    )
