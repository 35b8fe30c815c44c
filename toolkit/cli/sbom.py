"""`comp sbom`: write what an image is made of."""

from pathlib import Path

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, pass_console


@click.command
@click.argument("image", metavar="[IMAGE|FOLDER]", default=".")
@click.option(
    "--format",
    "form",
    type=click.Choice(["cyclonedx", "spdx"]),
    default="cyclonedx",
    show_default=True,
    help="CycloneDX 1.7 or SPDX 2.3, as JSON.",
)
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it to FILE.")
@click.option("--attach", is_flag=True, help="Attach it to the image on its remote, as a referrer.")
@click.option(
    "--platform", metavar="NAME", help="Which image of an index, such as linux/arm64.  [default: this machine's]"
)
@pass_console
def command(
    console: Console, *, image: str, form: str, output: Path | None, attach: bool, platform: str | None
) -> None:
    """Write the SBOM of an image: every package in it, with version, license and package URL.

    IMAGE is a reference, layout:DIR or archive:FILE, of comp or not. FOLDER is a component's folder or contract,
    whose image is pinned; without either it is the current folder. Its lock gives the hashes and publishers of wheels.

    It has Python distributions with the SBOMs inside their wheels, and the packages of Debian and Alpine. The same
    image gives the same bytes.

    With --attach it goes to the image's repository as a manifest that refers to the image, where `comp inspect`,
    oras and cosign find it. Prints that manifest's reference.
    """
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import Platform, host_platform
    from toolkit.supply.reading import read_image
    from toolkit.system.atomic import write_bytes

    chosen = Platform.parse(platform) if platform else host_platform()
    with bars.reporting(console) as report:
        context = BuildContext(report=report)
        read = read_image(image, chosen, context)
    document = read.document(form)
    for unread in read.contents.unread:
        console.warn(unread)
    if output is not None:
        write_bytes(output, document)
        console.say(f"wrote {len(read.contents.packages)} packages to {output}")
    if attach:
        # Signatures and their libraries come with it.
        from toolkit.supply.attached import attach_sbom

        console.data(str(attach_sbom(read, document, form, context)))
    elif output is None:
        console.document(document.decode())
