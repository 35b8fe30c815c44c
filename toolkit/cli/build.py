"""`comp build`: build the image, push it, pin the contract."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, consent
from toolkit.cli.console import Console, columns, pass_console
from toolkit.errors import LostError, UsageError
from toolkit.words import in_bytes, some_of

if TYPE_CHECKING:
    from toolkit.jail.consent import Consent
    from toolkit.job import PreviewLayer


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--push", is_flag=True, help="Push the image, print its reference by digest, pin it.")
@click.option("--image", metavar="REF", help="Where the image goes; overrides [tool.comp] image.")
@click.option("--base", metavar="REF", help="The base: a reference, layout:DIR or archive:FILE.")
@click.option("--pin", metavar="in-place|FILE|none", help="Where a push writes the digest.  [default: in-place]")
@click.option("--output", metavar="layout:DIR|archive:FILE|docker", help="Also put the image there.")
@click.option(
    "--builder", type=click.Choice(["oci", "docker", "buildah"]), default="oci", show_default=True, help="What builds."
)
@click.option("--locked", is_flag=True, help="Fail rather than change the lock.")
@click.option("--dry-run", is_flag=True, help="Print the layers and what the remote has of them; change nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How --dry-run prints.")
@consent.options
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    folder: Path,
    push: bool,
    builder: str,
    locked: bool,
    progress: str,
    dry_run: bool,
    allowed: "Consent",
    **options: str | None,
) -> None:
    """Build the image of the component in FOLDER.

    Prints one line on stdout: with --push the reference by digest, else the image's digest. A push also
    sets the tags <version> and sha-<12 hex digits>, and writes the reference into component.yaml. The first
    build writes requirements.lock; later ones install exactly what it says. For several platforms the digest is
    that of the index of their images.
    """
    from toolkit import last_base
    from toolkit.cache import Cache
    from toolkit.shortcut import Request, finished, read_inputs

    pin, output = options["pin"], options["output"]
    if pin and not push:
        raise UsageError("--pin needs --push: only a pushed image has a reference", hint="add --push")
    _check_output(output)
    overrides = {key: value for key in ("image", "base") if (value := options[key])}
    if dry_run:
        if output or builder != "oci":
            raise UsageError("--dry-run plans for the embedded builder and writes nothing", hint="leave the rest out")
        _preview(console, folder, overrides, options["form"] or "text", progress)
        return
    request = Request(
        folder=folder,
        overrides=overrides,
        builder=builder,
        push=push,
        pin=pin or "in-place",
        locked=locked,
        trust_base=allowed.trust_base,
    )
    cache = Cache.default()
    inputs = read_inputs(request)
    known = finished(request, inputs, cache) if inputs and output is None else None
    if known:
        last_base.note(folder, options["base"], (), cache)
        console.say("nothing has changed")
        console.data(known)
        return

    from toolkit import job
    from toolkit.config import read_project
    from toolkit.shortcut import remember
    from toolkit.tools import Tools

    project = read_project(folder, overrides=overrides)
    job.check_contracts(project)
    with bars.reporting(console, progress) as report:
        tools = Tools(cache=cache, report=report, consent=allowed)
        if push:
            job.target_reference(project)
        plans, image = job.plan_and_build(project, tools, builder=builder, locked=locked)
        last_base.note(folder, options["base"], plans, cache)
        if output:
            console.say(f"wrote {job.write_image(project, image, output)}")
        if not push:
            console.data(str(image.digest))
            remember(request, inputs, cache, plans, str(image.digest))
            return
        try:
            reference, tags = job.push(project, image, tools)
        except LostError as lost:
            console.warn(f"{lost.message}; building again")
            plans, image = job.plan_and_build(project, tools, builder=builder, locked=locked)
            reference, tags = job.push(project, image, tools)
    # Now, since whatever fails from here on, the image is pushed.
    console.data(str(reference))
    for path in job.pin(project, reference, into=request.pin):
        console.say(f"pinned {os.path.relpath(path)}")
    remember(request, inputs, cache, plans, str(reference), tags=tags)


def _preview(console: Console, folder: Path, overrides: dict[str, str], form: str, progress: str) -> None:
    """Print the layers of each image from bottom to top."""
    from toolkit import job
    from toolkit.builders.code import component_code
    from toolkit.config import read_project
    from toolkit.tools import Tools

    project = read_project(folder, overrides=overrides)
    job.check_contracts(project)
    with bars.reporting(console, progress) as report:
        digest, images = job.preview(project, Tools(report=report))
    left_out = component_code(project).left_out
    if form == "json":
        listed = [
            {"platform": str(name), "layers": [_as_data(one) for one in layers]} for name, layers in images.items()
        ]
        console.data(
            json.dumps(
                {"digest": digest and str(digest), "images": listed, "left_out": [asdict(one) for one in left_out]},
                indent=2,
            )
        )
        return
    has = {True: "there", False: "new", None: "?"}
    for number, (platform, layers) in enumerate(images.items()):
        if len(images) > 1:
            console.data(f"{'' if number == 0 else chr(10)}{platform}")
        rows = [
            (str(layer.digest)[:19], in_bytes(layer.size), has[layer.present], layer.name, some_of(layer.contents))
            for layer in layers
        ]
        console.data("\n".join(columns(rows)))
    for one in left_out:
        console.say(f"left out: {one.path} ({one.reason})")
    every = {layer.digest: layer for layers in images.values() for layer in layers}.values()
    new = sum(layer.size for layer in every if layer.present is False)
    total = sum(layer.size for layer in every)
    told = f", {in_bytes(new)} of it new to the remote" if any(one.present is not None for one in every) else ""
    would_be = f"the image would be {digest}" if digest else "its digest is known when bytecode is compiled"
    console.say(f"{len(every)} layers, {in_bytes(total)}{told}; {would_be}")


def _as_data(layer: "PreviewLayer") -> dict[str, object]:
    return {
        "name": layer.name,
        "digest": str(layer.digest),
        "size": layer.size,
        "present": layer.present,
        "contents": layer.contents,
    }


def _check_output(output: str | None) -> None:
    scheme, _, rest = (output or "docker").partition(":")
    if scheme not in {"layout", "archive", "docker"} or bool(rest) == (scheme == "docker"):
        raise UsageError(f"--output {output}", hint="write layout:DIR, archive:FILE or docker")
