"""Edits of a contract: every byte that they do not name stays."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from toolkit.edits import HOLE, Add, Cut, Edit, Quote, Remove, Rename, Replace, Splice, Spot, Unwrap, Wrap
from toolkit.spec.layout import Layout
from toolkit.spec.rewriting import Replacement, are_apart, replaced, replacements, rewritten

Place = tuple[str | int, ...]
Json = list[object] | dict[str, object] | str
Drawn = tuple[str, Any, Place]
PATH = Path("component.yaml")
GUARD = {"if": {"cond": {"isPresent": "b"}, "then": HOLE, "else": ["--b", "5"]}}


def _edited(text: str, *edits: Edit) -> str | None:
    """Return a text after edits, which must be the same with other line ends and a byte order mark."""
    result = rewritten(text, PATH, edits)
    other = rewritten("\ufeff" + text.replace("\n", "\r\n"), PATH, edits)
    assert other == (None if result is None else "\ufeff" + result.replace("\n", "\r\n"))
    return result


@pytest.mark.parametrize(
    ("text", "edit", "edited"),
    [
        ("a: 5 # c\n", Quote(("a",)), "a: '5' # c\n"),
        ('a: 5 # c\nb: "x"\n', Quote(("a",)), 'a: "5" # c\nb: "x"\n'),
        ("a: it's\n", Quote(("a",)), "a: 'it''s'\n"),
        ("[1, {a: no}]", Quote((1, "a")), "[1, {a: 'no'}]"),
        ("{5: a}", Quote(Spot(1, 2)), "{'5': a}"),
        ("a: 'x' # c\n", Replace(("a",), "y"), "a: 'y' # c\n"),
        ('a: "x"\n', Replace(("a",), "it's"), 'a: "it\'s"\n'),
        ("a: x\n", Replace(("a",), "1"), "a: '1'\n"),
        ("a:\nb: c\n", Replace(("a",), "1"), "a: '1'\nb: c\n"),
        ("a:\n- b\n- c\n# d\ne: f\n", Replace(("a",), [{"x": True}]), "a: [{x: true}]\n# d\ne: f\n"),
        ("a: |\n  b\n  c\n\nd: e\n", Replace(("a",), "x"), "a: x\n\nd: e\n"),
        ("a: {b: c}\n", Rename(("a", "b"), "d"), "a: {d: c}\n"),
        ("'a': b\n", Rename(("a",), "d"), "'d': b\n"),
        ("inptus: []\n", Rename(Spot(1, 1), "inputs"), "inputs: []\n"),
        ("a: 1\nb: 2 # c\nd: 3\n", Remove(("b",)), "a: 1\nd: 3\n"),
        ("a: 1\nb:\n  c: d\n# e\n", Remove(("b",)), "a: 1\n# e\n"),
        ("- a: 1\n  b: 2\n", Remove((0, "a")), "- b: 2\n"),
        ("- a\n- b # c\n- d\n", Remove((1,)), "- a\n- d\n"),
        ("- a\n-\n  b\n", Remove((0,)), "-\n  b\n"),
        ("x:\n- a\ny: 1\n", Remove(("x", 0)), "x: []\ny: 1\n"),
        ("x:\n  a: b\ny: 1\n", Remove(("x", "a")), "x: {}\ny: 1\n"),
        ("{a: 1, b: 2, c: 3}", Remove(("a",)), "{b: 2, c: 3}"),
        ("{a: 1, b: 2, c: 3}", Remove(("b",)), "{a: 1, c: 3}"),
        ("{a: 1, b: 2, c: 3}", Remove(("c",)), "{a: 1, b: 2}"),
        ("[a, # d\n b]", Remove((1,)), "[a, # d\n ]"),
        ("[a, # d\n b]", Remove((0,)), "[ # d\n b]"),
        ("[a]", Remove((0,)), "[]"),
        ("a: {b: c}\n", Add(("a",), "d", "e"), "a: {b: c, d: e}\n"),
        ("a: {b: c, f: g}\n", Add(("a",), "d", 1, after="b"), "a: {b: c, d: 1, f: g}\n"),
        ("a: {}\n", Add(("a",), "d", "e"), "a: {d: e}\n"),
        ("a:\nb: c\n", Add(("a",), "d", "e"), "a: {d: e}\nb: c\n"),
        ("a:\n    b: c # x\n# y\n", Add(("a",), "d", "1"), "a:\n    b: c # x\n    d: '1'\n# y\n"),
        ("- x\n- a: b", Add((1,), "d", "e"), "- x\n- a: b\n  d: e"),
        ("- a: |\n    b\n  c: d\n", Add((0,), "e", "f", after="a"), "- a: |\n    b\n  e: f\n  c: d\n"),
        (
            "[--b, # c\n {inputValue: b}, x]",
            Wrap((0,), GUARD, 2),
            "[{if: {cond: {isPresent: b}, then: [--b, # c\n {inputValue: b}], else: [--b, '5']}}, x]",
        ),
        (
            'a:\n  - "--b" # c\n  # d\n  - inputValue: b\n  - x\n',
            Wrap(("a", 0), GUARD, 2),
            """\
