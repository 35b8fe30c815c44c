"""What KFP 1.8 reads and KFP 2 does not, and the references inside graphs."""

import pytest

from tests.contracts import A, Case, contract, lacking, texts_found

_TASK_C = "{componentRef: {name: n}, arguments: {x: {graphInput: {inputName: c}}}}"
_BEHIND = "{{componentRef: {{name: n}}, arguments: {{x: {{taskOutput: {{outputName: o, taskId: {}}}}}}}}}"


def _graph(tasks: str, outputs: str = "{}") -> str:
    return f"inputs: [{A}]\nimplementation: {{graph: {{tasks: {tasks}, outputValues: {outputs}}}}}"


CASES: tuple[Case, ...] = (
    ("C034", contract("{name: a, type: [CSV]}"), ["[CSV]"]),
    ("C034", contract("{name: a, type: CSV}"), []),
    ("C037", contract(outputs="{name: a}", args="{outputPath: a}") + "    fileOutputs: {a: /a}", ["/a"]),
    ("C037", contract(outputs="{name: a}, {name: b}", args="{outputPath: a}") + "    fileOutputs: {b: /b}", []),
    ("C043", "implementation: {graph: {tasks: {}}}", ["{tasks: {}}"]),
    ("C043", contract(), []),
    ("C044", "name: n\nimplementation: ~", ["~"]),
    ("C044", "name: n", ["name: n"]),
    ("C044", contract(), []),
    (
        "C045",
        contract(A, "{inputMetadata: a}, {outputMetadata: null}"),
        ["{inputMetadata: a}", "{outputMetadata: null}"],
    ),
    ("C045", contract(A, "{inputValue: a}"), []),
    ("C046", _graph("{b: {componentRef: {name: n}, arguments: {x: {graphInput: {inputName: c}}}}}"), [_TASK_C]),
    ("C046", _graph(f"{{b: {_BEHIND.format('c')}}}"), [_BEHIND.format("c")]),
    (
        "C046",
        _graph(f"{{b: {_BEHIND.format('c')}, c: {_BEHIND.format('b')}}}"),
        [f"{{tasks: {{b: {_BEHIND.format('c')}, c: {_BEHIND.format('b')}}}, outputValues: {{}}}}"],
    ),
    ("C046", _graph("{}", "{o: {graphInput: {inputName: a}}}"), ["{graphInput: {inputName: a}}"]),
    ("C046", _graph(f"{{b: {_BEHIND.format('c')}, c: {{componentRef: {{name: n}}}}}}"), []),
    ("C046", contract(), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.compatibility") == set()
