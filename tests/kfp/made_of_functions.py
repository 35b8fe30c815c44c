"""Run with either line of KFP: the ports of the components that a module makes, as JSON by the name of the component.

python made_of_functions.py MODULE.py
"""

import importlib.util
import json
import re
import sys
from typing import Any

import kfp

IS_2 = kfp.__version__.startswith("2")


def ports(component: Any) -> dict[str, list[str]]:
    """Return the names of a component's inputs and outputs, as KFP 2 writes them."""
    spec = component.component_spec
    sides = {"inputs": spec.inputs or [], "outputs": spec.outputs or []}
    names = {side: list(ports) if IS_2 else [port.name for port in ports] for side, ports in sides.items()}
    # The one output of a function is `Output` to both.
    return {side: sorted(re.sub(r"[^a-z0-9]+", "_", name.lower()) for name in each) for side, each in names.items()}


found = importlib.util.spec_from_file_location("m", sys.argv[1])
assert found
assert found.loader
module = importlib.util.module_from_spec(found)
found.loader.exec_module(module)
made = {name: value for name, value in vars(module).items() if hasattr(value, "component_spec")}
print(json.dumps({name: ports(component) for name, component in made.items()}))