a:
  - if:
      cond: {isPresent: b}
      then:
      - "--b" # c
      # d
      - inputValue: b
      else:
      - --b
      - '5'
  - x
""",
        ),
        (
            "- |\n  a\n\n  b\n- c",
            Wrap((0,), {"concat": HOLE}),
            "- concat:\n  - |\n    a\n\n    b\n- c",
        ),
        ("# x\n- a", Wrap((0,), {"concat": HOLE}), "# x\n- concat:\n  - a"),
        ("{a: [ {b: c} ]}", Unwrap(("a",)), "{a: {b: c}}"),
        ("a:\n- b: c # d\n  e: f\n", Unwrap(("a",)), "a:\n  b: c # d\n  e: f\n"),
        ("[a, {b: c}, d]", Splice((1,), ("x", {"z": "1"})), "[a, x, {z: '1'}, d]"),
        (
            "a:\n  - b # c\n  - if:\n      d: e\n  # f\n  - g",
            Splice(("a", 1), ("x", {"z": "1"})),
            "a:\n  - b # c\n  - x\n  - {z: '1'}\n  # f\n  - g",
        ),
        ("- |\n  a\n- b", Splice((0,), ("x", "z")), "- x\n- z\n- b"),
        ("a: b  # c\nd: e\n", Cut(Spot(1, 7), Spot(1, 10)), "a: b\nd: e\n"),
        ("a: b\n  # c\nd: e\n", Cut(Spot(2, 3), Spot(2, 6)), "a: b\nd: e\n"),
        ("a: b  # c # d\n", Cut(Spot(1, 7), Spot(1, 11)), "a: b  # d\n"),
    ],
)
def test_an_edit_changes_what_it_names(text: str, edit: Edit, edited: str) -> None:
    assert _edited(text, edit) == edited


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("a: 5\n", Quote(("b",))),
        ("a: '5'\n", Quote(("a",))),
        ("a: &x 5\nb: *x\n", Quote(("a",))),
        ("a: &x 5\nb: *x\n", Quote(("b",))),
        ("a: !!int 5\n", Replace(("a",), "b")),
        ("a:\n  b: c # d\n  e: f\n", Replace(("a",), "x")),
        ("- a: 1 # c\n  b: 2\n", Remove((0, "a"))),
        ("- - a\n  - b\n", Remove((0, 0))),
        ("- - a\n  - b\n", Wrap((0, 0), {"concat": HOLE})),
        ("[a, b]", Unwrap(())),
        ("[a, b]", Splice((0,), ())),
        ("{a: b}", Splice(("a",), ("c",))),
        ("- b: c # d\n  e: f\n", Splice((0,), ("c",))),
        ("[a]", Wrap((0,), {"concat": HOLE}, 2)),
        ("a: b", Add(("a",), "c", "d")),
        ("a: b", Remove(())),
        ("a: b # c", Cut(Spot(1, 3), Spot(1, 9))),
        ("a: |\n  b # c\n", Cut(Spot(2, 5), Spot(2, 8))),
        ("? a\n: b\nc: d\n", Remove(("a",))),
        ("{? a : b, c: d}", Remove(("a",))),
    ],
)
def test_an_edit_that_would_lose_something_is_refused(text: str, edit: Edit) -> None:
    assert _edited(text, edit) is None


def test_several_edits_see_each_other() -> None:
    assert _edited("a: [5, b]\n", Remove(("a", 1)), Quote(("a", 0)), Unwrap(("a",))) == "a: '5'\n"


def test_replacements_of_several_edits_are_apart() -> None:
    layout = Layout("[1, 2]", PATH)
    changes = replacements(layout, [Quote((1,)), Quote((0,))])
    assert changes == (Replacement(1, 2, "'1'"), Replacement(4, 5, "'2'"))
    assert replaced(layout.text, changes) == "['1', '2']"
    assert replacements(layout, [Quote((1,)), Remove((1,))]) is None


def test_touching_replacements_are_apart_unless_they_begin_together() -> None:
    assert are_apart([Replacement(0, 1, "a"), Replacement(1, 2, "b")])
    assert not are_apart([Replacement(0, 2, "a"), Replacement(1, 2, "b")])
    assert not are_apart([Replacement(1, 1, "a"), Replacement(1, 2, "b")])


SCALARS = st.sampled_from(["a", "--flag", "it's", "1", "true", "null", "", "a: b", "# x", "two\nlines", "é"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=12
)


@st.composite
def documents(draw: st.DrawFn) -> Drawn:
    """Draw a text with comments, its data, and the way to one of its parts."""
    data = draw(st.lists(VALUES, min_size=1, max_size=3) | st.dictionaries(SCALARS, VALUES, min_size=1, max_size=3))
    text = yaml.safe_dump(data, default_flow_style=draw(st.sampled_from([True, False, None])), sort_keys=False)
    lines = text.splitlines(keepends=True)
    if draw(st.booleans()) and "\n\n" not in text:
        lines.insert(0, "# first\n")
        lines.append("# last")
    place: list[Any] = []
    inner: Any = data
    while isinstance(inner, list | dict) and inner and (not place or draw(st.booleans())):
        step = draw(st.sampled_from([*inner] if isinstance(inner, dict) else range(len(inner))))
        place.append(step)
        inner = inner[step]
    return "".join(lines), data, tuple(place)


def _outer(data: Any, place: Place) -> Any:  # noqa: ANN401 (JSON data)
    for step in place[:-1]:
        data = data[step]
    return data


@given(documents(), VALUES)
def test_a_replaced_value_is_there_and_all_others_stay(document: Drawn, value: Json) -> None:
    text, data, place = document
    edited = rewritten(text, PATH, [Replace(place, value)])
    if edited is not None:
        _outer(data, place)[place[-1]] = value
        assert yaml.safe_load(edited) == data
        assert edited.count("# first") == text.count("# first")


@given(documents())
def test_a_removed_part_is_gone_and_all_others_stay(document: Drawn) -> None:
    text, data, place = document
    edited = rewritten(text, PATH, [Remove(place)])
    if edited is not None:
        del _outer(data, place)[place[-1]]
        assert yaml.safe_load(edited) == data


@given(documents())
def test_a_wrapped_item_is_inside_and_all_others_stay(document: Drawn) -> None:
    text, data, place = document
    edited = rewritten(text, PATH, [Wrap(place, {"x": {"y": HOLE, "z": ["1"]}})])
    if edited is not None:
        outer = _outer(data, place)
        outer[place[-1]] = {"x": {"y": [outer[place[-1]]], "z": ["1"]}}
        assert yaml.safe_load(edited) == data


@given(documents(), SCALARS)
def test_an_added_key_is_there_and_all_others_stay(document: Drawn, value: str) -> None:
    text, data, place = document
    edited = rewritten(text, PATH, [Add(place, "added", value)])
    if edited is not None:
        _outer(data, place)[place[-1]]["added"] = value
        assert yaml.safe_load(edited) == data


@pytest.mark.parametrize(
    ("edit", "edited"),
    [
        (Quote(("b", "c")), '{"a": ["x"], "b": {"c": "5"}}\n'),
        (Replace(("b", "c"), "y"), '{"a": ["x"], "b": {"c": "y"}}\n'),
        (Replace(("b",), {"k": ["v", True]}), '{"a": ["x"], "b": {"k": ["v", true]}}\n'),
        (Rename(("b", "c"), "d"), '{"a": ["x"], "b": {"d": 5}}\n'),
        (Remove(("b", "c")), '{"a": ["x"], "b": {}}\n'),
        (Remove(("b",)), '{"a": ["x"]}\n'),
        (Remove(("a",)), '{"b": {"c": 5}}\n'),
        (Add(("b",), "d", "n"), '{"a": ["x"], "b": {"c": 5, "d": "n"}}\n'),
        (Wrap(("a", 0), {"if": {"then": HOLE}}), '{"a": [{"if": {"then": ["x"]}}], "b": {"c": 5}}\n'),
        (Unwrap(("a",)), '{"a": "x", "b": {"c": 5}}\n'),
        (Splice(("a", 0), ("n", "é")), '{"a": ["n", "é"], "b": {"c": 5}}\n'),
    ],
)
def test_json_stays_json(edit: Edit, edited: str) -> None:
    assert rewritten('{"a": ["x"], "b": {"c": 5}}\n', PATH, [edit]) == edited
    assert json.loads(edited)


def test_a_text_that_yaml_would_break_is_escaped_in_json_too() -> None:
    edited = rewritten('{"a": 5}', PATH, [Replace(("a",), "x\u2028y")])
    assert edited is not None
    assert yaml.safe_load(edited) == {"a": "x\u2028y"}
