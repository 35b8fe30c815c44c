"""Run with either line of KFP: which callers of a contract stop compiling with its next version.

Reads JSON lines `[old, new]` of contracts, prints a JSON line for each: null if KFP makes no step of the old one, else
the callers that compiled with it and do not compile with the new one. A caller passes one argument of each kind to one
input, leaves out what it may, and hands one output to a consumer of each type.

    python callers.py '["String", "Dataset", …]'
"""

import contextlib
import inspect
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import kfp
from kfp import components

Arguments = Mapping[str, tuple[str, Any]]
IS_2 = kfp.__version__.startswith("2")
TYPES: list[str] = json.loads(sys.argv[1]) if len(sys.argv) > 1 else [""]
PARAMETERS = {"string", "integer", "float", "boolean", "jsonarray", "jsonobject"}
CONSTANTS = ["text", 1, 1.5, True, [1], {"a": 1}]
OPTIONS = [*(("constant", value) for value in CONSTANTS), *(("output of", type_) for type_ in TYPES)]


def producer(type_: str) -> Any:
    """Return a component with one output of a type."""
    declared = f", type: {type_}" if type_ else ""
    return components.load_component_from_text(
        f"name: producer\noutputs: [{{name: out{declared}}}]\n"
        "implementation: {container: {image: i, command: [c, {outputPath: out}]}}"
    )


def consumer(type_: str) -> Any:
    """Return a component with one input of a type."""
    declared = f", type: {type_}" if type_ else ""
    kind = "inputValue" if type_.lower() in PARAMETERS else "inputPath"
    return components.load_component_from_text(
        f"name: consumer\ninputs: [{{name: taken{declared}}}]\n"
        f"implementation: {{container: {{image: i, command: [c, {{{kind}: taken}}]}}}}"
    )


PRODUCERS = {type_: producer(type_) for type_ in TYPES}
CONSUMERS = {type_: consumer(type_) for type_ in TYPES}


def pipeline() -> Any:
    """Return the context in which steps are made; each of them is checked as it is made."""
    if IS_2:
        from kfp.dsl.pipeline_context import Pipeline
    else:
        from kfp.dsl._pipeline import Pipeline
    return Pipeline("p")


def failure(component: Any, arguments: Arguments, taken: tuple[str | None, str] | None = None) -> Exception | None:
    """Return why a pipeline with one step of the component does not compile; None if it does."""
    try:
        # KFP 1.8 prints what it compares.
        with contextlib.redirect_stdout(io.StringIO()), pipeline():
            given = {
                name: PRODUCERS[value]().outputs["out"] if how == "output of" else value
                for name, (how, value) in arguments.items()
            }
            task = component(**given)
            if taken:
                output, type_ = taken
                CONSUMERS[type_](taken=task.output if output is None else task.outputs[output])
    except Exception as error:  # noqa: BLE001 (whatever KFP raises is its refusal)
        return error
    return None


def load(text: str) -> Any:
    """Return a component; None if KFP refuses the contract."""
    try:
        return components.load_component_from_text(text)
    except Exception:  # noqa: BLE001 (likewise)
        return None


def names(component: Any) -> tuple[dict[str, bool], list[str]]:
    """Return whether a caller may leave out each input, and the names of the outputs."""
    spec = component.component_spec
    if IS_2:
        return {name: port.optional for name, port in (spec.inputs or {}).items()}, list(spec.outputs or {})
    signature = inspect.signature(component).parameters
    optional = {name: value.default is not inspect.Parameter.empty for name, value in signature.items()}
    return optional, [output.name for output in spec.outputs or []]


def minimal(component: Any, inputs: Mapping[str, bool]) -> Arguments | None:
    """Return arguments for the required inputs that make a step; None if no arguments do."""
    chosen = dict.fromkeys((name for name, optional in inputs.items() if not optional), 0)
    while True:
        arguments = {name: OPTIONS[index] for name, index in chosen.items()}
        error = failure(component, arguments)
        if error is None:
            return arguments
        # Both lines name the input: another argument may fit it.
        named = re.search(r"""input ['"](.+?)['"]""", str(error))
        refused = next((name for name in chosen if named and name in {named[1], pythonic(named[1])}), None)
        if refused is None or chosen[refused] + 1 == len(OPTIONS):
            return None
        chosen[refused] += 1


def pythonic(name: str) -> str:
    """Return the name by which Python calls an input."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def callers(component: Any) -> Iterator[tuple[str, Arguments, tuple[str | None, str] | None]]:
    """Yield callers with words for each; none if no arguments make a step."""
    inputs, outputs = names(component)
    base = minimal(component, inputs)
    if base is None:
        return
    yield "minimal", base, None
    for name in inputs:
        for option in OPTIONS:
            yield f"{name} = {option[0]} {option[1]!r}", {**base, name: option}, None
    for output in (*outputs, None):
        for type_ in TYPES:
            yield f"{output} to {type_ or 'untyped'}", base, (output, type_)


def stopped(old_text: str, new_text: str) -> list[str] | None:
    """Return the callers that compile with the old contract alone; None if it makes no step."""
    old, new = load(old_text), load(new_text)
    every = list(callers(old)) if old else []
    if not every:
        return None
    return [
        words
        for words, arguments, taken in every
        if failure(old, arguments, taken) is None and (new is None or failure(new, arguments, taken))
    ]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(stopped(*json.loads(line))), flush=True)
