"""Read the functions of a module that `comp stubs` wrote: which component each makes a step of, by which names."""

import ast
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from toolkit.consumers.loaded import requested
from toolkit.consumers.use import Named
from toolkit.interface.module import Module

_STEP = "toolkit.steps.step"
_ARGUMENTS = 2


class StubFunction(Struct, frozen=True, kw_only=True):
    """The component of a function; `inputs` and `outputs` are what the contract calls its parameters and attributes."""

    named: Named
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


def stub_function(module: Module, name: str) -> StubFunction | None:
    """Return what a function of a module makes a step of; None for functions that `comp stubs` did not write."""
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            last = node.body[-1]
            call = last.value if isinstance(last, ast.Return) else None
            if isinstance(call, ast.Call) and module.qualified(call.func) == _STEP and len(call.args) > _ARGUMENTS:
                return _read(module, call)
    return None


def _read(module: Module, call: ast.Call) -> StubFunction | None:
    """Return what `_step(REQUEST, {INPUT: parameter}, Task[OUTPUTS])` says; None if the lock has no such component."""
    request, inputs, task = call.args[:3]
    named = requested(module, request)
    if named is None:
        return None
    classes = {node.id for node in ast.walk(task) if isinstance(node, ast.Name)}
    return StubFunction(
        named=named,
        inputs={value: key for key, value in _pairs(inputs)},
        outputs={
            attribute: port
            for node in module.tree.body
            if isinstance(node, ast.ClassDef) and node.name in classes
            for part in node.body
            if isinstance(part, ast.Assign)
            for attribute, port in _pairs(part.value)
        },
    )


def _pairs(node: ast.expr) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of a dict: texts, and names as texts."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), value.id if isinstance(value, ast.Name) else str(getattr(value, "value", ""))
