"""Values with a default stand inside of a test of their presence."""

from pathlib import Path

import pytest

from tests.contracts import contract
from toolkit.forms.guards import with_defaults
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.reader import parse_component

INPUTS = "{name: a, type: Float, default: '1.0'}, {name: b, type: Boolean, default: 'True'}, {name: c, type: String}"
VALUE = "{if: {cond: {isPresent: a}, then: [{inputValue: a}], else: ['1']}}"


def _spec(args: str) -> ComponentSpec:
    return parse_component(contract(INPUTS + ", {name: d, type: Dataset, default: x}", args), Path("component.yaml"))


@pytest.mark.parametrize(
    ("args", "guarded"),
    [
        ("--a, {inputValue: a}", "--a, " + VALUE),
        ("{inputValue: b}", "{if: {cond: {isPresent: b}, then: [{inputValue: b}], else: ['true']}}"),
        (VALUE, VALUE),
        ("{inputValue: c}, {inputPath: d}, {executorInput: null}", None),
        ("{concat: [--a=, {inputValue: a}]}", None),
    ],
)
def test_a_value_is_tested(args: str, guarded: str | None) -> None:
    assert with_defaults(_spec(args), concats=False) == _spec(guarded or args)


@pytest.mark.parametrize(
    ("args", "guarded"),
    [
        (
            "{concat: [--a=, {inputValue: a}]}",
            "{if: {cond: {isPresent: a}, then: [{concat: [--a=, {inputValue: a}]}], else: [--a=1]}}",
        ),
        (
            "{concat: [{inputValue: a}, {inputValue: c}]}",
            (
                "{if: {cond: {isPresent: a}, then: [{concat: [{inputValue: a}, {inputValue: c}]}], "
                "else: [{concat: ['1', {inputValue: c}]}]}}"
            ),
        ),
        ("{concat: [{inputValue: a}, {inputValue: b}]}", None),
        ("{concat: [x, {inputValue: c}]}", None),
    ],
)
def test_a_text_with_one_value_is_tested(args: str, guarded: str | None) -> None:
    assert with_defaults(_spec(args), concats=True) == _spec(guarded or args)


def test_a_graph_stays() -> None:
    text = "name: g\nimplementation: {graph: {tasks: {a: {componentRef: {name: n}}}}}"
    spec = parse_component(text, Path("component.yaml"))
    assert with_defaults(spec, concats=True) is spec
    assert not isinstance(spec.implementation, Container)
