from msgspec.structs import replace

from tests.catalogues import entry
from tests.unit.catalogue.test_images import BASE, TOP, facts
from toolkit.catalogue.image_words import PackageView, image_view
from toolkit.catalogue.images import Images, Package

TRAIN = entry("ml/train")


def test_a_page_says_how_large_an_image_is() -> None:
    known = replace(
        facts(BASE, replace(TOP, made_by="code")),
        base="python:3.12@sha256:0",
        packages=(Package(name="numpy", version="2.0", size=5_000_000),),
    )
    view = image_view(TRAIN, Images({TRAIN.digest: known}))
    assert view is not None
    assert view.words == "30.0 MB compressed, in 2 layers; for linux/amd64; on python:3.12; made 2026-01-01."
    assert [(layer.size, layer.made_by, layer.shared) for layer in view.layers] == [
        ("30.0 MB", "", ()),
        ("1.0 kB", "code", ()),
    ]
    assert view.packages == (PackageView(name="numpy", version="2.0", size="5.0 MB"),)


def test_nothing_is_said_of_an_unknown_image() -> None:
    assert image_view(TRAIN, Images({})) is None
