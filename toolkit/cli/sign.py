"""`comp sign`: sign an image with a key."""

import os
import sys
from pathlib import Path

import click

from toolkit.cli.console import Console, ask, pass_console


def passphrase() -> str | None:
    """Return the passphrase of a key: COMP_SIGN_PASSPHRASE, else what is typed; None without a terminal."""
    if (given := os.environ.get("COMP_SIGN_PASSPHRASE")) is not None:
        return given
    return str(ask("passphrase of the key", hide_input=True)) if sys.stdin.isatty() else None


@click.command
@click.argument("image", metavar="[IMAGE|FOLDER]", default=".")
@click.option(
    "--key",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="The private key: ECDSA P-256 in PEM.",
)
@pass_console
def command(console: Console, *, image: str, key: Path) -> None:
    """Sign an image on its remote, in both of cosign's formats. Prints its reference by digest.

    IMAGE is a reference. FOLDER is a component's folder or contract, whose image is pinned; without either it is the
    current folder. An image for several platforms is signed as a whole.

    The passphrase of a key is taken from COMP_SIGN_PASSPHRASE, or asked for. `comp verify` and cosign verify the
    signature with the public key; nothing is sent to a transparency log. Signing again adds nothing.
    """
    from toolkit.inspection import named_reference
    from toolkit.job.context import BuildContext
    from toolkit.signing.keys import read_private_key
    from toolkit.signing.signatures import sign
    from toolkit.supply.verifying import subject_on

    private = read_private_key(key, passphrase)
    remote = BuildContext().remote()
    reference = named_reference(image, os.environ)
    subject = subject_on(remote, reference)
    sign(remote, reference, subject, private)
    console.data(str(reference.with_digest(subject.digest)))
