"""Choices, records, and what lists and dicts hold."""

from pathlib import Path

import pytest

from tests.functions import read_below_classes
from toolkit.errors import FindingsError
from toolkit.interface.model import Input, Kind


@pytest.mark.parametrize(
    ("written", "type_", "default", "choices", "shape"),
    [
        ("Literal['a', 'b'] = 'b'", "String", "b", ("a", "b"), None),
        ("Literal[1, 2]", "Integer", None, (1, 2), None),
        ("Literal[True]", "Boolean", None, (True,), None),
        ("Literal[0.5, 1.0] = 0.5", "Float", "0.5", (0.5, 1.0), None),
        ("Colour = Colour.BLUE", "String", "blue", ("red", "blue"), ("class", "Colour")),
        ("Level = Level.LOW", "Integer", "1", (1, 2), ("class", "Level")),
        ("Shade = Shade.DARK", "String", "dark", ("dark",), ("class", "Shade")),
        ("other.Shade", "String", None, ("dark",), ("class", "other.Shade")),
        ("Inner = Inner(n=3)", "JsonObject", '{"n":3}', (), ("class", "Inner")),
        ("Config", "JsonObject", None, (), ("class", "Config")),
        ("Point", "JsonObject", None, (), ("class", "Point")),
        ("Options", "JsonObject", None, (), ("class", "Options")),
        ("Model2", "JsonObject", None, (), ("class", "Model2")),
        ("list[Colour]", "JsonArray", None, (), ("list", ("class", "Colour"))),
        ("dict[str, list[int]]", "JsonObject", None, (), ("dict", ("list", "Integer"))),
        ("list[Optional[float]]", "JsonArray", None, (), ("list", ("optional", "Float"))),
        ("list[Literal['a']]", "JsonArray", None, (), ("list", ("choices", ("a",)))),
        ("list[int | str]", "JsonArray", None, (), None),
        ("list", "JsonArray", None, (), None),
    ],
)
def test_value(
    tmp_path: Path, written: str, type_: str, default: str | None, choices: tuple[object, ...], shape: object
) -> None:
    function = read_below_classes(tmp_path, f"def f(x: {written}): ...")
    expected = Input(name="x", type=type_, kind=Kind.PARAMETER, default=default, choices=choices)  # type: ignore[arg-type]
    assert function.interface.inputs == (expected,)
    assert function.bindings[0].shape == shape


def test_a_choice_may_be_none(tmp_path: Path) -> None:
    (port,) = read_below_classes(tmp_path, "def f(x: Literal['a', None] = None): ...").interface.inputs
    assert (port.choices, port.optional, port.default) == (("a",), True, None)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("Drawn", "`Drawn.A` is `auto()`"),
        ("Loop", "the record Loop contains itself"),
        ("Frames", "the field Frames.frame is `np.ndarray`, which JSON cannot hold"),
        ("list[Frames]", "the field Frames.frame is `np.ndarray`, which JSON cannot hold"),
        ("other.Gone", "the annotation `other.Gone`"),
    ],
)
def test_values_that_json_cannot_hold_are_refused(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(FindingsError) as caught:
        read_below_classes(tmp_path, f"def f(x: {written}): ...")
    assert message in caught.value.findings[0].message
