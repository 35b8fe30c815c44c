"""What `comp build --dry-run` prints: the layers of each image, as text or as JSON."""

from typing import TYPE_CHECKING

from msgspec import to_builtins
from msgspec.structs import replace

from toolkit.cli import bars, many
from toolkit.cli.console import Console, columns
from toolkit.collection.work import Done
from toolkit.collection.workspace import Member
from toolkit.errors import UsageError
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.job.preview import Preview, PreviewLayer, preview
from toolkit.words import in_bytes, some_of

if TYPE_CHECKING:
    from pathlib import Path

_PRESENT = {True: "there", False: "new", None: "?"}


def print_preview(console: Console, request: BuildRequest, asked: many.Asked, progress: str) -> int:
    """Print the layers of each image from bottom to top, for every component, and return the exit code."""
    if request.output or request.builder not in {"auto", "oci"}:
        raise UsageError(
            "--dry-run plans for the embedded builder and writes nothing", hint="leave out --output and --builder"
        )
    # Without consent, since a preview runs no code of others, not even in the jail (docs/security.md).
    with bars.showing(console, progress) as shown:
        context = BuildContext(report=shown.report)
        if asked.one is None:
            return _preview_many(console, request, asked, context, shown)
        planned = preview(request, context)
    if asked.form == "json":
        console.json(_as_data(planned))
    else:
        _print_preview(console, planned)
    return 0


def _preview_many(
    console: Console, request: BuildRequest, asked: many.Asked, context: BuildContext, shown: bars.Shown
) -> int:
    """Print the layers of each component's image, in the order of the components."""
    members = asked.members()
    plans: dict[Path, Preview] = {}

    def plan(member: Member) -> Done:
        """Plan the image of one component."""
        planned = plans[member.folder] = preview(replace(request, folder=member.folder), context)
        data = _as_data(planned)
        return Done(result="planned", digest=str(planned.digest) if planned.digest else None, more=data)

    report = many.Report(console, "comp build --dry-run", members, asked, shown)
    report.add_all(members, plan)
    with shown.aside():
        for member in members if asked.form == "text" else ():
            if planned := plans.get(member.folder):
                console.data(f"{member.name}:")
                with many.about(member):
                    _print_preview(console, planned)
    return report.end()


def _print_preview(console: Console, planned: Preview) -> None:
    """Print the layers on stdout; the files that stay out and the sum on stderr."""
    for number, (platform, layers) in enumerate(planned.images.items()):
        if len(planned.images) > 1:
            console.data(f"{'' if number == 0 else chr(10)}{platform}")
        console.data("\n".join(columns([_row(layer) for layer in layers])))
    for file in planned.left_out:
        console.say(f"left out: {file.path} ({file.reason})")
    # Images for several platforms share layers, which are sent once.
    every = {layer.digest: layer for layers in planned.images.values() for layer in layers}.values()
    total = in_bytes(sum(layer.size for layer in every))
    new = in_bytes(sum(layer.size for layer in every if layer.present is False))
    upload = f", {new} of it new to the remote" if any(layer.present is not None for layer in every) else ""
    digest = (
        f"the image would be {planned.digest}" if planned.digest else "its digest is known when bytecode is compiled"
    )
    console.say(f"{len(every)} layers, {total}{upload}; {digest}")


def _row(layer: PreviewLayer) -> tuple[str, ...]:
    """Return the columns of one layer."""
    size, present = in_bytes(layer.size), _PRESENT[layer.present]
    return str(layer.digest)[:19], size, present, layer.name, some_of(layer.contents)


def _as_data(planned: Preview) -> dict[str, object]:
    """Return the preview as JSON data."""
    return {
        "digest": planned.digest and str(planned.digest),
        "images": [
            {"platform": str(platform), "layers": [_layer_as_data(layer) for layer in layers]}
            for platform, layers in planned.images.items()
        ],
        "left_out": [to_builtins(file) for file in planned.left_out],
    }


def _layer_as_data(layer: PreviewLayer) -> dict[str, object]:
    """Return one layer as JSON data."""
    return {
        "name": layer.name,
        "digest": str(layer.digest),
        "size": layer.size,
        "present": layer.present,
        "contents": layer.contents,
    }
