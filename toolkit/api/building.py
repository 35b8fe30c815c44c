"""`toolkit.build` and `toolkit.push`: the image of a component."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from toolkit.collection.relocking import relock
from toolkit.job.build import Milestone
from toolkit.job.build import build as build_image
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.progress import Report, silent

Builder = Literal["auto", "oci", "docker", "buildah"]


class Built(Struct, frozen=True, kw_only=True):
    """An image. `image` is its reference by digest if it was pushed, else its digest.

    `changed` is False if an earlier build had the same inputs. `written` is where `output` put it. `pinned` are the
    files that name it now. `sent` are the bytes that its remote did not have.
    """

    image: str
    changed: bool
    written: str | None = None
    pinned: tuple[Path, ...] = ()
    sent: int = 0

    @property
    def digest(self) -> str:
        """The digest alone."""
        return self.image.rpartition("@")[2]


def build(
    folder: str | os.PathLike[str] = ".",
    *,
    base: str | None = None,
    builder: Builder = "auto",
    output: str | None = None,
    locked: bool = False,
    environ: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> Built:
    """Build the image of the component in a folder, as `comp build` does, and return it.

    `base` takes the place of the settings' one. `output` is `layout:DIR`, `archive:FILE` or `docker`. With `locked` the
    lock is not changed. Raises InputError for what is wrong with the component, UsageError for an argument, and
    OutsideError for servers, engines and the disk.
    """
    request = BuildRequest(
        folder=Path(folder), overrides={"base": base} if base else {}, builder=builder, locked=locked, output=output
    )
    return run(request, _context(environ, progress))


def push(
    folder: str | os.PathLike[str] = ".",
    *,
    image: str | None = None,
    base: str | None = None,
    builder: Builder = "auto",
    output: str | None = None,
    locked: bool = False,
    pin: str = "in-place",
    provenance: bool | None = None,
    environ: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> Built:
    """Build the image of the component in a folder, push it, and write its digest into the contract.

    `image` is where it goes, in the place of the settings' name. `pin` is `in-place`, `none`, or the file that is to
    have the contract with the digest. `provenance` says whether the image's provenance is attached, in the place of the
    settings. All else is as in `build`.
    """
    given = {"image": image, "base": base, "provenance": None if provenance is None else str(provenance).lower()}
    overrides = {key: value for key, value in given.items() if value}
    request = BuildRequest(
        folder=Path(folder),
        overrides=overrides,
        builder=builder,
        locked=locked,
        output=output,
        push=True,
        pin=pin,
    )
    return run(request, _context(environ, progress))


def run(
    request: BuildRequest,
    context: BuildContext,
    announce: Callable[[Milestone], object] = lambda _: None,
    *,
    whole: bool = False,
) -> Built:
    """Build as a request says; `announce` gets what stands even if a later step fails. For commands, not public."""
    reached: dict[str, Milestone] = {}
    pinned: list[Path] = []

    def note(milestone: Milestone) -> None:
        """Remember a milestone, and pass it on."""
        reached[milestone.kind] = milestone
        if milestone.kind == "pinned":
            pinned.append(Path(milestone.value))
        announce(milestone)

    image = build_image(request, context, note, whole=whole)
    return Built(
        image=image,
        changed="unchanged" not in reached,
        written=reached["written"].value if "written" in reached else None,
        pinned=tuple(pinned),
        sent=reached["image"].sent,
    )


def _context(environ: Mapping[str, str] | None, progress: Report) -> BuildContext:
    """Return the surroundings of one build."""
    from toolkit.cache.store import Cache
    from toolkit.jail.consent import Consent

    given = os.environ if environ is None else environ
    return BuildContext(
        cache=Cache.default(given), environ=given, report=progress, consent=Consent.given(given), relock=relock
    )
