"""`comp base`: make a base image from Debian packages."""

from pathlib import Path

import click

from toolkit.cli.console import Console, format_option, pass_console
from toolkit.errors import UsageError


@click.command
@click.option("-o", "--output", metavar="layout:DIR", help="Where to write the image.  [default: the cache]")
@click.option("--suite", metavar="NAME", default="bookworm", show_default=True, help="The Debian release.")
@click.option("--packages", default="", metavar="NAME,…", help="Debian packages to add.")
@click.option(
    "--platform",
    "platforms",
    default="",
    metavar="NAME,…",
    help="The platforms, such as linux/arm64.  [default: this machine's]",
)
@click.option("--force", is_flag=True, help="Make it again even if it exists.")
@format_option
@pass_console
def command(
    console: Console, *, output: str | None, suite: str, packages: str, platforms: str, force: bool, form: str
) -> None:
    """Make a base image with Python from Debian packages.

    Prints it as layout:DIR, ready for `export COMP_BASE=$(comp base)`. No maintainer script runs, so a base for
    another architecture needs no emulation; root or user namespaces are needed.
    """
    from toolkit.cache.store import Cache
    from toolkit.engines.mmdebstrap import make_debian_base
    from toolkit.oci.descriptor import Platform

    chosen = [Platform.parse(name) for name in platforms.split(",") if name]
    extra = tuple(name for name in packages.split(",") if name)
    if output is None:
        # The settings are the name, so that the same ones find the image again.
        folder = (
            Cache.default().root
            / "bases"
            / "-".join(("debian", suite, *(platform.architecture for platform in chosen), *extra))
        )
    elif output.startswith("layout:"):
        folder = Path(output.removeprefix("layout:"))
    else:
        raise UsageError(f"invalid --output {output}", hint="write --output layout:DIR")
    layout = folder / "oci-layout"
    if folder.exists() and not layout.is_file():
        raise UsageError(f"{folder} exists and is not an image layout", hint="name another folder")
    if layout.is_file() and not force:
        console.say(f"{folder} is there already (--force makes it again)")
    else:
        image = make_debian_base(folder.resolve(), suite=suite, packages=extra, platforms=chosen)
        console.say(f"made {image.digest}")
    # The whole path, since COMP_BASE is used in other folders too.
    base = f"layout:{folder.resolve()}"
    console.result(form, base, {"base": base})
