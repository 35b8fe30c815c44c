"""The marks of a component, as a log: each change is an artifact with a tag of its own, `marks-<number>-<16 hex>`.

No tag is ever set anew, so no change can be lost without a trace: writers at the same time give the same number to two
artifacts, and the one that finds another beside its own applies its change to that one too, under the next number.
Readers take the highest number; of several with that number, the marks of all of them.
"""

from collections.abc import Callable, Iterable
from functools import reduce

from toolkit.errors import InputError, OutsideError
from toolkit.limits import RECORD_SIZE
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.document import parse_document
from toolkit.oci.reference import Reference
from toolkit.registry.marks import Marks
from toolkit.registry.oci.addresses import marks_number, marks_tag
from toolkit.registry.oci.artifact import artifact, check_type
from toolkit.registry.oci.blobs import Blobs
from toolkit.registry.oci.contest import Clock
from toolkit.registry.oci.seen import Seen
from toolkit.remote.client import Remote

MARKS_TYPE = "application/vnd.comp.component.marks.v1+json"
_ATTEMPTS = 20
# Seconds.
_STEP = 0.01


class DamagedMarksError(OutsideError):
    """Marks that cannot be read."""


def read_marks(seen: Seen, blobs: Blobs, repository: Reference, tags: Iterable[str]) -> Marks:
    """Return the marks of a component whose repository has these tags. Raises OutsideError if they are damaged."""
    return _read_all(seen, blobs, repository, _newest(tags)[1])


def change_marks(
    remote: Remote, seen: Seen, blobs: Blobs, repository: Reference, change: Callable[[Marks], Marks], clock: Clock
) -> Marks:
    """Change the marks of a component, also while others do, and return them. Raises OutsideError if too many do."""
    mine = set[str]()
    for attempt in range(1, _ATTEMPTS + 1):
        number, newest = _newest(remote.tags(repository) or ())
        # Ours lack what another changed at the same moment, and theirs get our change now.
        before = _read_all(seen, blobs, repository, [tag for tag in newest if tag not in mine] or newest)
        marks = change(before)
        if marks == before and len(newest) <= 1:
            return marks
        written = artifact(MARKS_TYPE, marks.to_bytes(), MARKS_TYPE)
        tag = marks_tag(number + 1, written.digest)
        remote.push(written, repository.with_tag(tag), present=frozenset())
        mine.add(tag)
        if _newest(remote.tags(repository) or ()) == (number + 1, [tag]):
            return marks
        # Different for each writer, so that they do not keep step.
        clock.pause(_STEP * attempt * int(written.digest.hex[0], 16))
    raise OutsideError(f"the marks of {repository.name} are changed by too many at once", hint="try again")


def _newest(tags: Iterable[str]) -> tuple[int, list[str]]:
    """Return the highest number of marks, and the tags with that number; 0 without marks."""
    numbered = [(number, tag) for tag in tags if (number := marks_number(tag))]
    highest = max((number for number, _ in numbered), default=0)
    return highest, sorted(tag for number, tag in numbered if number == highest)


def _read_all(seen: Seen, blobs: Blobs, repository: Reference, tags: Iterable[str]) -> Marks:
    """Return the marks that several tags name: until their writers have settled it, what one of them set counts."""
    found = [_read(seen, blobs, repository.with_tag(tag)) for tag in tags]
    return reduce(_united, found) if found else Marks()


def _united(one: Marks, other: Marks) -> Marks:
    """Return the marks of both; where they differ, the first counts."""
    united = other.with_images({**other.images, **one.images})
    united = united.with_deprecation(one.deprecated) if one.deprecated else united
    for version, yank in one.yanked.items():
        united = united.with_yank(version, yank)
    return united


def _read(seen: Seen, blobs: Blobs, tag: Reference) -> Marks:
    """Read the marks that a tag names."""
    manifest = seen.manifest(tag, mirrors=True)
    if manifest is None:
        raise OutsideError(f"{tag} was listed and is missing", hint="try again; another program may delete tags")
    try:
        document = parse_document(manifest.data)
        check_type(document, MARKS_TYPE)
        config = Descriptor.from_dict(document["config"])
        return Marks.from_bytes(blobs.read(tag, config, RECORD_SIZE))
    except InputError as error:
        raise DamagedMarksError(f"the marks {tag} are damaged: {error.message}", hint=error.hint) from error
