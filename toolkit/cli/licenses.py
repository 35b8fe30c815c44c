"""`comp licenses`: the licenses of an image's packages, and a policy on them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, columns, format_option, pass_console, printable

if TYPE_CHECKING:
    from toolkit.supply.package import Package
    from toolkit.supply.policy import Judgement


@click.command
@click.argument("image", metavar="[IMAGE|FOLDER]", default=".")
@click.option("--base", is_flag=True, help="Also list the packages of the base's system.")
@click.option(
    "--platform", metavar="NAME", help="Which image of an index, such as linux/arm64.  [default: this machine's]"
)
@format_option
@pass_console
def command(console: Console, *, image: str, base: bool, platform: str | None, form: str) -> int:
    """List the license of each package in an image, and check them by the policy of the settings.

    IMAGE is a reference, layout:DIR or archive:FILE. FOLDER is a component's folder or contract, whose image is
    pinned; without either it is the current folder.

    The policy is [tool.comp.licenses] of the nearest pyproject.toml above FOLDER or the current folder: `allow`, `deny`
    and `exceptions` with their reasons. Exit code 1 if a package is not allowed.
    """
    from toolkit.config.licenses import LicenseSettings, license_settings_of
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import Platform, host_platform
    from toolkit.supply.package import Ecosystem
    from toolkit.supply.policy import judge
    from toolkit.supply.reading import read_image
    from toolkit.words import counted

    folder = Path(image) if Path(image).is_dir() else Path(image).parent if Path(image).is_file() else Path()
    # Before the image is read: a mistake in the settings is reported at once.
    policy = license_settings_of(folder)
    chosen = Platform.parse(platform) if platform else host_platform()
    with bars.reporting(console) as report:
        read = read_image(image, chosen, BuildContext(report=report))
    judgement = judge(read.contents, policy or LicenseSettings())
    ecosystems = tuple(Ecosystem) if base or (policy and policy.base) else (Ecosystem.PYTHON,)
    packages = read.contents.of(ecosystems)
    if form == "json":
        console.json(_document(packages, judgement))
    elif packages:
        console.data("\n".join(columns([_row(package) for package in packages])))
    for unread in read.contents.unread:
        console.warn(unread)
    for violation in judgement.violations:
        package = violation.package
        console.warn(f"{package.name} {package.version} {violation.why}, which the policy does not allow")
    for name in judgement.unused:
        console.warn(f"the exception for {name} is not needed")
    listed = counted(len(packages), "package")
    if policy is None:
        rest = len(read.contents.of(tuple(Ecosystem))) - len(packages)
        more = f", {rest} more with --base" if rest else ""
        console.say(f"{listed}{more}; no [tool.comp.licenses] says what is allowed")
    else:
        console.say(f"{listed}, {len(judgement.violations)} not allowed")
    return 1 if judgement.violations else 0


def _row(package: "Package") -> tuple[str, ...]:
    """Return a package as a row for people."""
    licenses = printable(", ".join(package.licenses) or "no license stated", lines=1)
    return printable(package.name, lines=1), printable(package.version, lines=1), licenses


def _document(packages: "tuple[Package, ...]", judgement: "Judgement") -> list[dict[str, object]]:
    """Return packages as JSON data; `problem` is null for one that is allowed."""
    problems = {violation.package.key: violation.why for violation in judgement.violations}
    return [
        {
            "ecosystem": package.ecosystem.value,
            "name": package.name,
            "version": package.version,
            "licenses": package.licenses,
            "problem": problems.get(package.key),
        }
        for package in packages
    ]
