"""Arguments and placeholders: their forms, and every problem with its place."""

from pathlib import Path

import pytest

from toolkit.errors import FindingsError
from toolkit.spec.model import (
    Argument,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    OutputMetadataPlaceholder,
    PortPlaceholder,
)
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")
WHOLE = "implementation: {{container: {{image: i, args: [{}]}}}}"
VALUE = PortPlaceholder(kind="inputValue", port="a")


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("'5'", "5"),
        ("{inputValue: a}", VALUE),
        ("{executorInput: null}", ExecutorInputPlaceholder()),
        ("{outputMetadata: ~}", OutputMetadataPlaceholder()),
        ("{concat: [x, {inputValue: a}]}", ConcatPlaceholder(items=("x", VALUE))),
        (
            "{if: {cond: {isPresent: a}, then: {inputValue: a}, else: [x, y]}}",
            IfPlaceholder(condition=IsPresent(input="a"), then=(VALUE,), otherwise=("x", "y")),
        ),
        ("{if: {cond: true, then: [], else: null}}", IfPlaceholder(condition=True, then=())),
        ("{if: {cond: {inputValue: a}, then: x}}", IfPlaceholder(condition=VALUE, then=("x",))),
    ],
)
def test_an_argument(text: str, argument: Argument) -> None:
    assert parse_component(WHOLE.format(text), PATH).container.args == (argument,)


@pytest.mark.parametrize(
    ("text", "rule", "place", "message"),
    [
        (WHOLE.format("{inputValu: a}"), "C003", "1:48", "unknown key 'inputValu'"),
        (WHOLE.format("{inputValue: a, inputPath: a}"), "C003", "1:47", "one key"),
        (WHOLE.format("{concat: a}"), "C003", "1:56", "concat is not a list"),
        (WHOLE.format("{if: {cond: {isPresent: a}}}"), "C003", "1:52", "cond and then"),
        (WHOLE.format("{executorInput: x}"), "C003", "1:63", "takes no value"),
        (WHOLE.format("5"), "C004", "1:47", "an integer: 5"),
        (WHOLE.format("~"), "C004", "1:47", "empty"),
        (WHOLE.format("[a]"), "C004", "1:47", "a list"),
        (WHOLE.format("{if: {cond: [a], then: b}}"), "C026", "1:59", "cond is a list"),
        (WHOLE.format("{if: {cond: {}, then: b}}"), "C026", "1:59", "neither"),
    ],
)
def test_one_problem(text: str, rule: str, place: str, message: str) -> None:
    with pytest.raises(FindingsError) as caught:
        parse_component(text, PATH)
    (finding,) = caught.value.findings
    assert (finding.rule, str(finding.where)) == (rule, f"component.yaml:{place}")
    assert message in finding.message
