"""What `comp catalog build` and `comp catalog serve` share."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from toolkit.catalogue.images import ReadImage
    from toolkit.registry.place import Place
    from toolkit.registry.protocol import Registry

title_option = click.option(
    "--title", metavar="TEXT", default="Component catalogue", show_default=True, help="The title of the pages."
)
address_option = click.option(
    "--address",
    metavar="PLACE",
    help="The registry as readers reach it, for the commands on the pages.  [default: the registry, unless it is a "
    "folder]",
)
images_option = click.option(
    "--images",
    type=click.Choice(["layers", "packages"]),
    help="Read sizes and layers of images from their remotes; with packages, which needs their content, those too.",
)


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that both commands have."""
    for option in (images_option, address_option, title_option):
        function = option(function)
    return function


def opened(registry: str | None, address: str | None) -> "tuple[Registry, Place | None]":
    """Open the registry that is meant, and return its place as the pages show it."""
    from toolkit.registry.named import resolve_one
    from toolkit.registry.opening import open_registry
    from toolkit.registry.place import PlaceKind, parse_place

    place = resolve_one(registry, environ=os.environ).place
    # A path of this machine means nothing to those who read the pages.
    shown = parse_place(address) if address else None if place.kind is PlaceKind.FOLDER else place
    return open_registry(place, environ=os.environ), shown


def reader_of(images: str | None) -> "ReadImage | None":
    """Return what reads the facts about an image; None if the option is not given."""
    if images is None:
        return None
    from toolkit.catalogue.images import ImageFacts, Layer, Package
    from toolkit.inspection import inspect_image, open_image
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import host_platform

    context = BuildContext()

    def read(image: str) -> ImageFacts:
        """Read the facts about one image."""
        facts = inspect_image(open_image(image, host_platform(), context), packages=images == "packages")
        packages = tuple(Package(name=each.name, version=each.version, size=each.size) for each in facts.packages or ())
        return ImageFacts(
            platforms=facts.platforms or (facts.platform,),
            created=facts.created,
            base=facts.base,
            layers=tuple(Layer(digest=layer.digest, size=layer.size, made_by=layer.made_by) for layer in facts.layers),
            packages=packages if images == "packages" else None,
        )

    return read
