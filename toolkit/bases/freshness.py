"""Whether Debian has newer packages than a made base, without fetching any of them."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from toolkit.bases.archive import open_archive
from toolkit.bases.description import BaseDescription, InstalledPackage
from toolkit.bases.difference import BaseDifference, difference
from toolkit.bases.making import packages_now
from toolkit.bases.marking import with_marks
from toolkit.bases.recipe import Recipe
from toolkit.debian.package import Package
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform


def newer_packages(made: BaseDescription, recipe: Recipe, context: BuildContext) -> BaseDifference:
    """Compare a made base with the one that would be made now; its size and its digest are not known before.

    Raises as `make_base` does.
    """
    platform = Platform.parse(made.platform)
    packages = packages_now(recipe, platform, context)
    sources = {package.name: package.source for package in made.packages}
    after = replace(
        made,
        python=_python(packages) or made.python,
        packages=tuple(
            InstalledPackage(name=package.name, version=package.version, source=sources.get(package.name, ""))
            for package in packages
        ),
    )
    found = difference(made, after)
    return with_marks(found, open_archive(recipe.suite, platform, context)) if found.packages else found


def _python(packages: Sequence[Package]) -> str:
    """Return the full version of Python, empty without one."""
    return next(_pythons(packages), "")


def _pythons(packages: Sequence[Package]) -> Iterator[str]:
    """Yield the upstream versions of the packages with an interpreter."""
    for package in packages:
        if package.name.startswith("python3.") and package.name.endswith("-minimal"):
            yield package.version.partition("-")[0].partition("~")[0]
