"""What KFP is told of a function beside its signature: by `@dsl.component(...)`, by `func_to_container_op(f, ...)`."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module

# kfp 1.8.22 `components/_python_op.py`, `v2/components/component_decorator.py`; kfp 2.17 `dsl/component_decorator.py`.
_COMPONENT = {"component", "create_component_from_func", "func_to_container_op", "func_to_component_text"}
_OTHER = {
    "container_component": ("a container component, which returns a command line", "write its contract as a program's"),
    "pipeline": ("a pipeline, not a component", "name the function of one of its steps"),
    "graph_component": ("a graph of components, not a component", "name the function of one of its steps"),
    "notebook_component": ("a notebook component", "make it from the notebook: --from-program NOTEBOOK.ipynb"),
}
_PACKAGES = "kfp"
_SETTINGS = {"base_image": "base", "target_image": "image"}
# What has no counterpart, and where it belongs.
_LEFT_OUT = {
    "pip_index_urls": "uv's own settings name indexes: UV_INDEX, or [tool.uv] in pyproject.toml",
    "pip_trusted_hosts": "uv's own settings name hosts: UV_INSECURE_HOST, or [tool.uv] in pyproject.toml",
    "additional_funcs": "what the function uses of its module comes along by itself",
    "embedded_artifact_path": "put the files beside the code: they are in the image",
    "task_config_passthroughs": "it is a matter of the pipeline",
    "modules_to_capture": "what the function uses of its module comes along by itself",
    "extra_code": "write it into the module",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What was found: packages to install, base image, target image.

    `left_out` are arguments that are not taken over, (node, message, advice); `refused` is what makes it no component,
    (node, rule, message, advice).
    """

    packages: tuple[str, ...] = ()
    base: str | None = None
    image: str | None = None
    left_out: tuple[tuple[ast.AST, str, str], ...] = ()
    refused: tuple[tuple[ast.AST, str, str, str], ...] = ()


def read_decorators(module: Module, function: ast.FunctionDef) -> Told:
    """Read what the decorators of `function` say, and calls of the module that make a component of it."""
    settings: dict[str, ast.expr] = {}
    refused: list[tuple[ast.AST, str, str, str]] = []
    for decorator in function.decorator_list:
        kind = word(module, decorator)
        if kind in _OTHER:
            what, advice = _OTHER[kind]
            refused.append((decorator, "F012", f"{function.name!r} is {what}", advice))
        elif kind:
            settings |= _keywords(module, decorator)
    for call in _calls(module, function.name):
        settings |= _keywords(module, call)
    values: dict[str, object] = {}
    left_out = [(node, f"{name} is left out", _LEFT_OUT[name]) for name, node in settings.items() if name in _LEFT_OUT]
    for name, node in settings.items():
        if name not in {"packages_to_install", *_SETTINGS}:
            continue
        try:
            values[name] = constant_value(module, node)
        except NotKnown:
            message = f"{name} is no literal: `{ast.unparse(node)}`"
            if name in _SETTINGS:
                # Where the code runs, it will not be asked for it.
                left_out.append((node, message, f"name it in pyproject.toml: [tool.comp] {_SETTINGS[name]}"))
            else:
                refused.append((node, "F007", message, "write the value itself, or in pyproject.toml"))
    packages = values.get("packages_to_install") or ()
    return Told(
        packages=tuple(map(str, packages)) if isinstance(packages, list | tuple) else (str(packages),),
        base=str(values.get("base_image") or "") or None,
        image=str(values.get("target_image") or "") or None,
        left_out=tuple(left_out),
        refused=tuple(refused),
    )


def word(module: Module, decorator: ast.expr) -> str | None:
    """Give the bare name of one of KFP's decorators, also inside `partial(...)`; None for anybody else's."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(called, ast.Name) and called.id in module.constants:
        # `component = partial(dsl.component, base_image=…)`
        return word(module, module.constants[called.id])
    qualified = module.qualified(called) or ""
    name = qualified.rpartition(".")[2]
    if name == "partial" and isinstance(decorator, ast.Call) and decorator.args:
        return word(module, decorator.args[0])
    known = name in _COMPONENT or name in _OTHER
    return name if known and qualified.partition(".")[0] == _PACKAGES else None


def is_component(module: Module, decorator: ast.expr) -> bool:
    """Tell whether a decorator makes a component of a function."""
    return word(module, decorator) in _COMPONENT


def makes_component(module: Module, name: str) -> bool:
    """Tell whether a call of the module makes a component of the function `name`."""
    return next(_calls(module, name), None) is not None


def _keywords(module: Module, node: ast.expr) -> dict[str, ast.expr]:
    """Give the keywords of a decorator, those of the `partial(...)` that it is a name of first."""
    called = node.func if isinstance(node, ast.Call) else node
    named = module.constants.get(called.id) if isinstance(called, ast.Name) else None
    settings = _keywords(module, named) if isinstance(named, ast.Call) else {}
    own = node.keywords if isinstance(node, ast.Call) else []
    return settings | {keyword.arg: keyword.value for keyword in own if keyword.arg}


def _calls(module: Module, name: str) -> Iterator[ast.Call]:
    """Find `create_component_from_func(name, …)` and its relatives at module level."""
    for called, call in module.calls:
        if called == name and word(module, call.func) in _COMPONENT:
            yield call
