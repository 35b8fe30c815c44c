"""One piece of work on every component of a collection, in threads: a failure of one does not stop the others."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.collection.workspace import Member
from toolkit.errors import CompError
from toolkit.progress import SUBJECT
from toolkit.system.os_errors import expected_error
from toolkit.system.threads import threads


class Done(Struct, frozen=True, kw_only=True):
    """What came of the work on one component: a word or two for people, and the digest or reference of an image.

    `digest` is that of the image, or of what else was made. `code` is not 0 if the work found faults and reported them
    itself. `sent` counts bytes; None if nothing is ever sent. `more` is for JSON alone.
    """

    result: str
    image: str | None = None
    digest: str | None = None
    code: int = 0
    sent: int | None = None
    more: Mapping[str, object] = {}


class Outcome(Struct, frozen=True, kw_only=True):
    """The work on one component: `done`, or the `failure` that ended it, which may be a bug.

    Both if something came of it before the failure.
    """

    member: Member
    seconds: float
    done: Done | None = None
    failure: Exception | None = None

    @property
    def error(self) -> CompError | None:
        """The failure with its advice for the user; None without one, and for a bug."""
        return expected_error(self.failure) if self.failure else None

    @property
    def result(self) -> str:
        """What came of the work, in a word or two."""
        if self.done:
            return self.done.result
        return "failed" if self.error else "bug"

    @property
    def exit_code(self) -> int:
        """The exit code that the work would have alone."""
        if self.done:
            return self.done.code
        return (self.error or CompError).exit_code


def work_on_all(
    members: Sequence[Member],
    work: Callable[[Member], Done],
    *,
    jobs: int,
    after: Mapping[Path, frozenset[Path]] | None = None,
) -> Iterator[Outcome]:
    """Yield the outcome of each component as soon as it is there; `jobs` are worked on at a time, the first first.

    `after` names, by folder, the folders of the members that come before; it has no cycle. What fails for one
    component, foreseen or a bug, becomes its outcome.
    """
    waiting, finished = list(members), set[Path]()
    running: dict[Future[Done], Member] = {}
    clock: dict[Path, float] = {}
    with threads(jobs) as pool:
        while waiting or running:
            ready = (member for member in waiting if (after or {}).get(member.folder, frozenset()) <= finished)
            for member in list(islice(ready, jobs - len(running))):
                waiting.remove(member)
                running[pool.submit(_work, work, member, clock)] = member
            ended = wait(running, return_when=FIRST_COMPLETED).done
            # In the order in which they began, so that equal runs say the same.
            for future in [future for future in running if future in ended]:
                member = running.pop(future)
                finished.add(member.folder)
                yield _outcome(member, future, clock[member.folder])


def _work(work: Callable[[Member], Done], member: Member, clock: dict[Path, float]) -> Done:
    """Do the work on one component, and note how long it took. Raises the problem of one that cannot be read."""
    SUBJECT.set(member.name)
    began = time.monotonic()
    try:
        if member.problem:
            raise member.problem
        return work(member)
    finally:
        clock[member.folder] = time.monotonic() - began


def failure_of(future: Future[Any]) -> Exception | None:
    """Return what some work raised; None if it ended well. Raises what is no failure of it, such as an interruption.

    A future keeps whatever the work raised, bugs too, so that nothing here has to catch everything.
    """
    failure = future.exception()
    if failure is None or isinstance(failure, Exception):
        return failure
    raise failure


def _outcome(member: Member, future: Future[Done], seconds: float) -> Outcome:
    """Return what a future came to."""
    failure = failure_of(future)
    return Outcome(member=member, seconds=seconds, done=None if failure else future.result(), failure=failure)
