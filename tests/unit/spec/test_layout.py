"""Parts of a document with the offsets at which they begin and end."""

from pathlib import Path

import pytest

from toolkit.edits import Spot, Target
from toolkit.errors import FindingsError
from toolkit.spec.layout import Layout

PATH = Path("component.yaml")
TEXT = """\
# head
name: &n "A"   # the name
inputs:
- name: *n
  default:
# about b
- {name: b,
   type: [x, y]}  # b
implementation:
  container:
    command:
    - |  # a script
      echo '# no comment'

    args:
    - {if: {cond: {isPresent: b}, then: {concat: [a, {inputValue: b}]}, else: [c]}}
    - concat:
      - if:
          cond: {isPresent: b}
          then: d
"""


@pytest.mark.parametrize(
    ("target", "written"),
    [
        (("name",), '&n "A"'),
        (("inputs", 0, "name"), "*n"),
        (("inputs", 0, "default"), ""),
        (("inputs", 0), "name: *n\n  default:"),
        (("inputs", 1), "{name: b,\n   type: [x, y]}"),
        (("inputs",), "- name: *n\n  default:\n# about b\n- {name: b,\n   type: [x, y]}"),
        (("command", 0), "|  # a script\n      echo '# no comment'\n\n"),
        (("implementation", "container", "args", 0, "if", "else", 0), "c"),
        (("args", 0, "else", 0), "c"),
        (("args", 0, "then", 0), "{concat: [a, {inputValue: b}]}"),
        (("args", 0, "then", 0, 1), "{inputValue: b}"),
        (("args", 0, "cond"), "{isPresent: b}"),
        (("args", 1, 0, "then", 0), "d"),
        (("args", 1, 0, "then"), "d"),
        (Spot(1 + 7, 4), "type"),
        (Spot(1 + 7, 11), "x"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_part_is_found_with_its_own_characters(target: Target, written: str, end: str, mark: str) -> None:
    layout = Layout(mark + TEXT.replace("\n", end), PATH)
    part = layout.find(target)
    assert part is not None
    assert layout.text[part.start : part.end] == written.replace("\n", end)
    assert layout.offset(layout.position(part.start)) == part.start


@pytest.mark.parametrize(
    "target", [("outputs",), ("inputs", 7), ("inputs", 0, "name", "x"), ("args", 0, 0), Spot(1, 1)]
)
def test_a_missing_part_is_none(target: Target) -> None:
    assert Layout(TEXT, PATH).find(target) is None


def test_comments_are_those_of_yaml() -> None:
    layout = Layout(TEXT, PATH)
    assert [layout.text[start:end] for start, end in layout.comments] == [
        "# head",
        "# the name",
        "# about b",
        "# b",
    ]


def test_what_is_not_yaml_is_refused() -> None:
    with pytest.raises(FindingsError):
        Layout("a: [", PATH)
    with pytest.raises(FindingsError):
        Layout("[" * 100 + "]" * 100, PATH)


@pytest.mark.parametrize(
    ("text", "is_json"),
    [('{"a": [1]}\n', True), ("[]", True), ("{a: 1}", False), ('{"a": 1} # c\n', False), ("5", False)],
)
def test_a_document_may_be_json(text: str, *, is_json: bool) -> None:
    assert Layout(text, PATH).is_json is is_json
