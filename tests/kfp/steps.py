"""Run with either line of KFP: whether it loads a contract, and compiles a pipeline with one step of it.

Reads JSON lines of contracts, prints a JSON object for each: the reasons why it does not `load`, and why no `step`
compiles; "" where it does. The step gets what the component requires, and nothing else.
"""

import contextlib
import importlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from kfp import components, dsl

from tests.kfp.callers import OPTIONS, PRODUCERS, Arguments, failure, minimal, names


def compiled(component: Any, arguments: Arguments, *, at_exit: bool = False) -> None:
    """Compile a pipeline of one step, or of another one and this `at_exit`. Raises whatever KFP raises."""

    def step() -> None:
        """Make the step, and what makes its artifacts."""
        task = component(
            **{
                name: PRODUCERS[value]().output if how == "output of" else value
                for name, (how, value) in arguments.items()
            }
        )
        if at_exit:
            with dsl.ExitHandler(task):
                PRODUCERS[""]()

    compiler: Any = importlib.import_module("kfp.compiler")
    with tempfile.TemporaryDirectory() as folder:
        compiler.Compiler().compile(dsl.pipeline(name="p")(step), str(Path(folder, "p.yaml")))


def reasons(text: str) -> dict[str, str]:
    """Return why KFP refuses a contract."""
    try:
        component = components.load_component_from_text(text)
    except Exception as error:  # noqa: BLE001 (whatever KFP raises is its refusal)
        return {"load": words(error), "step": ""}
    try:
        inputs, _ = names(component)
        arguments = minimal(component, inputs)
        if arguments is None:
            required = {name: OPTIONS[0] for name, optional in inputs.items() if not optional}
            return {"load": "", "step": words(failure(component, required))}
        try:
            compiled(component, arguments)
        except ValueError as error:
            if "can only be used in an exit task" not in str(error):
                raise
            compiled(component, arguments, at_exit=True)
    except Exception as error:  # noqa: BLE001 (likewise)
        return {"load": "", "step": words(error)}
    return {"load": "", "step": ""}


def words(error: Exception | None) -> str:
    """Return an error in one line; KFP 1.8 repeats the contract in the middle of its errors."""
    text = f"{type(error).__name__}: {error}".replace("\n", " ")
    return text if len(text) < 400 else f"{text[:150]} … {text[-240:]}"


if __name__ == "__main__":
    for line in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            answer = reasons(json.loads(line))
        print(json.dumps(answer), flush=True)
