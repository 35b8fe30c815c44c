"""`comp catalog build`: write the pages of a registry into a folder."""

from pathlib import Path

import click

from toolkit.cli.catalog import options
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import registry_option
from toolkit.errors import OutsideError


@click.command
@registry_option
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("site"),
    show_default=True,
    metavar="FOLDER",
    help="The folder of the pages.",
)
@options.common
@click.option("--artifact-hub", is_flag=True, help="Write packages for Artifact Hub too, in artifact-hub/.")
@format_option
@pass_console
def command(
    console: Console,
    *,
    registry: str | None,
    output: Path,
    title: str,
    address: str | None,
    images: str | None,
    artifact_hub: bool,
    form: str,
) -> int:
    """Write the registry as static pages, which any web server serves and a browser opens from the disk.

    Only the pages of what changed since the last time are made again. Prints the path of the first page. Files of
    others in the folder stay as they are. Exit code 3 if a component cannot be read; the others are shown.
    """
    from toolkit.catalogue.site import Choices, build_site

    opened, place = options.opened(registry, address)
    choices = Choices(
        title=title,
        place=place,
        artifact_hub=artifact_hub,
        read_image=options.reader_of(images),
        packages=images == "packages",
    )
    built = build_site(opened, output, choices)
    index = output / "index.html"
    if form == "json":
        counts = {"components": built.components, "made": built.written, "unchanged": built.unchanged}
        document = {"index": str(index), **counts, "removed": built.removed, "failed": list(built.failed)}
        console.json(document)
    else:
        console.data(str(index))
    console.say(built.summary())
    return OutsideError.exit_code if built.failed else 0
