"""The base of the last build of a folder, if the command line named it.

A run builds the component as it is now. On another base than before that would be another image, and a network may be
needed to get it; so a run takes the base of the last build, by digest.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.config.project import is_on_disk
from toolkit.digest import Digest

if TYPE_CHECKING:
    from toolkit.builders.plan import Plan
    from toolkit.oci.descriptor import Platform

# So that a record does not grow with every base that was ever tried.
_MOST_BASES = 20


class _LastBase(Record, frozen=True, kw_only=True):
    """The base of a folder's last build as the command line named it, empty for that of the settings.

    `bases` has the digests that each name had, by platform, the last used name last.
    """

    KIND: ClassVar[str] = "last-base"

    base: str
    bases: tuple[tuple[str, Mapping[str, Digest]], ...]


def note(folder: Path, named: str | None, plans: Sequence["Plan"], cache: Cache) -> None:
    """Remember the base of a build; `named` is the base that the command line named, or None.

    A build that found nothing to do has no `plans`: an earlier one has remembered the digests of its base.
    """
    old = cache.recall(_LastBase, _key(folder)) or _LastBase(base="", bases=())
    bases = dict(old.bases)
    base = _absolute(named) if named else ""
    if plans:
        # Taken out first, so that it moves to the end: the oldest names are dropped.
        bases.pop(base, None)
        bases[base] = {str(plan.platform): plan.base_digest for plan in plans}
    new = _LastBase(base=base, bases=tuple(bases.items())[-_MOST_BASES:])
    if new != old:
        cache.remember(_key(folder), new)


def recall(folder: Path, platform: "Platform", cache: Cache) -> str | None:
    """Return the base of the last build, a reference with its digest. None if it was that of the settings."""
    record = cache.recall(_LastBase, _key(folder))
    if record is None or not record.base:
        return None
    # A file is what it is when it is read, and a digest names one image for ever.
    if is_on_disk(record.base) or "@" in record.base:
        return record.base
    from toolkit.oci.reference import parse_reference

    digest = dict(record.bases).get(record.base, {}).get(str(platform))
    return f"{parse_reference(record.base)}@{digest}" if digest else record.base


def _key(folder: Path) -> dict[str, str]:
    """Return the key of a folder's record: its real path, however it was named."""
    return {"folder": str(folder.resolve())}


def _absolute(base: str) -> str:
    """Name a base on this disk in full, since a run may be started in another folder."""
    scheme, _, path = base.partition(":")
    return f"{scheme}:{Path(path).absolute()}" if is_on_disk(base) else base
