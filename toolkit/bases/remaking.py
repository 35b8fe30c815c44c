"""Make a base on this disk anew from the packages that Debian has now."""

from pathlib import Path

from toolkit.bases.making import make_base
from toolkit.bases.recipe import Recipe
from toolkit.bases.used import Held, UsedBase
from toolkit.bases.writing import write_base
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Built
from toolkit.oci.layout import layout_platforms


def base_on_disk(name: str) -> UsedBase:
    """Return `layout:DIR` or `archive:FILE` as a base without components, for the first of its platforms.

    Raises InputError for a layout that cannot be read.
    """
    folder = Path(name.partition(":")[2])
    platforms = layout_platforms(folder) if name.startswith("layout:") and (folder / "oci-layout").is_file() else ()
    return UsedBase(
        name=name,
        held=Held.DISK,
        reference=None,
        platform=Platform.parse(platforms[0]) if platforms else Platform("linux", "amd64"),
        components=(),
    )


def remake(name: str, recipe: Recipe, context: BuildContext) -> Built:
    """Make the base `layout:DIR` anew in its place, for the platforms that it has. Raises as `make_base` does."""
    if not name.startswith("layout:"):
        raise InputError(f"{name} is not made anew in its place", hint=f"`{recipe.command} --output {name}` makes it")
    folder = Path(name.removeprefix("layout:"))
    built = make_base(recipe, [Platform.parse(text) for text in layout_platforms(folder)], context)
    write_base(built, folder, name=f"debian-{recipe.suite}")
    return built
