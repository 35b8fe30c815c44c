"""Which of several publishers of a version may set its tag, on servers that cannot set a tag only if it is new.

Each publisher first gives its artifact a tag of its own, the claim, and then lists all claims:

- If it sees no other claim, it sets the version's tag at once. Two publishers cannot both see none: the one that claims
  last sees the other.
- If it sees others, it waits. One of them may be setting the tag, so it gives it time to do so, and then the publishers
  have turns in the order of their claims.

So exactly one sets the tag, unless a publisher stops for longer than a turn between its list and its next request. That
is noticed: the tag is read again afterwards. The claims stay, since they also tell which artifact a version had at
first, and keep it from garbage collectors. A server that honours `If-None-Match: *`, or forbids to change tags, decides
by itself besides.
"""

import logging
import time
from collections.abc import Callable

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import OutsideError, RemoteError
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference
from toolkit.registry.oci.addresses import claim_tag, claimed_version, tag_of
from toolkit.registry.semver import Version
from toolkit.remote.client import Remote

log = logging.getLogger(__name__)

# Seconds: far more than a publisher takes from its list of claims until the tag is set.
TURN = 2.0
_ASK_AGAIN = 0.1
# Seconds until a server has to list a tag.
_LISTED = 30.0
# Lists that may come late; a server that is always so slow is as slow for others.
_MOST_LATE = 3
# Answers of servers that forbid to change a tag.
_FORBIDDEN = frozenset({400, 403, 405, 409, 412})


class Clock(Struct, frozen=True, kw_only=True):
    """The passing of time, in seconds."""

    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


class Outcome(Struct, frozen=True, kw_only=True):
    """The end of a contest: the manifest that the version's tag has, and the tags that were listed last."""

    manifest: Digest
    tags: tuple[str, ...]


def contend(remote: Remote, artifact: Image, repository: Reference, version: Version, clock: Clock) -> Outcome:
    """Set the tag of a version to an artifact that has its claim, unless another publisher does.

    Raises OutsideError if the server's lists come too late for this.
    """
    tag, mine = repository.with_tag(tag_of(version)), claim_tag(version, artifact.digest)
    began = clock.now()
    late = 0
    while True:
        listed = clock.now()
        tags = remote.tags(repository) or ()
        claims = sorted(each for each in tags if claimed_version(each) == version)
        taken = tag.tag in tags
        # docker-registry lists a tag before it has one, and also after it stopped in between.
        if taken and (found := remote.tagged(tag)):
            return Outcome(manifest=found, tags=tags)
        waited = listed - began
        alone = claims == [mine] and not taken
        if mine in claims and (alone or waited >= TURN * (1 + claims.index(mine))):
            # An answer that took long may be out of date, so it is asked for again.
            slow = clock.now() - listed >= TURN / 2
            late += slow
            if not slow or late > _MOST_LATE:
                return Outcome(manifest=_set(remote, artifact, tag, clock, again=not alone), tags=tags)
        elif mine not in claims and waited > _LISTED:
            raise OutsideError(
                f"{repository.host} does not list the tag {mine}, which was set {waited:.0f} s ago",
                hint="publishers at the same time could not see one another; ask who runs it why lists are late",
            )
        clock.pause(_ASK_AGAIN)


def _set(remote: Remote, artifact: Image, tag: Reference, clock: Clock, *, again: bool) -> Digest:
    """Set the tag, and return what it names then, `again` after another turn."""
    try:
        new = remote.set_tag(artifact, tag, only_new=True)
    except RemoteError as error:
        # A server that forbids to change a tag has its own words for that.
        if error.status not in _FORBIDDEN or (found := remote.tagged(tag)) is None:
            raise
        return found
    found = _settled(remote, tag)
    if new and again and found == artifact.digest:
        # A publisher that was stopped for long may still set it.
        clock.pause(TURN)
        found = _settled(remote, tag)
    return found


def _settled(remote: Remote, tag: Reference) -> Digest:
    """Return what a tag names that is set."""
    found = remote.tagged(tag)
    if found is None:
        raise OutsideError(f"{tag} was there a moment ago and is gone", hint="another program deletes tags; try again")
    return found
