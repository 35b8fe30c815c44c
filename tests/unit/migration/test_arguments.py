"""Arguments of a command line, some of them replaced."""

from tests.migrations import PATH, contract
from toolkit.interface.model import Kind
from toolkit.migration.arguments import with_arguments, with_input
from toolkit.spec.model import PortPlaceholder
from toolkit.spec.reader import parse_document


def test_arguments_are_replaced_at_any_depth() -> None:
    args = "[a, {if: {cond: {isPresent: x}, then: [b, {concat: [c, d]}], else: [e]}}, f]"
    spec = parse_document(contract("[{name: x}]", args), PATH).spec
    changes = {
        ("command", 0): (),
        ("args", 0): ("1", "2"),
        ("args", 1, "then", 1, 0): ("3",),
        ("args", 1, "else", 0): (),
    }
    expected = "[1, 2, {if: {cond: {isPresent: x}, then: [b, {concat: [3, d]}]}}, f]"
    text = contract("[{name: x}]", expected.replace("1", "'1'").replace("2", "'2'").replace("3", "'3'"))
    assert with_arguments(spec, changes) == parse_document(text.replace("[run]", "[]"), PATH).spec


def test_the_kind_of_an_input_follows_its_uses() -> None:
    spec = parse_document(contract("[{name: x}]", "[{inputPath: x}]"), PATH).spec
    assert spec.interface.inputs[0].kind is Kind.ARTIFACT
    changed = with_arguments(spec, {("args", 0): (PortPlaceholder(kind="inputValue", port="x"),)})
    assert changed.interface.inputs[0].kind is Kind.PARAMETER
    assert with_input(changed, 0, spec.interface.inputs[0]).interface.inputs[0].kind is Kind.PARAMETER
