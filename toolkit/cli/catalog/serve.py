"""`comp catalog serve`: show a registry in the browser, and follow its changes."""

from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import click

from toolkit.cli.catalog import options
from toolkit.cli.console import Console, pass_console
from toolkit.cli.registry_options import registry_option


@click.command
@registry_option
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=8642,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="A folder that keeps the pages.  [default: a temporary one]",
)
@options.common
@pass_console
def command(
    console: Console,
    *,
    registry: str | None,
    port: int,
    output: Path | None,
    title: str,
    address: str | None,
    images: str | None,
) -> NoReturn:
    """Show the registry's pages to browsers on this machine; an open page is loaded anew when it has changed.

    Prints the address. A folder is watched, any other registry is asked every 30 seconds. Ctrl-C ends.
    """
    from toolkit.catalogue.following import follow
    from toolkit.catalogue.serving import Changes, serving
    from toolkit.catalogue.site import Choices, build_site
    from toolkit.cli.watching import attempt
    from toolkit.system import temporary

    opened, place = options.opened(registry, address)
    choices = Choices(
        title=title, place=place, live=True, read_image=options.reader_of(images), packages=images == "packages"
    )
    with ExitStack() as stack:
        root = output or stack.enter_context(temporary.folder("catalog"))
        console.say(build_site(opened, root, choices).summary())
        changes = Changes()
        console.data(stack.enter_context(serving(root, port, changes)))

        def build() -> None:
            """Bring the pages up to date, and let browsers know."""
            built = build_site(opened, root, choices)
            if built.written or built.removed:
                console.say(built.summary())
                changes.announce()

        follow(opened, lambda: attempt(build), console.warn)
