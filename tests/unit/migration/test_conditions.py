"""Conditions and concatenations that KFP 2 cannot load."""

import pytest

from tests.migrations import contract, left, made

INPUTS = "[{name: x, type: String, optional: true}, {name: z, type: String}]"
PRESENT = "cond: {isPresent: x}"


def _args(args: str) -> tuple[str, list[str]]:
    """Return the arguments after the migration, and the kinds of the changes."""
    text, kinds = made(contract(INPUTS, args))
    return text.split("args: ", 1)[1].removesuffix("}}\n"), kinds


@pytest.mark.parametrize(
    ("args", "written"),
    [
        ("[{if: {cond: true, then: [a, {inputValue: z}]}}, b]", "[a, {inputValue: z}, b]"),
        ("[{if: {cond: 'true', then: a}}, b]", "[a, b]"),
        ("[{if: {cond: 'Yes', then: [a], else: [c, d]}}, b]", "[a, b]"),
        ("[{if: {cond: false, then: [a], else: [c, d]}}, b]", "[c, d, b]"),
        ("[{if: {cond: 'off', then: [a]}}, b]", "[b]"),
        ("[{concat: [a, {if: {cond: true, then: [b, c]}}]}]", "[{concat: [a, bc]}]"),
        ("[{concat: [a, {if: {cond: false, then: [b, c]}}]}]", "[{concat: [a, '']}]"),
        (
            "[{if: {cond: true, then: [a, {if: {cond: false, then: [b], else: [c]}}]}}]",
            "[a, c]",
        ),
    ],
)
def test_a_constant_condition_is_decided(args: str, written: str) -> None:
    text, kinds = _args(args)
    assert text == written
    assert set(kinds) == {"condition"}


def test_a_decided_condition_in_block_style_keeps_what_is_around_it() -> None:
    block = "\n    - a # one\n    - if:\n        cond: true\n        then: [b, c]\n    # three\n    - d\n"
    text, _ = made(
        contract().replace(
            "{container: {image: 'a/b:1', command: [run], args: []}}",
            "\n  container:\n    image: a\n    args:" + block.rstrip(),
        )
    )
    assert text.endswith("    - a # one\n    - b\n    - c\n    # three\n    - d\n")


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("{inputValue: z}", "KFP 2 has no condition on the value of an input, here 'z'; it knows isPresent alone"),
        ("perhaps", "the condition 'perhaps' is neither true nor false"),
    ],
)
def test_another_condition_is_left(condition: str, why: str) -> None:
    assert left(contract(INPUTS, f"[{{inputValue: z}}, {{if: {{cond: {condition}, then: [a]}}}}]")) == [
        ("condition", 4, why)
    ]


@pytest.mark.parametrize(
    ("inner", "written"),
    [
        ("then: [{inputValue: x}]", "then: {inputValue: x}"),
        ("then: ['-', {inputValue: x}]", "then: {concat: ['-', {inputValue: x}]}"),
        ("then: [a, b], else: [c, d]", "then: ab, else: cd"),
        ("then: [], else: [d]", "then: '', else: d"),
    ],
)
def test_a_branch_inside_of_concat_is_no_list(inner: str, written: str) -> None:
    text, kinds = _args(f"[{{concat: [a, {{if: {{{PRESENT}, {inner}}}}}]}}]")
    assert text == f"[{{concat: [a, {{if: {{{PRESENT}, {written}}}}}]}}]"
    assert set(kinds) == {"concat"}


def test_an_else_with_a_placeholder_inside_of_concat_is_left() -> None:
    inner = f"{{if: {{{PRESENT}, then: [a], else: [{{inputValue: z}}]}}}}"
    assert left(contract(INPUTS, f"[{{concat: [a, {inner}]}}]")) == [
        ("concat", 4, "KFP 2 takes a text alone as the `else` of an `if` inside of `concat`")
    ]


def test_an_else_that_is_a_placeholder_becomes_a_list() -> None:
    text, kinds = _args(f"[{{if: {{{PRESENT}, then: a, else: {{inputValue: z}}}}}}]")
    assert text == f"[{{if: {{{PRESENT}, then: a, else: [{{inputValue: z}}]}}}}]"
    assert kinds == ["branch"]


@pytest.mark.parametrize("branch", ["else: a", "else: [{inputValue: z}]", "else: []"])
def test_an_else_that_kfp_2_reads_stays(branch: str) -> None:
    args = f"[{{inputValue: z}}, {{if: {{{PRESENT}, then: a, {branch}}}}}]"
    assert _args(args) == (args, [])
