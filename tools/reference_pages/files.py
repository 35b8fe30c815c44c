"""The pages of component.yaml and of cases, made of their schemas."""

from tools.reference_pages.markdown import code, prose, table
from tools.reference_pages.schema import SchemaTables

_MADE = "<!-- Made by `make reference` from schemas/{}. -->"
_CONTRACT = """\
The contract of a component, in the form that Kubeflow Pipelines 1.8 and 2 load. For a function `comp generate` writes
it; for a program you do. `comp lint` checks what no schema can say, and `comp schema component` prints the schema.

```yaml
name: Train model
description: Fit a classifier on a table.
metadata:
  annotations: {version: 1.2.0, author: the data team}
inputs:
- {name: table, type: Dataset, description: CSV with a column `label`.}
- {name: rate, type: Float, default: '0.1', description: Learning rate.}
outputs:
- {name: model, type: Model, description: The fitted model.}
implementation:
  container:
    image: registry.example.com/ml/train@sha256:75e0b93eb1a8b5e5a2b0ac03ef6d5a9b6c0ecb4d1a0fd5b7f8c0e6e2f0f4a9c1
    command: [python, train.py]
    args: [--table, {inputPath: table}, --model, {outputPath: model},
           {if: {cond: {isPresent: rate}, then: [--rate, {inputValue: rate}]}}]
```"""
_TYPES = """\
## Types

`String`, `Integer`, `Float`, `Boolean`, `JsonArray` and `JsonObject` are parameters: values on the command line.
`Artifact`, `Dataset`, `Model`, `Metrics`, `ClassificationMetrics`, `SlicedClassificationMetrics`, `HTML` and `Markdown`
are artifacts, which are passed by path. A type of your own, or none, is an artifact for KFP 2; KFP 1.8 compares its
name."""
_CASE = """\
A case of `comp test`: `tests/cases/NAME/case.yaml` in a component's folder. [Testing](../testing.md) says how they
run."""


def contract_page() -> str:
    """Return the page of component.yaml."""
    tables = SchemaTables("component.schema.json", left_out=frozenset({"graph"}))
    parts = [_MADE.format("component.schema.json"), "# component.yaml", _CONTRACT, *_tables(tables, "the contract")]
    placeholders = tables.schema["$defs"]["port"]["properties"]
    rows = [(code(f"{{{name}: NAME}}"), prose(value["description"])) for name, value in placeholders.items()]
    rows += [
        (code("{executorInput: null}"), "KFP 2's description of the call, as JSON."),
        (code("{concat: [PART, …]}"), "One argument of several parts. KFP 2's server does not fill it in (C047)."),
        (code("{if: {cond: {isPresent: NAME}, then: […], else: […]}}"), "Arguments, if the caller gives the input."),
    ]
    parts += ["## Placeholders in command and args", table(("placeholder", "what stands there when it runs"), rows)]
    return "\n\n".join([*parts, _TYPES]) + "\n"


def case_page() -> str:
    """Return the page of cases."""
    tables = SchemaTables("case.schema.json")
    parts = [_MADE.format("case.schema.json"), "# case.yaml", _CASE, *_tables(tables, "the case")]
    return "\n\n".join(parts) + "\n"


def _tables(tables: SchemaTables, whole: str) -> list[str]:
    """Return the parts with each table of keys; `whole` is the title of the first one."""
    return [
        part
        for title, keys in tables.below("", tables.schema)
        for part in (f"## {title or whole.capitalize()}", table(("key", "value", "meaning"), keys))
    ]
