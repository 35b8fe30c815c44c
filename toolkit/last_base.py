"""The base that the last build of a folder was made on, where the command line named it.

Running a component builds it as it is now. On another base than before that would be another image, which may not
even be had without a network; so a run takes the base of the last build, by digest.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.cache import Cache

if TYPE_CHECKING:
    from toolkit.builders.plan import Plan
    from toolkit.oci.descriptor import Platform

_KIND = "last-base"
# By what it was called; a tag may have moved between builds.
_MOST_BASES = 20


def note(folder: Path, named: str | None, plans: Sequence["Plan"], cache: Cache) -> None:
    """Remember which base a build was made on; `named` is what the command line said, None without a word.

    Without `plans`, for a build that found nothing to do, what its base is was remembered by an earlier one.
    """
    record = cache.record(_KIND, _key(folder)) or {}
    known = _bases(record)
    base = _absolute(named) if named else ""
    if plans:
        known.pop(base, None)
        known[base] = {str(plan.platform): str(plan.base.digest) for plan in plans}
    wanted = {"base": base, "bases": dict([*known.items()][-_MOST_BASES:])}
    if wanted != record:
        cache.write_record(_KIND, _key(folder), wanted)


def recall(folder: Path, platform: "Platform", cache: Cache) -> str | None:
    """Give the base of the last build, by digest where it has a name; None if it was the one of the settings."""
    record = cache.record(_KIND, _key(folder)) or {}
    base = record.get("base")
    if not base or not isinstance(base, str):
        return None
    if _is_file(base) or "@" in base:
        return base
    from toolkit.oci.reference import parse_reference

    digest = _bases(record).get(base, {}).get(str(platform))
    return f"{parse_reference(base)}@{digest}" if digest else base


def _key(folder: Path) -> dict[str, str]:
    return {"folder": str(folder.resolve())}


def _bases(record: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Read the digests by base and platform; another version of this program may have written anything."""
    bases = record.get("bases")
    if not isinstance(bases, dict):
        return {}
    return {
        str(base): {str(platform): str(digest) for platform, digest in digests.items()}
        for base, digests in bases.items()
        if isinstance(digests, dict)
    }


def _absolute(base: str) -> str:
    """Name a base on this disk in full, since a run may be started in another folder."""
    scheme, _, path = base.partition(":")
    return f"{scheme}:{Path(path).absolute()}" if _is_file(base) else base


def _is_file(base: str) -> bool:
    return base.startswith(("layout:", "archive:"))
