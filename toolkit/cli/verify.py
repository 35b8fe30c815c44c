"""`comp verify`: verify an image by its signature, its contract and a policy."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, format_option, pass_console, printable
from toolkit.cli.keyless import certificate_identities, identity_option, issuer_option, trusted_root_option
from toolkit.cli.registry_options import registry_option
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.config.verify import VerifySettings
    from toolkit.signing.bundle import Authority
    from toolkit.supply.verifying import Verification


@click.command
@click.argument("image", metavar="[IMAGE|FOLDER|NAME@VERSION]", default=".")
@click.option(
    "--key",
    "keys",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A public key that may have signed it; several are alternatives.",
)
@identity_option
@issuer_option
@trusted_root_option
@click.option(
    "--policy",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take the policy from FILE.  [default: [tool.comp.verify]]",
)
@click.option(
    "--platform", metavar="NAME", help="Which image of an index, such as linux/arm64.  [default: this machine's]"
)
@click.option("--rebuild", is_flag=True, help="Build it again from its provenance, and compare the digests.")
@click.option("--source", metavar="URL|FOLDER", help="With --rebuild: where its commit is.  [default: this repository]")
@click.option("--base", metavar="REF", help="With --rebuild: where the base is now, if it was on a disk.")
@registry_option
@format_option
@pass_console
def command(
    console: Console,
    *,
    image: str,
    keys: Sequence[Path],
    identity: str | None,
    issuer: str | None,
    trusted_root: Path | None,
    policy: Path | None,
    platform: str | None,
    rebuild: bool,
    source: str | None,
    base: str | None,
    registry: str | None,
    form: str,
) -> int:
    """Verify that an image is what it is taken for. Prints a line for each check; exit code 1 if one fails.

    IMAGE is a reference. FOLDER is a component's folder or contract, whose image is pinned; without either it is the
    current folder. NAME@VERSION, such as ml/train@^1, is a component of a registry.

    Every digest and size is checked, and that the image has the interface of the folder's contracts. With --key one of
    the keys has to have signed the image, by `comp sign` or cosign; with --certificate-identity that identity,
    keyless. The policy asks for more: [tool.comp.verify] of the nearest pyproject.toml above FOLDER or the current
    folder, or a FILE with the same keys: `keys`, `identities`, `provenance`, `builders`, `sources`, `bases`, `clean`,
    `licenses`.

    With --rebuild the image is built again, from the commit that its provenance names, in a temporary folder. Each
    layer and file that differs has a line. Of an index every image is built, unless --platform names one.
    """
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import Platform, host_platform
    from toolkit.signing.keys import read_public_key
    from toolkit.supply.rebuilding import Rebuild
    from toolkit.supply.released import names_release, released_image
    from toolkit.supply.verifying import verify_image

    if (source or base) and not rebuild:
        raise UsageError(f"{'--source' if source else '--base'} needs --rebuild", hint="add --rebuild")
    is_release = names_release(image)
    rules = _policy(image, policy)
    trusted: list[Authority] = [
        read_public_key(key) for key in (*keys, *(Path(os.path.relpath(key)) for key in rules.keys))
    ]
    identities = certificate_identities(identity, issuer, trusted_root, rules.identities)
    trusted += identities
    chosen = Platform.parse(platform) if platform else host_platform()
    with bars.reporting(console) as report:
        context = BuildContext(report=report)
        released = released_image(image, registry, context.environ) if is_release else None
        contracts = (released.contract,) if released else ()
        asked = Rebuild(near=_folder(image), source=source, base=base, only=chosen if platform else None)
        verification = verify_image(
            released.image if released else image,
            chosen,
            context,
            trusted,
            rules,
            contracts,
            asked if rebuild else None,
        )
    if released:
        console.say(f"{released.release} is {released.image}")
    _print(console, verification, form)
    if not trusted:
        console.say("no --key was given, so no signature was looked for")
    if identities and not verification.passed:
        console.say("`comp -vv verify …` says why a keyless signature does not count")
    return 0 if verification.passed else 1


def _policy(image: str, named: Path | None) -> "VerifySettings":
    """Return the policy that is named, or the nearest one; without either, one that asks for nothing."""
    from toolkit.config.verify import VerifySettings, read_policy, verify_settings_of

    if named:
        return read_policy(named)
    return verify_settings_of(_folder(image)) or VerifySettings()


def _folder(image: str) -> Path:
    """Return the folder that is named, that of a contract, or else the current one."""
    path = Path(image)
    return path if path.is_dir() else path.parent if path.is_file() else Path()


def _print(console: Console, verification: "Verification", form: str) -> None:
    """Print the checks, for people or for programs."""
    if form == "json":
        console.data(json.dumps(verification.to_dict(), indent=2))
        return
    for check in verification.checks:
        for detail in check.details:
            console.data(f"{'ok' if check.passed else 'FAILED'}: {check.name}: {printable(detail, lines=1)}")
