import xml.etree.ElementTree as ET

from tests.catalogues import entry
from toolkit.catalogue.drawing import draw
from toolkit.catalogue.fitting import Fits

LOAD = entry("data/load", gives=("Dataset",))
TRAIN = entry("ml/train", takes=("Dataset",), gives=("Model",))
SCORE = entry("ml/score", takes=("Model",))


def test_a_picture_links_to_what_comes_before_and_after() -> None:
    fits = Fits([LOAD, SCORE, TRAIN])
    svg = draw(TRAIN, fits.before(TRAIN), fits.after(TRAIN))
    assert svg is not None
    root = ET.fromstring(svg)  # noqa: S314 (ours)
    assert [link.get("href") for link in root.iter("a")] == ["../../c/data/load.html", "../../c/ml/score.html"]
    assert len(list(root.iter("path"))) == 2
    # The page's policy refuses styles in attributes.
    assert "style=" not in svg


def test_nothing_is_drawn_where_nothing_fits() -> None:
    assert draw(TRAIN, (), ()) is None


def test_names_of_types_are_text() -> None:
    evil = "<script>alert(1)</script>"
    one, other = entry("a/b", gives=(evil,)), entry("a/c", takes=(evil,))
    svg = draw(other, Fits([one, other]).before(other), ())
    assert svg is not None
    assert "<script" not in svg
    titles = [title.text for title in ET.fromstring(svg).iter("title")]  # noqa: S314 (ours)
    assert f"a/b: {evil}" in titles


def test_a_picture_is_bounded() -> None:
    producers = [entry(f"a/p{number:03}", gives=tuple(f"T{each}" for each in range(50))) for number in range(100)]
    one = entry("b/all", takes=tuple(f"T{each}" for each in range(50)))
    svg = draw(one, Fits([*producers, one]).before(one), ())
    assert svg is not None
    assert len(svg) < 30_000
