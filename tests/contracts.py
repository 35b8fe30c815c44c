"""Contracts made of a few words, and what rules find in them."""

from pathlib import Path

from toolkit.lint.rules import RULES, findings_of
from toolkit.spec.reader import parse_document

PATH = Path("component.yaml")
PINNED = "a/b@sha256:" + "0" * 64
# An input that no rule finds fault with.
A = "{name: a, type: String, description: d}"
BRANCH = "{{if: {{cond: {{isPresent: a}}, then: {}}}}}".format

# A contract of everything that KFP v2 IR can express.
TRAIN = """\
name: Train model
description: "Fit.\\n\\nOn a table."
metadata:
  annotations: {version: '1.2.0'}
  labels: {team: ml}
version: google.com/cloud/pipelines/component/v1
inputs:
- {name: Training data, type: CSV, description: A table, annotations: {rows: 5}}
- {name: c, type: Float, default: '1.0', description: Strength}
- {name: rounds, type: Int, default: '010', optional: true}
- {name: kind, type: String, default: a, annotations: {choices: [a, b]}}
- {name: columns, type: JsonArray, optional: true}
- {name: note}
- {name: seed, type: Dataset, default: '7'}
- {name: vertex, type: google.VertexModel, optional: true}
outputs:
- {name: Model, type: Model, description: Fitted}
- {name: score, type: Float}
implementation:
  container:
    image: a/b:1
    command: [run, {executorInput: null}]
    args:
    - {inputPath: Training data}
    - {concat: [--c=, {inputValue: c}, {if: {cond: {isPresent: columns}, then: {inputValue: columns}, else: none}}]}
    - {if: {cond: {isPresent: columns}, then: [--columns, {inputValue: columns}], else: [--all]}}
    - {inputValue: note}
    - {inputUri: vertex}
    - {outputPath: Model}
    - {outputUri: Model}
    - {outputPath: score}
    env: {MODE: fast}
"""

# A rule, a contract, and the texts at the places of the rule's findings.
Case = tuple[str, str, list[str]]


def contract(inputs: str = "", args: str = "", outputs: str = "", image: str = PINNED, command: str = "run") -> str:
    """Write a contract of a container."""
    return (
        f"name: n\ndescription: d\ninputs: [{inputs}]\noutputs: [{outputs}]\n"
        f"implementation:\n  container:\n    image: {image}\n    command: [{command}]\n    args: [{args}]\n"
    )


def texts_found(text: str, rule: str) -> list[str]:
    """Return the text at the place of each finding of a rule; empty for a finding about the whole file."""
    lines = text.splitlines()
    found = []
    for finding in findings_of(parse_document(text, PATH)):
        if finding.rule != rule:
            continue
        where = finding.where
        assert where.path == PATH
        assert finding.message
        if where.line is None or where.column is None:
            found.append("")
        else:
            end = where.end_column - 1 if where.end_column and where.end_line == where.line else None
            found.append(lines[where.line - 1][where.column - 1 : end])
    return found


def lacking(cases: tuple[Case, ...], module: str) -> set[str]:
    """Return the rules of a module that have no wrong case, or no right one."""
    rules = {rule.id for rule in RULES.values() if rule.check and rule.check.__module__ == module}
    assert rules == {rule for rule, _, _ in cases}
    return rules - ({rule for rule, _, found in cases if found} & {rule for rule, _, found in cases if not found})
