"""Mark what of a difference comes from Debian's security archive, with the CVEs that changelogs name.

It is no scan for vulnerabilities: only what Debian has written is repeated, of the packages that change.
"""

import gzip
import logging
import re
import zlib
from pathlib import Path

from msgspec.structs import replace

from toolkit.bases.archive import SECURITY, Archive, open_archive
from toolkit.bases.changelog import cves_between
from toolkit.bases.description import BaseDescription
from toolkit.bases.difference import BaseDifference, PackageChange
from toolkit.debian.deb import Deb
from toolkit.debian.package import Package
from toolkit.errors import CompError
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform

log = logging.getLogger(__name__)

# Packages of Debian's base have the same fixes; more than this many bytes are not fetched to read about them.
_MOST_BYTES = 60_000_000
_CHANGELOG = re.compile(r"(?:\./)?usr/share/doc/[^/]+/changelog\.Debian(?:\.[a-z0-9]+)?\.gz")
# Of a changelog, the newest entries come first.
_READ = 4 << 20


def marked(found: BaseDifference, context: BuildContext) -> BaseDifference:
    """Return a difference whose changes say whether they come from the security archive, and which CVEs they fix.

    A difference of other systems than Debian, or without a mirror to ask, stays as it is.
    """
    suite = found.after.suite
    if not found.packages or not suite or not is_debian(found.after):
        return found
    try:
        archive = open_archive(suite, Platform.parse(found.after.platform), context)
    except CompError as problem:
        log.info("which packages come from the security archive is not known: %s", problem.message)
        return found
    return with_marks(found, archive)


def is_debian(description: BaseDescription) -> bool:
    """Whether a base is one of Debian's, and not of a system made from it."""
    return description.system.startswith("Debian ")


def with_marks(found: BaseDifference, archive: Archive) -> BaseDifference:
    """Return a difference with marks from an archive."""
    fixes = {change.name: fix for change in found.packages if (fix := _fix(change, archive))}
    sources = {package.name: package.source or package.name for package in found.after.packages}
    before = {change.name: change.before for change in found.packages}
    cves: dict[str, tuple[str, ...]] = {}
    fetched = 0
    for name, package in sorted(fixes.items(), key=lambda item: item[1].size):
        # The packages of one source have one changelog, in the first that is not a link to another's documents.
        if cves.get(sources.get(name, name)):
            continue
        fetched += package.size
        if fetched > _MOST_BYTES:
            break
        cves[sources.get(name, name)] = _cves(package, before[name], archive)
    changes = tuple(
        change
        if change.after is None
        else replace(
            change,
            security=change.name in fixes,
            cves=cves.get(sources.get(change.name, change.name), ()) if change.name in fixes else (),
        )
        for change in found.packages
    )
    return replace(found, packages=changes)


def _fix(change: PackageChange, archive: Archive) -> Package | None:
    """Return the new version of a package if the security archive has it."""
    offered = archive.index.named(change.name) if change.before and change.after else ()
    return next((each for each in offered if each.archive == SECURITY and each.version == change.after), None)


def _cves(package: Package, before: str | None, archive: Archive) -> tuple[str, ...]:
    """Return the CVEs that the changelog of a package names; none if it cannot be read."""
    try:
        ((_, path),) = archive.fetch([package])
        return cves_between(changelog_in(path, str(package)), before, package.version)
    except CompError as problem:
        log.info("the changelog of %s is not read: %s", package, problem.message)
        return ()


def changelog_in(path: Path, name: str) -> str:
    """Return the beginning of the changelog in a package's file; empty without one. Raises InputError."""
    deb = Deb.open(path, name)
    with deb.tar("data") as tar:
        for member in deb.files(tar):
            content = tar.extractfile(member) if member.isreg() and _CHANGELOG.fullmatch(member.name) else None
            if content is not None:
                try:
                    with gzip.open(content) as stream:
                        return stream.read(_READ).decode("utf-8", "replace")
                except (OSError, EOFError, zlib.error):
                    return ""
    return ""
