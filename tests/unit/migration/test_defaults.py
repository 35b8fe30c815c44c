"""Defaults that are not values of their types."""

import pytest

from tests.migrations import contract, made

NESTED = "{if: {cond: {isPresent: x}, then: [b, {inputValue: x}]}}"
TESTED = "{if: {cond: {isPresent: x}, then: [{inputValue: x}], else: ['']}}"


@pytest.mark.parametrize(
    ("type_", "default"),
    [
        ("Integer", "''"),
        ("Integer", "'1.0'"),
        ("Float", "'nan'"),
        ("Boolean", "'maybe'"),
        ("JsonArray", "'{}'"),
        ("dict", "nope"),
        ("'List[str]'", "''"),
    ],
)
def test_the_program_gets_the_text_that_kfp_1_passed(type_: str, default: str) -> None:
    text, kinds = made(contract(f"[{{name: x, type: {type_}, default: {default}}}]", "[--x, {inputValue: x}]"))
    tested = TESTED.replace("''", "maybe" if default == "'maybe'" else "nan" if default == "'nan'" else default)
    assert text == contract(f"[{{name: x, type: {type_}, optional: true}}]", f"[--x, {tested}]")
    assert kinds == ["default"]


@pytest.mark.parametrize(
    ("type_", "default"),
    [("Integer", "'5'"), ("Float", "1"), ("Boolean", "'True'"), ("String", "''"), ("CSV", "''"), ("list", "'[]'")],
)
def test_a_value_of_the_type_stays(type_: str, default: str) -> None:
    args = "[{inputPath: x}]" if type_ == "CSV" else "[{inputValue: x}]"
    assert made(contract(f"[{{name: x, type: {type_}, default: {default}}}]", args))[1] == []


@pytest.mark.parametrize(("type_", "written"), [("Integer", "'True'"), ("JsonObject", "'true'")])
def test_a_default_without_quotes_is_passed_as_kfp_1_writes_it(type_: str, written: str) -> None:
    text, _ = made(contract(f"[{{name: x, type: {type_}, default: true}}]", "[{inputValue: x}]"))
    assert text.splitlines()[3].endswith(f"else: [{written}]}}}}]}}}}")


@pytest.mark.parametrize(
    ("optional", "written"),
    [("optional: false, ", "optional: true"), ("optional: true, ", "optional: true")],
)
def test_what_is_said_about_optional_is_kept(optional: str, written: str) -> None:
    text, _ = made(contract(f"[{{name: x, type: Integer, {optional}default: ''}}]", "[{inputValue: x}]"))
    assert text == contract(f"[{{name: x, type: Integer, {written}}}]", f"[{TESTED}]")


@pytest.mark.parametrize(
    ("args", "written"),
    [
        (
            "[{if: {cond: {isPresent: x}, then: [--x, {inputValue: x}], else: [z]}}]",
            "[{if: {cond: {isPresent: x}, then: [--x, {inputValue: x}], else: [--x, '']}}]",
        ),
        (
            "[{concat: [--x=, {inputValue: x}]}]",
            "[{concat: [--x=, {if: {cond: {isPresent: x}, then: {inputValue: x}, else: ''}}]}]",
        ),
        (
            "[{if: {cond: {isPresent: x}, then: [{concat: [a, {inputValue: x}, b]}]}}]",
            "[{if: {cond: {isPresent: x}, then: [{concat: [a, {inputValue: x}, b]}], else: [ab]}}]",
        ),
        (
            "[{if: {cond: {isPresent: y}, then: [{inputValue: x}], else: [{inputValue: x}]}}]",
            f"[{{if: {{cond: {{isPresent: y}}, then: [{TESTED}], else: [{TESTED}]}}}}]",
        ),
        (
            f"[{{if: {{cond: {{isPresent: x}}, then: [a, {NESTED}]}}}}]",
            f"[{{if: {{cond: {{isPresent: x}}, then: [a, {NESTED}], else: [a, b, '']}}}}]",
        ),
        ("[{executorInput: null}]", "[{executorInput: null}]"),
    ],
)
def test_the_text_stands_wherever_the_value_did(args: str, written: str) -> None:
    more = ", {name: y, type: String, optional: true}]"
    text, kinds = made(contract("[{name: x, type: Integer, default: ''}" + more, args))
    assert text == contract("[{name: x, type: Integer, optional: true}" + more, written)
    assert kinds == ["default"]
