"""Run with either line of KFP: what it makes of contracts.

Reads JSON lines, each the text of a contract, and prints a JSON line for each: null if KFP refuses to load it. With
KFP 1.8, the interface, and the command lines of a step with all arguments and of one with those alone that it needs.
With KFP 2, what the compiler writes for the component.
"""

import contextlib
import io
import json
import sys
from typing import Any

import kfp
from kfp import components

IS_2 = kfp.__version__.startswith("2")


def loaded(text: str) -> Any:
    """Return what KFP makes of a contract; None if it refuses it."""
    try:
        # KFP 1.8 prints warnings.
        with contextlib.redirect_stdout(io.StringIO()):
            component = components.load_component_from_text(text)
    except Exception:  # noqa: BLE001 (whatever KFP raises is its refusal)
        return None
    return compiled(component) if IS_2 else called(component)


def compiled(component: Any) -> Any:
    """Return what KFP 2's compiler writes for a component, or why it does not."""
    from google.protobuf.json_format import MessageToDict

    spec = component.component_spec
    try:
        return MessageToDict(component.pipeline_spec)
    except Exception as error:  # noqa: BLE001 (likewise)
        return [type(error).__name__, sorted(spec.inputs or {}), sorted(spec.outputs or {})]


def called(component: Any) -> Any:
    """Return the interface in KFP 1.8, with the command lines of two steps."""
    spec = component.component_spec
    inputs = spec.inputs or []
    may_be_absent = {port.name: bool(port.optional) or port.default is not None for port in inputs}
    every = {port.name: "given" for port in inputs}
    needed = {name: value for name, value in every.items() if not may_be_absent[name]}
    return {
        "name": spec.name,
        "description": spec.description,
        "inputs": [[port.name, port.type or None, may_be_absent[port.name]] for port in inputs],
        "outputs": [[port.name, port.type or None] for port in spec.outputs or []],
        "steps": [step(component, every), step(component, needed)],
    }


def step(component: Any, arguments: dict[str, str]) -> Any:
    """Return the command line of a step with what it is given and hands on, or the kind of KFP's refusal."""
    from kfp.components._naming import _sanitize_python_function_name, generate_unique_name_conversion_table
    from kfp.dsl._pipeline import Pipeline

    inputs = [port.name for port in component.component_spec.inputs or []]
    pythonic = generate_unique_name_conversion_table(inputs, _sanitize_python_function_name)
    try:
        # KFP 1.8 prints what it compares.
        with contextlib.redirect_stdout(io.StringIO()), Pipeline("p"):
            task = component(**{pythonic[name]: value for name, value in arguments.items()})
    except Exception as error:  # noqa: BLE001 (likewise)
        return type(error).__name__
    env = [[each.name, each.value] for each in task.container.env or []]
    return [task.command, task.arguments, list(task.input_artifact_paths), task.file_outputs, env]


for line in sys.stdin:
    print(json.dumps(loaded(json.loads(line)), sort_keys=True, default=str), flush=True)
