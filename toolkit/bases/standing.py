"""Whether the bases that components stand on are the newest: tags that moved, and what the newer image brings."""

import enum
from collections.abc import Sequence

from msgspec import Struct

from toolkit.bases.description import describe
from toolkit.bases.difference import BaseDifference, difference
from toolkit.bases.opening import pulled, to_fetch
from toolkit.bases.used import Held, UsedBase
from toolkit.errors import CompError, OutsideError
from toolkit.job.context import BuildContext
from toolkit.job.tags import digest_now
from toolkit.oci.reference import Reference
from toolkit.system.threads import at_once
from toolkit.words import in_bytes

# Bytes that are fetched for a comparison which was not asked for by name.
MOST_FETCHED = 500_000_000


class State(enum.StrEnum):
    """How a base stands. A fixed one has no tag that could move."""

    CURRENT = "current"
    NEWER = "newer"
    FIXED = "fixed"
    UNLOCKED = "not locked"
    UNKNOWN = "unknown"


class Standing(Struct, frozen=True, kw_only=True):
    """How a base stands. If its tag moved, `now` is the image that it names, and `found` what that changes.

    `problem` says why it is not known whether there is a newer one, or why the two were not compared.
    """

    base: UsedBase
    state: State
    now: Reference | None = None
    found: BaseDifference | None = None
    problem: CompError | None = None

    @property
    def is_newer(self) -> bool:
        """Whether there is a newer base."""
        return self.state is State.NEWER


def standings(
    bases: Sequence[UsedBase], context: BuildContext, *, most_fetched: int | None = MOST_FETCHED
) -> tuple[Standing, ...]:
    """Return how each base stands. A tag is asked for once, by HEAD; layers are read only if it moved.

    Both images are compared for one platform, unless more than `most_fetched` bytes would have to be fetched. A server
    that fails makes its own bases unknown and no others.
    """
    return at_once(lambda base: _standing(base, context, most_fetched), bases)


def _standing(base: UsedBase, context: BuildContext, most_fetched: int | None) -> Standing:
    """Return how one base stands."""
    held, tag = base.reference, base.tag
    if held is None or tag is None:
        return Standing(base=base, state=State.UNLOCKED if base.held is Held.NOTHING else State.FIXED)
    try:
        digest = digest_now(tag, context)
    except OutsideError as problem:
        return Standing(base=base, state=State.UNKNOWN, problem=problem)
    if digest == held.digest:
        return Standing(base=base, state=State.CURRENT)
    now = tag.with_digest(digest)
    try:
        found = _compared(base, (held, now), context, most_fetched)
    except CompError as problem:
        # That the tag moved is known all the same.
        return Standing(base=base, state=State.NEWER, now=now, problem=problem)
    return Standing(base=base, state=State.NEWER, now=now, found=found)


def _compared(
    base: UsedBase, references: tuple[Reference, Reference], context: BuildContext, most_fetched: int | None
) -> BaseDifference:
    """Compare two images of a base. Raises OutsideError if more than `most_fetched` bytes are missing here."""
    images = [pulled(reference, base.platform, context) for reference in references]
    size = sum(to_fetch(image, context) for image in images)
    if most_fetched is not None and size > most_fetched:
        raise OutsideError(
            f"to compare it, {in_bytes(size)} would be fetched", hint="`comp base update --check` does so all the same"
        )
    before, after = (describe(image, context.cache) for image in images)
    return difference(before, after)
