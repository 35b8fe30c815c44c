"""The options of keyless signatures: who signs, who may have signed, and by which Sigstore."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.config.verify import TrustedIdentity
    from toolkit.signing.keyless import CertificateIdentity, KeylessSigner

_FILE = click.Path(path_type=Path)
_VARIABLE = "COMP_TRUST_CONFIG"

trust_config_option = click.option(
    "--trust-config",
    metavar="FILE",
    type=_FILE,
    envvar=_VARIABLE,
    help="Another Sigstore than the public one: its client trust config.",
)
identity_option = click.option(
    "--certificate-identity",
    "identity",
    metavar="ID",
    help="Who may have signed it keyless: an email, or a workflow's address.",
)
issuer_option = click.option(
    "--certificate-oidc-issuer",
    "issuer",
    metavar="URL",
    help="Who vouches for that identity, such as https://accounts.google.com.",
)
trusted_root_option = click.option(
    "--trusted-root",
    metavar="FILE",
    type=_FILE,
    envvar=_VARIABLE,
    help="The trusted root of another Sigstore, or its client trust config.",
)


def configured_trust() -> Path | None:
    """Return the Sigstore that the environment names, for commands without the option."""
    named = os.environ.get(_VARIABLE)
    return Path(named) if named else None


def keyless_signer(console: Console, trust_config: Path | None) -> "KeylessSigner":
    """Return an identity to sign with: of the CI that this runs in, or of the user, who is asked to log in.

    Raises UsageError without the extra, and where there is neither.
    """
    from toolkit.signing.keyless import TOKEN, KeylessSigner, ambient_token, asked_token

    def renew() -> str | None:
        """Return another token of the CI: they are valid for minutes, and a build may take longer."""
        return ambient_token(os.environ)

    token = renew()
    if token is None:
        if not sys.stdin.isatty():
            raise UsageError(
                "no identity to sign with: no CI that gives tokens runs this, and no terminal",
                hint=f"in CI allow them (GitHub: `permissions: id-token: write`), or set {TOKEN}",
            )
        console.say("log in to sign; who you are goes to a public log with the image's digest, and stays there")
        token = asked_token(trust_config)
    signer = KeylessSigner(token=token, trust_config=trust_config, renew=renew)
    console.say(f"signing as {signer.public.name}")
    return signer


def certificate_identities(
    identity: str | None, issuer: str | None, trusted_root: Path | None, policy: "Sequence[TrustedIdentity]"
) -> "tuple[CertificateIdentity, ...]":
    """Return who may have signed keyless, by options and by the policy.

    Raises UsageError for one option without the other.
    """
    pairs = [(each.identity, each.issuer) for each in policy]
    if identity and issuer:
        pairs.insert(0, (identity, issuer))
    elif identity is not None or issuer is not None:
        raise UsageError(
            "--certificate-identity and --certificate-oidc-issuer go together",
            hint="an identity means nothing without the issuer that vouches for it; name both",
        )
    if not pairs:
        return ()
    from toolkit.signing.keyless import CertificateIdentity

    return tuple(CertificateIdentity(identity=who, issuer=by, trusted_root=trusted_root) for who, by in pairs)
