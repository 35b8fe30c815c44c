"""Builds of many components in one process."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from toolkit.collection.dependencies import members_inside
from toolkit.collection.relocking import relock
from toolkit.collection.work import Done, Outcome, work_on_all
from toolkit.collection.workspace import Member
from toolkit.job.build import Milestone, build
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.wheels.bytecode.compiling import Compilers

if TYPE_CHECKING:
    from pathlib import Path


class MemberRequest(Struct, frozen=True, kw_only=True):
    """The build of one member as the user asked for it."""

    member: Member
    request: BuildRequest


def build_many(
    requests: Sequence[MemberRequest],
    context: BuildContext,
    *,
    jobs: int,
    announce: Callable[[Milestone], object] = lambda _: None,
) -> Iterator[Outcome]:
    """Build the images of many components, `jobs` at a time, and yield each outcome as soon as it is there.

    They share all work: equal requirements are resolved once, a wheel is fetched and compiled once, a layer is measured
    and sent once. The images are those that single builds make (docs/decisions/0028-shared-work.md).

    `announce` gets the milestones from several threads, with the component's name in `SUBJECT`. A member whose code is
    in the image of another comes first. Raises InputError for members that contain one another.
    """
    by_folder = {each.member.folder: each.request for each in requests}
    members = [each.member for each in requests]
    after = members_inside(members, context.environ)
    milestones: dict[Path, list[Milestone]] = {}

    def work(member: Member) -> Done:
        """Build one component."""
        seen = milestones.setdefault(member.folder, [])

        def note(milestone: Milestone) -> None:
            """Keep a milestone, and pass it on."""
            seen.append(milestone)
            announce(milestone)

        request = by_folder[member.folder]
        image = build(request, context, note)
        unchanged = any(milestone.kind == "unchanged" for milestone in seen)
        result = "unchanged" if unchanged else "pushed" if request.push else "built"
        return _done(result, image, seen, push=request.push)

    with Compilers(context.cache, context.consent) as compilers:
        context = replace(context, compilers=compilers, relock=relock)
        for outcome in work_on_all(members, work, jobs=jobs, after=after):
            seen = milestones.get(outcome.member.folder, [])
            image = next((milestone.value for milestone in seen if milestone.kind == "image"), None)
            if outcome.failure and image:
                # What failed came after the image, such as its pin: that must not hide the image.
                done = _done(outcome.result, image, seen, push=by_folder[outcome.member.folder].push)
                yield replace(outcome, done=replace(done, code=outcome.exit_code))
            else:
                yield outcome


def _done(result: str, image: str, seen: Sequence[Milestone], *, push: bool) -> Done:
    """Return what came of a build that reached an image."""
    sent = sum(milestone.sent for milestone in seen) if push else None
    return Done(result=result, image=image, digest=image.rpartition("@")[2], sent=sent)
