"""What a page says about an image."""

from msgspec import Struct

from toolkit.catalogue.images import Images
from toolkit.registry.entry import Entry
from toolkit.words import counted, in_bytes, shortened

_LAYERS = 40
_PACKAGES = 60
_HISTORY = 160
_DATE = 10


class LayerView(Struct, frozen=True, kw_only=True):
    """A layer as a page shows it; `more` if further components share it."""

    size: str
    made_by: str
    shared: tuple[str, ...]
    more: bool


class PackageView(Struct, frozen=True, kw_only=True):
    """A package as a page shows it."""

    name: str
    version: str
    size: str


class ImageView(Struct, frozen=True, kw_only=True):
    """An image as a page shows it."""

    words: str
    layers: tuple[LayerView, ...]
    packages: tuple[PackageView, ...]


def image_view(entry: Entry, images: Images) -> ImageView | None:
    """Return what the page of a component says about its image; None if nothing is known."""
    facts = images.facts(entry)
    if facts is None:
        return None
    layers = []
    for layer in facts.layers[:_LAYERS]:
        shared, more = images.others(entry, layer)
        layers.append(
            LayerView(
                size=in_bytes(layer.size), made_by=shortened(layer.made_by, _HISTORY), shared=tuple(shared), more=more
            )
        )
    packages = [
        PackageView(name=package.name, version=package.version, size=in_bytes(package.size))
        for package in (facts.packages or ())[:_PACKAGES]
    ]
    words = [f"{in_bytes(facts.size)} compressed, in {counted(len(facts.layers), 'layer')}"]
    if facts.platforms:
        words.append(f"for {', '.join(facts.platforms)}")
    if facts.base:
        words.append(f"on {facts.base.partition('@')[0]}")
    if facts.created:
        words.append(f"made {facts.created[:_DATE]}")
    return ImageView(words="; ".join(words) + ".", layers=tuple(layers), packages=tuple(packages))
