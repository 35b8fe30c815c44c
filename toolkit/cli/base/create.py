"""`comp base create`: make a base image from Debian packages."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.bases.recipe import Recipe
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import Platform
    from toolkit.oci.image import Built


@click.command
@click.option(
    "-o", "--output", metavar="layout:DIR|archive:FILE", help="Where to write the image.  [default: the cache]"
)
@click.option("--push", "reference", metavar="REFERENCE", help="Push it there too; the newest packages are taken.")
@click.option("--tag", "tags", multiple=True, metavar="NAME", help="With --push: a further tag. May be repeated.")
@click.option("--suite", metavar="NAME", help="The Debian release, such as trixie.  [default: bookworm]")
@click.option("--python", metavar="X.Y", help="The Python, which chooses the release that has it.")
@click.option("--packages", default="", metavar="NAME,…", help="Debian packages to add; NAME=VERSION is one version.")
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
    console: Console,
    *,
    output: str | None,
    reference: str | None,
    tags: Sequence[str],
    suite: str | None,
    python: str | None,
    packages: str,
    platforms: str,
    force: bool,
    form: str,
) -> None:
    """Make a base image with Python from Debian packages.

    Prints it as layout:DIR, ready for `export COMP_BASE=$(comp base)`, or as archive:FILE, or with --push as the
    reference with its digest. It needs no root, no emulation and no Debian: packages are verified and unpacked, and
    nothing of them runs. The same packages give the same digest on every machine.
    """
    from toolkit.bases.suites import DEFAULT, suite_with
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import Platform, host_platform
    from toolkit.oci.reference import parse_reference

    if tags and not reference:
        raise UsageError("--tag is for --push", hint="name the reference to push to")
    target = parse_reference(reference) if reference else None
    wanted = [Platform.parse(name) for name in platforms.split(",") if name]
    recipe = _recipe(suite or (suite_with(python) if python else DEFAULT), packages)
    with bars.reporting(console) as report:
        context = BuildContext(report=report)
        place = _place(output, recipe, wanted, context)
        if _is_there(place) and not force and not target:
            console.say(f"{place.partition(':')[2]} is there already (--force makes it again)")
        else:
            built = _made(console, recipe, wanted or [host_platform()], python, context)
            _write(built, place, recipe)
            if target:
                from toolkit.bases.writing import push_base

                place = str(push_base(built, target, tags, context))
    console.result(form, place, {"base": place})


def _recipe(suite: str, packages: str) -> "Recipe":
    """Return what the base is made from. Raises UsageError for what is not a package's name."""
    from toolkit.bases.recipe import Recipe
    from toolkit.debian.resolve import is_request

    names = tuple(sorted({name.strip() for name in packages.split(",") if name.strip()}))
    for name in names:
        if not is_request(name):
            raise UsageError(
                f"invalid --packages: {name[:80]!r} is no name of a Debian package",
                hint="write --packages git,libgomp1",
            )
    return Recipe(suite=suite, packages=names)


def _place(output: str | None, recipe: "Recipe", platforms: "Sequence[Platform]", context: "BuildContext") -> str:
    """Return where the base goes, with the whole path: COMP_BASE is used in other folders too."""
    from toolkit.bases.opening import made_folder
    from toolkit.bases.writing import check_place
    from toolkit.config.project import is_on_disk

    if output is None:
        # What it is made from is the name, so that the same settings find it again.
        architectures = (str(platform).partition("/")[2].replace("/", "") for platform in platforms)
        name = "-".join(("debian", recipe.suite, *architectures, *recipe.packages))
        output = f"layout:{made_folder(context) / name.replace(':', '_')}"
    scheme, _, path = output.partition(":")
    if not is_on_disk(output) or not path:
        raise UsageError(f"invalid --output {output}", hint="write --output layout:DIR or archive:FILE")
    if scheme == "layout":
        check_place(Path(path))
    elif Path(path).is_dir():
        raise UsageError(f"{path} is a folder", hint="name a file for the archive")
    return f"{scheme}:{Path(path).resolve()}"


def _is_there(place: str) -> bool:
    """Return whether the base was made there before."""
    scheme, _, path = place.partition(":")
    return (Path(path) / "oci-layout").is_file() if scheme == "layout" else Path(path).is_file()


def _made(
    console: Console, recipe: "Recipe", platforms: "Sequence[Platform]", python: str | None, context: "BuildContext"
) -> "Built":
    """Make the base."""
    from toolkit.bases.making import make_base

    built = make_base(recipe, platforms, context, python=python)
    console.say(f"made {built.digest}")
    return built


def _write(built: "Built", place: str, recipe: "Recipe") -> None:
    """Write the base to its place."""
    from toolkit.bases.writing import write_base, write_base_archive

    scheme, _, path = place.partition(":")
    name = f"debian-{recipe.suite}"
    if scheme == "layout":
        write_base(built, Path(path), name=name)
    else:
        write_base_archive(built, Path(path), name=f"{name}:latest")
