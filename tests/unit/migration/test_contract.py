"""A contract migrated as a whole: its layout, the places in the report, what callers notice."""

import pytest

from tests.migrations import contract, migrated
from toolkit.breaking.change import Bump

BLOCK = """\
# The author's comment.
name: Sum   # of numbers
inputs:
# first
- name: Text           # no type
  description: "it's text"
- {name: n, type: Integer, default: ''}   # a number
- name: note
  type: [String]
  optional: true
outputs:
- name: where
  type: GCSPath
- {name: from, type: GCSPath}
implementation:
  container:
    image: a/b:1
    command: [run]
    args:
    - --text
    - {inputValue: Text}
    - --note   # of the author
    - inputValue: note
    - {inputValue: n}
    - if:
        cond: true
        then: [a, b]
    # the last ones
    - {outputPath: where}
    - {outputPath: from}
"""
AFTER = """\
# The author's comment.
name: Sum   # of numbers
inputs:
# first
- name: Text           # no type
  type: String
  description: "it's text"
- {name: n, type: Integer, optional: true}   # a number
- name: note
  type: String
  optional: true
outputs:
- name: where
  type: GCSPath
- {name: from, type: GCSPath}
implementation:
  container:
    image: a/b:1
    command: [run]
    args:
    - --text
    - {inputValue: Text}
    - if:
        cond: {isPresent: note}
        then:
        - --note   # of the author
        - inputValue: note
    - {if: {cond: {isPresent: 'n'}, then: [{inputValue: 'n'}], else: ['']}}
    - a
    - b
    # the last ones
    - {outputPath: where}
    - {outputPath: from}
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_comments_quotes_order_and_line_ends_stay(line_end: str, mark: str) -> None:
    result = migrated(mark + BLOCK.replace("\n", line_end))
    assert result.new.text == mark + AFTER.replace("\n", line_end)
    assert result.left == ()


def test_places_are_those_of_the_contract_as_it_was() -> None:
    places = [(made.kind, made.where.line, made.where.column) for made in migrated(BLOCK).made]
    assert places == [
        ("value-type", 5, 3),
        ("default", 7, 37),
        ("list-type", 9, 9),
        ("optional", 23, 7),
        ("condition", 26, 15),
    ]


def test_the_result_is_compared_with_the_contract_before() -> None:
    comparison = migrated(BLOCK).comparison
    assert comparison
    assert comparison.required is Bump.MINOR
    assert {change.rule.id for change in comparison.breaking} == {"B107", "B116"}


def test_a_contract_that_both_lines_read_stays() -> None:
    text = contract("[{name: x, type: String}]", "[{inputValue: x}]")
    result = migrated(text)
    assert (result.new.text, result.made, result.left, result.comparison) == (text, (), (), None)


def test_a_layout_that_cannot_be_changed_is_left_and_the_rest_is_not() -> None:
    text = """\
name: n
inputs:
- &port {name: a}
- {name: b}
outputs:
- *port
implementation: {container: {image: i, command: [c], args: [{inputValue: a}, {inputValue: b}, {outputPath: a}]}}
"""
    result = migrated(text)
    assert result.new.text == text.replace("{name: b}", "{name: b, type: String}")
    assert [(made.kind, made.where.line) for made in result.made] == [("value-type", 4)]
    [left] = result.left
    assert (left.kind, left.where.line, left.rule) == ("value-type", 3, "C032")
    assert left.advice == (
        "the layout (an anchor, an alias, a comment) keeps it from being changed; write type: String"
    )


def test_a_change_that_another_one_makes_possible_is_made() -> None:
    # The default of `b` takes away the only use of `a` by path.
    args = "[{inputValue: a}, {if: {cond: {isPresent: b}, then: [x], else: [{inputPath: a}]}}]"
    result = migrated(contract("[{name: a}, {name: b, type: Integer, default: ''}]", args))
    assert [made.kind for made in result.made] == ["value-type", "default"]
    assert result.left == ()
