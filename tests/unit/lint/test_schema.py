"""The schema's findings: where the reader has none, and inside graphs."""

from pathlib import Path

import pytest

from toolkit.lint.linter import lint_contract
from toolkit.lint.schema import against_schema


def test_the_schema_speaks_only_where_the_reader_said_nothing(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    text = "name: 5\ninputs: [{name: a, optional: maybe}]\nimplementation: {container: {image: a, args: [5]}}\n"
    path.write_text(text)
    found, _ = lint_contract(path)
    assert [finding.rule for finding in found] == ["C004", "C003", "C004"]
    alone = against_schema(text, path, ())
    assert {str(finding.where) for finding in alone} == {f"{path}:1:7", f"{path}:2:30", f"{path}:3:47"}
    assert all("does not fit the schema" in finding.message for finding in alone)
    assert against_schema("a: [", path, ()) == []


@pytest.mark.parametrize(
    ("task", "place"),
    [
        ("{}", "1:37"),
        ("{componentRef: {}}", "1:52"),
        ("{componentRef: {spec: {image: i}}}", "1:59"),
        ("{componentRef: {name: n}, arguments: {a: null}}", "1:78"),
        ("{componentRef: {name: n}, arguments: {a: {}}}", "1:78"),
        ("{componentRef: {name: n}, arguments: [a]}", "1:74"),
        ("{componentRef: {name: n}, arguments: {a: {graphInput: {}}}}", "1:78"),
        ("{componentRef: {name: n}, isEnabled: {'==': {op1: 1}}}", "1:74"),
        ("{componentRef: {name: n}, executionOptions: {retryStrategy: {maxRetries: 'a'}}}", "1:110"),
        ("[]", "1:37"),
    ],
)
def test_the_schema_checks_the_tasks_of_a_graph(tmp_path: Path, task: str, place: str) -> None:
    path = tmp_path / "component.yaml"
    path.write_text(f"implementation: {{graph: {{tasks: {{t: {task}}}}}}} # comp:ignore[C003, C043]\n")
    errors = [finding for finding in lint_contract(path)[0] if finding.rule == "C003"]
    assert [str(finding.where) for finding in errors] == [f"{path}:{place}"]
