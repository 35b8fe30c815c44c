"""Whether the bases that components stand on are the newest: tags that moved, and what the newer image brings."""

import enum
from collections.abc import Sequence

from msgspec import Struct

from toolkit.bases.description import describe
from toolkit.bases.difference import BaseDifference, difference
from toolkit.bases.freshness import newer_packages
from toolkit.bases.marking import marked
from toolkit.bases.opening import open_base, pulled, to_fetch
from toolkit.bases.recipe import Recipe
from toolkit.bases.used import Held, UsedBase
from toolkit.errors import CompError, OutsideError
from toolkit.job.context import BuildContext
from toolkit.job.tags import digest_now
from toolkit.oci.image import Image
from toolkit.oci.reference import DEFAULT_HOST, Reference
from toolkit.system.threads import at_once
from toolkit.words import in_bytes

# Bytes that are fetched for a comparison which was not asked for by name.
MOST_FETCHED = 500_000_000


class State(enum.StrEnum):
    """How a base stands. Of one that `comp base` made, Debian may have newer packages; a fixed one stays what it is."""

    CURRENT = "current"
    NEWER = "newer"
    PACKAGES = "newer packages"
    FIXED = "fixed"
    UNLOCKED = "not locked"
    UNKNOWN = "unknown"


class Standing(Struct, frozen=True, kw_only=True):
    """How a base stands. If its tag moved, `now` is the image that it names, and `found` what that changes.

    A made base has a `recipe`, and `found` is what making it anew would change. `problem` says why it is not known
    whether there is a newer one, or why the two were not compared.
    """

    base: UsedBase
    state: State
    now: Reference | None = None
    found: BaseDifference | None = None
    problem: CompError | None = None
    recipe: Recipe | None = None

    @property
    def is_newer(self) -> bool:
        """Whether there is a newer base."""
        return self.state in {State.NEWER, State.PACKAGES}


def standings(
    bases: Sequence[UsedBase], context: BuildContext, *, most_fetched: int | None = MOST_FETCHED
) -> tuple[Standing, ...]:
    """Return how each base stands. A tag is asked for once, by HEAD; layers are read only if there is something newer.

    Both images are compared for one platform, unless more than `most_fetched` bytes would have to be fetched. A server
    that fails makes its own bases unknown and no others.
    """
    return at_once(lambda base: _standing(base, context, most_fetched), bases)


def _standing(base: UsedBase, context: BuildContext, most_fetched: int | None) -> Standing:
    """Return how one base stands."""
    held, tag = base.reference, base.tag
    if base.held is Held.DISK:
        return _on_disk(base, context)
    if held is None or tag is None:
        return Standing(base=base, state=State.UNLOCKED if held is None else State.FIXED)
    try:
        digest = digest_now(tag, context)
    except OutsideError as problem:
        return Standing(base=base, state=State.UNKNOWN, problem=problem)
    if digest == held.digest:
        return _made_elsewhere(base, held, context)
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
    return marked(difference(before, after), context)


def _on_disk(base: UsedBase, context: BuildContext) -> Standing:
    """Return how a base on this disk stands: one that others made stays what it is."""
    try:
        image = open_base(base.name, base.platform, context).image
    except CompError as problem:
        return Standing(base=base, state=State.UNKNOWN, problem=problem)
    return _of_packages(base, image, context) or Standing(base=base, state=State.FIXED)


def _made_elsewhere(base: UsedBase, held: Reference, context: BuildContext) -> Standing:
    """Return how a base stands whose tag did not move: Debian may have newer packages than a made one."""
    current = Standing(base=base, state=State.CURRENT)
    if is_official(held):
        return current
    try:
        key = ("base", held.name, held.digest, base.platform)
        # Components in groups of their own may be held to one image.
        image = context.shared.get(key, lambda: pulled(held, base.platform, context))
        return _of_packages(base, image, context) or current
    except CompError as problem:
        return Standing(base=base, state=State.UNKNOWN, problem=problem)


def is_official(reference: Reference) -> bool:
    """Whether an image is one of Docker's official ones: `comp base` made none of them, so nothing is fetched."""
    return reference.host == DEFAULT_HOST and reference.repository.startswith("library/")


def _of_packages(base: UsedBase, image: Image, context: BuildContext) -> Standing | None:
    """Return how a made base stands, None for one that others made."""
    labels = (image.parsed_config().get("config") or {}).get("Labels") or {}
    recipe = Recipe.of_labels(labels)
    if recipe is None:
        return None
    try:
        found = newer_packages(describe(image, context.cache), recipe, context)
    except CompError as problem:
        return Standing(base=base, state=State.UNKNOWN, problem=problem, recipe=recipe)
    if not found.packages:
        return Standing(base=base, state=State.CURRENT, recipe=recipe)
    return Standing(base=base, state=State.PACKAGES, found=found, recipe=recipe)
