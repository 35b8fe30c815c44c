"""Run with either line of KFP: what it makes of contracts before and after a migration.

Reads JSON lines `[old, new]` of contracts, and prints a JSON line `[of the old one, of the new one]` for each. With
KFP 2 each is why the component does not compile, or an empty text. With KFP 1.8 it is that, or the command lines of a
step that leaves out what it may, and of one that passes everything.
"""

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import kfp
from kfp import compiler, components

IS_2 = kfp.__version__.startswith("2")


def answer(text: str) -> Any:
    """Return what this KFP makes of a contract."""
    try:
        # KFP 1.8 prints what it compares.
        with contextlib.redirect_stdout(io.StringIO()):
            component = components.load_component_from_text(text)
            return compiled(component) if IS_2 else [words(component, every=False), words(component, every=True)]
    except Exception as error:  # noqa: BLE001 (whatever KFP raises is its refusal)
        return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"


def compiled(component: Any) -> str:
    """Compile a component; an empty text says that it can be."""
    with tempfile.TemporaryDirectory() as folder:
        compiler.Compiler().compile(component, str(Path(folder, "c.yaml")))
    return ""


def words(component: Any, *, every: bool) -> Any:
    """Return the command line of a step of KFP 1.8."""
    from kfp import dsl
    from kfp.components._naming import _sanitize_python_function_name, generate_unique_name_conversion_table

    inputs = component.component_spec.inputs or []
    names = generate_unique_name_conversion_table([port.name for port in inputs], _sanitize_python_function_name)
    given = {names[port.name]: "5" for port in inputs if every or (port.default is None and not port.optional)}

    def pipeline() -> None:
        """Make the step."""
        component(**given)

    workflow = compiler.Compiler()._create_workflow(dsl.pipeline(name="p")(pipeline))
    container = next(each["container"] for each in workflow["spec"]["templates"] if "container" in each)
    return [*container.get("command", []), *container.get("args", [])]


for line in sys.stdin:
    print(json.dumps([answer(text) for text in json.loads(line)]), flush=True)
