"""`comp verify`: verify an image by its signature and its contract."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, format_option, pass_console


@click.command
@click.argument("image", metavar="[IMAGE|FOLDER]", default=".")
@click.option(
    "--key",
    "keys",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A public key that may have signed it; several are alternatives.",
)
@click.option(
    "--platform", metavar="NAME", help="Which image of an index, such as linux/arm64.  [default: this machine's]"
)
@format_option
@pass_console
def command(console: Console, *, image: str, keys: Sequence[Path], platform: str | None, form: str) -> int:
    """Verify that an image is what it is taken for. Prints a line for each check; exit code 1 if one fails.

    IMAGE is a reference. FOLDER is a component's folder or contract, whose image is pinned; without either it is the
    current folder.

    Every digest and size is checked, and that the image has the interface of the folder's contracts. With --key one of
    the keys has to have signed the image, by `comp sign` or cosign.
    """
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import Platform, host_platform
    from toolkit.signing.keys import read_public_key
    from toolkit.supply.verifying import verify_image

    public = [read_public_key(key) for key in keys]
    chosen = Platform.parse(platform) if platform else host_platform()
    with bars.reporting(console) as report:
        verification = verify_image(image, chosen, BuildContext(report=report), public)
    if form == "json":
        console.data(json.dumps(verification.to_dict(), indent=2))
    else:
        for check in verification.checks:
            for detail in check.details:
                console.data(f"{'ok' if check.passed else 'FAILED'}: {check.name}: {detail}")
    if not public:
        console.say("no --key was given, so no signature was looked for")
    return 0 if verification.passed else 1
