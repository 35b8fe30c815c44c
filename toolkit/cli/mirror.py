"""`comp mirror`: copy releases and images from one registry to another."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import dry_run_option
from toolkit.errors import UsageError
from toolkit.redaction import hide
from toolkit.words import counted, in_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toolkit.progress import Report
    from toolkit.registry.place import Place
    from toolkit.registry.publishing.mirrored_images import ImageMirror
    from toolkit.registry.publishing.mirroring import Mirror, Mirrored


@click.command
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@click.option("--only", multiple=True, metavar="NAME", help="Only these: ml/*, ml/train or ml/train@^1; repeatable.")
@click.option("--images", metavar="HOST/PATH|layout:DIR", help="Copy the images there too.")
@click.option("--images-from", metavar="layout:DIR", help="Read the images there, not on their own servers.")
@click.option("--verify", is_flag=True, help="Compare the releases that are there already as well.")
@dry_run_option
@format_option
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    source: str,
    target: str,
    only: tuple[str, ...],
    images: str | None,
    images_from: str | None,
    verify: bool,
    dry_run: bool,
    form: str,
    progress: str,
) -> int:
    """Copy the releases of the registry SRC to DST, with their marks.

    Both are names or places of registries, of any kind. Releases keep their bytes; what DST has is not sent again. With
    --images the images of the releases are copied by digest, with all their platforms, and DST says where they are:
    `comp add` from there takes the copies. A folder and a layout carry everything to a network without servers. Prints
    a line for each release that was copied. What could not be copied is named, and the exit code is then 1 or 3.
    """
    if images_from and not images:
        raise UsageError("--images-from needs --images: the place to copy them to", hint="add --images HOST/PATH")
    sent: list[int] = []
    outcomes = []
    with bars.reporting(console, progress) as report:
        copying = _images(images, images_from, report, sent.append, dry_run=dry_run) if images else None
        mirror = _mirror(source, target, only, dry_run=dry_run, verify=verify)
        for outcome in _with(mirror, copying).run():
            outcomes.append(outcome)
            if form == "text":
                for release in outcome.copied:
                    console.data(f"{release} {release.digest}")
    if form == "json":
        console.json({"components": [_as_data(outcome) for outcome in outcomes]})
    for problem in [problem for outcome in outcomes for problem in outcome.problems]:
        hint = f" ({problem.error.hint})" if problem.error.hint else ""
        console.warn(f"{problem.what}: {problem.error.message}{hint}")
    console.say(_sums(outcomes, sum(sent), dry_run=dry_run))
    return max((problem.error.exit_code for outcome in outcomes for problem in outcome.problems), default=0)


def _mirror(source: str, target: str, only: "Sequence[str]", *, dry_run: bool, verify: bool) -> "Mirror":
    """Open both registries."""
    from toolkit.registry.named import identity_of
    from toolkit.registry.opening import open_registry, open_writable
    from toolkit.registry.publishing.mirroring import Mirror, parse_pattern, wanted_names
    from toolkit.registry.publishing.unmade import open_or_unmade

    patterns = [parse_pattern(text) for text in only]
    from_, to = _place(source), _place(target)
    if identity_of(from_) == identity_of(to):
        raise UsageError(f"SRC and DST are both {to}", hint="name two registries")
    reading = open_registry(from_, environ=os.environ)
    if patterns:
        # Before DST is made.
        wanted_names(reading, patterns)
    writable = None if dry_run else open_writable(to, environ=os.environ)
    opened = writable or open_or_unmade(to, os.environ)
    return Mirror(source=reading, target=opened, writable=writable, only=patterns, verify=verify)


def _with(mirror: "Mirror", images: "ImageMirror | None") -> "Mirror":
    """Return a mirror that copies images too."""
    from msgspec.structs import replace

    return replace(mirror, images=images)


def _place(text: str) -> "Place":
    """Return the place of a registry."""
    from toolkit.registry.named import resolve_one

    return resolve_one(text, environ=os.environ).place


def _images(
    to: str, from_: str | None, report: "Report", sent: "Callable[[int], object]", *, dry_run: bool
) -> "ImageMirror":
    """Return what copies images."""
    from toolkit.oci.layout_store import LayoutStore
    from toolkit.registry.publishing.mirrored_images import LAYOUT, ImageMirror, check_prefix
    from toolkit.remote.client import Remote
    from toolkit.remote.copying import LayoutImages, RemoteImages

    if from_ and not from_.startswith(LAYOUT):
        raise UsageError(f"invalid --images-from {from_}", hint="write layout:DIR")
    servers = RemoteImages(Remote(environ=os.environ), report=report, sent=sent)
    source = LayoutImages(LayoutStore(Path(from_.removeprefix(LAYOUT)))) if from_ else servers
    if to.startswith(LAYOUT):
        store = LayoutStore(Path(to.removeprefix(LAYOUT)))
        return ImageMirror(source=source, target=LayoutImages(store, sent=sent), dry_run=dry_run)
    return ImageMirror(source=source, target=servers, prefix=check_prefix(to), dry_run=dry_run)


def _sums(outcomes: "Sequence[Mirrored]", sent: int, *, dry_run: bool) -> str:
    """Return what was done, in words."""
    copied = sum(len(outcome.copied) for outcome in outcomes)
    present = sum(outcome.present for outcome in outcomes)
    marked = sum(outcome.marked for outcome in outcomes)
    problems = sum(len(outcome.problems) for outcome in outcomes)
    parts = [
        f"{counted(copied, 'release')} {'to copy' if dry_run else 'copied'}",
        f"{present} there already",
        f"marks of {counted(marked, 'component')}" if marked else "",
        f"{in_bytes(sent)} of images sent" if sent else "",
        f"{counted(problems, 'problem')}" if problems else "",
    ]
    return f"{counted(len(outcomes), 'component')}: {', '.join(filter(None, parts))}"


def _as_data(outcome: "Mirrored") -> dict[str, Any]:
    """Return what came of a component as JSON data."""
    return {
        "component": str(outcome.name),
        "copied": [{"release": str(release), "digest": str(release.digest)} for release in outcome.copied],
        "present": outcome.present,
        "marked": outcome.marked,
        "images": list(outcome.images),
        "problems": [{"what": each.what, "problem": hide(each.error.message)} for each in outcome.problems],
    }
