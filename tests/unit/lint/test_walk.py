"""The ways through a contract that several rules take."""

import pytest

from tests.contracts import PATH, contract
from toolkit.lint.walk import arguments, container_of, ports, reads_executor_input, repeated, source, top_arguments
from toolkit.spec.reader import parse_document

NESTED = contract(
    "{name: a}, {name: b}",
    "--a, {concat: [x, {if: {cond: {isPresent: a}, then: {inputValue: a}, else: y}}]}",
    outputs="{name: a}",
)


def test_ports_have_places() -> None:
    document = parse_document(NESTED, PATH)
    assert [(place, port.name) for place, port in ports(document)] == [
        (("inputs", 0), "a"),
        (("inputs", 1), "b"),
        (("outputs", 0), "a"),
    ]


def test_arguments_come_before_those_inside_them() -> None:
    document = parse_document(NESTED, PATH)
    assert [place for place, _ in top_arguments(document)] == [("command", 0), ("args", 0), ("args", 1)]
    places = [place for place, _ in arguments(document)]
    assert places[2:] == [
        ("args", 1),
        ("args", 1, 0),
        ("args", 1, 1),
        ("args", 1, 1, "then", 0),
        ("args", 1, 1, "else", 0),
    ]
    assert all(place in document.places for place in places)


@pytest.mark.parametrize("text", ["name: n", "implementation: {graph: {tasks: {}}}"])
def test_a_component_without_container_has_no_arguments(text: str) -> None:
    document = parse_document(text, PATH)
    assert container_of(document) is None
    assert list(arguments(document)) == []
    assert not reads_executor_input(document)


def test_a_name_repeats_within_its_direction_only() -> None:
    document = parse_document(contract("{name: a}, {name: A}", outputs="{name: a}"), PATH)
    assert list(repeated(document, str.lower)) == [(("inputs", 1), "A", "a")]


@pytest.mark.parametrize(
    ("command", "args", "expected"),
    [
        ("run", "{executorInput: null}", True),
        ("run", "'--input={{$}}'", True),
        ("run", "x", False),
        ("python, /opt/comp/launch.py, a", "{executorInput: null}", False),
    ],
)
def test_a_program_that_reads_the_executor_input(command: str, args: str, *, expected: bool) -> None:
    assert reads_executor_input(parse_document(contract(args=args, command=command), PATH)) is expected


def test_the_source_of_a_place_ends_with_its_line() -> None:
    document = parse_document(NESTED, PATH)
    assert source(document, document.places[("inputs", 1)]) == "{name: b}"
    assert source(document, document.places[("args", 1, 0)]) == "x"
