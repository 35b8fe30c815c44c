"""`comp sign`: sign an image, with a key or keyless."""

import os
import sys
from pathlib import Path

import click

from toolkit.cli.console import Console, ask, format_option, pass_console
from toolkit.cli.keyless import keyless_signer, trust_config_option
from toolkit.errors import UsageError


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
    type=click.Path(path_type=Path),
    help="The private key: ECDSA P-256 in PEM.",
)
@click.option("--keyless", is_flag=True, help="Sign with an identity instead: of the CI, or by a login.")
@trust_config_option
@format_option
@pass_console
def command(
    console: Console, *, image: str, key: Path | None, keyless: bool, trust_config: Path | None, form: str
) -> None:
    """Sign an image on its remote, in cosign's formats. Prints its reference by digest.

    IMAGE is a reference. FOLDER is a component's folder or contract, whose image is pinned; without either it is the
    current folder. An image for several platforms is signed as a whole.

    The passphrase of a key is taken from COMP_SIGN_PASSPHRASE, or asked for. `comp verify` and cosign verify the
    signature with the public key; nothing is sent to a transparency log. Signing again adds nothing.

    With --keyless Sigstore gives a certificate for minutes to the identity that the CI, SIGSTORE_ID_TOKEN or a login
    in the browser gives. Identity and digest go to Sigstore's public log. It needs "comp-toolkit[keyless]".
    """
    if keyless == bool(key):
        raise UsageError("either --key or --keyless signs", hint="name a key, or sign with an identity by --keyless")
    from toolkit.inspection import named_reference
    from toolkit.job.context import BuildContext
    from toolkit.signing.keys import read_private_key
    from toolkit.signing.signatures import sign
    from toolkit.supply.verifying import subject_on

    signer = read_private_key(key, passphrase) if key else keyless_signer(console, trust_config)
    remote = BuildContext().remote()
    reference = named_reference(image, os.environ)
    subject = subject_on(remote, reference)
    sign(remote, reference, subject, signer)
    signed = str(reference.with_digest(subject.digest))
    console.result(form, signed, {"image": signed})
