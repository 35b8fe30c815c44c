"""Read what makes a component of a function: `@dsl.component(...)`, `func_to_container_op(f, ...)`, `@component`.

Names, partials and wrapping functions are followed to these decorators, for the settings that they end up with.
"""

import ast
import copy
from collections.abc import Iterator, Mapping

from msgspec import Struct

from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module, parameters

# kfp 1.8.22 `components/_python_op.py`, `v2/components/component_decorator.py`; kfp 2.17 `dsl/component_decorator.py`.
_COMPONENT = {"component", "create_component_from_func", "func_to_container_op", "func_to_component_text"}
# Decorators of functions that are not components by themselves: what they make, and what to do. `{path}` and `{name}`
# stand for the module and the function.
_OTHER = {
    "container_component": (
        "a container component, which has an image of its own",
        "`comp convert {path}:{name} --to component` writes its contract, and there is nothing to build",
    ),
    "pipeline": (
        "a pipeline, not a component",
        "name the function of one of its steps; `comp pipeline compile {path}` compiles the whole",
    ),
    "graph_component": ("a graph of components, not a component", "name the function of one of its steps"),
    "notebook_component": ("a notebook component", "make it from the notebook: --from-program NOTEBOOK.ipynb"),
}
# What the module's own names may stand for instead of a function: the call of kfp, what it makes, and what to do.
_MADE = {
    "importer": (
        "an importer, which runs no container",
        "call dsl.importer in the pipeline, and pass its output to a component",
    ),
    "load_component_from_file": ("a component of another file", "convert, lint or add that file"),
    "load_component_from_url": ("a component of another place", "download it, then convert, lint or add that file"),
    "load_component_from_text": ("a component that is written out as text", "save the text as component.yaml"),
}
_PACKAGES = "kfp"
_OWN = {"toolkit.component", "toolkit.pipelines.in_code.component"}
_SETTINGS = {"base_image": "base", "target_image": "image"}
_PACKAGES_KEYS = ("packages_to_install", "requirements")
_READ = {*_PACKAGES_KEYS, *_SETTINGS}
# The keywords of `toolkit.component`, by KFP's words for those that KFP has too.
_OWN_SETTINGS = {"requirements": "requirements", "base": "base_image", "image": "target_image"}
# Arguments of KFP's decorators without a counterpart here, and what serves instead.
_LEFT_OUT = {
    "pip_index_urls": "uv's own settings name indexes: UV_INDEX, or [tool.uv] in pyproject.toml",
    "pip_trusted_hosts": "uv's own settings name hosts: UV_INSECURE_HOST, or [tool.uv] in pyproject.toml",
    "additional_funcs": "what the function uses of its module comes along by itself",
    "embedded_artifact_path": "put the files beside the code: they are in the image",
    "task_config_passthroughs": "it is a matter of the pipeline",
    "modules_to_capture": "what the function uses of its module comes along by itself",
    "extra_code": "write it into the module",
}
_WRITE_OUT = "write the base and the packages into pyproject.toml"
# Dicts inside dicts, by `**` and names: an end for tables that contain themselves.
_DEEPEST = 20
# Not an identifier, so no module can have it as a constant: an unknown value stays unknown.
_UNKNOWN = "…"


class DecoratorSettings(Struct, frozen=True, kw_only=True):
    """The packages to install, the base image and the target image that decorators set, and remarks.

    `left_out` are arguments without a counterpart, and `unread` parts that could not be followed, as (node, message,
    advice). `refused` are reasons why the function cannot be a component, as (node, rule, message, advice).
    """

    packages: tuple[str, ...] = ()
    base: str | None = None
    image: str | None = None
    left_out: tuple[tuple[ast.AST, str, str], ...] = ()
    refused: tuple[tuple[ast.AST, str, str, str], ...] = ()
    unread: tuple[tuple[ast.AST, str, str], ...] = ()


class _Setting(Struct, frozen=True, kw_only=True):
    """The value of a keyword, and the module that its names belong to."""

    home: Module
    node: ast.expr


class _Call(Struct, frozen=True, kw_only=True):
    """One of KFP's decorators with its bare name, its keywords, and the `**` that may hide more of them."""

    name: str
    settings: Mapping[str, _Setting]
    hidden: tuple[ast.expr, ...] = ()


def read_decorators(module: Module, function: ast.FunctionDef) -> DecoratorSettings:
    """Return what the decorators of `function` set, and calls in the module that make a component of it."""
    settings: dict[str, _Setting] = {}
    refused: list[tuple[ast.AST, str, str, str]] = []
    unread: list[tuple[ast.AST, str, str]] = []
    makers: list[tuple[ast.AST, _Call]] = []
    for decorator in function.decorator_list:
        call = _followed(module, decorator)
        if call and call.name in _OTHER:
            what, advice = _OTHER[call.name]
            advice = advice.format(path=module.path, name=function.name)
            refused.append((decorator, "F012", f"{function.name!r} is {what}", advice))
        elif call:
            makers.append((decorator, call))
        elif _like_a_component(decorator):
            unread.append(
                (decorator, f"`@{_head(decorator)}` cannot be followed: its settings are not known", _WRITE_OUT)
            )
    makers += [(node, call) for node, call in _makers(module, function.name) if call.name in _COMPONENT]
    for node, call in makers:
        unread += [(node, f"`**{ast.unparse(hidden)}` cannot be followed", _WRITE_OUT) for hidden in call.hidden]
        for name, setting in call.settings.items():
            before = settings.get(name)
            if name in _READ and before and ast.dump(before.node) != ast.dump(setting.node):
                message = (
                    f"{name} is `{ast.unparse(before.node)}` and `{ast.unparse(setting.node)}`; the last one counts"
                )
                unread.append((node, message, "make two components of it, or write it into pyproject.toml"))
            settings[name] = setting
    values, left_out = _values(module, function, settings, refused)
    # KFP takes a list; a single text is a usual mistake, and clear.
    packages = next((values[key] for key in _PACKAGES_KEYS if values.get(key)), ())
    return DecoratorSettings(
        packages=tuple(map(str, packages)) if isinstance(packages, list | tuple) else (str(packages),),
        base=str(values.get("base_image") or "") or None,
        image=str(values.get("target_image") or "") or None,
        left_out=tuple(left_out),
        refused=tuple(refused),
        unread=tuple(unread),
    )


def _values(
    module: Module,
    function: ast.FunctionDef,
    settings: Mapping[str, _Setting],
    refused: list[tuple[ast.AST, str, str, str]],
) -> tuple[dict[str, object], list[tuple[ast.AST, str, str]]]:
    """Return the values of the settings that are read, and the remarks on others; unknown packages are `refused`."""
    values: dict[str, object] = {}
    # A remark on a setting of another module points at the function, since its lines are of this file.
    places = {name: setting.node if setting.home is module else function for name, setting in settings.items()}
    left_out: list[tuple[ast.AST, str, str]] = [
        (places[name], f"{name} is left out", _LEFT_OUT[name]) for name in settings if name in _LEFT_OUT
    ]
    for name, setting in settings.items():
        if name not in _READ:
            continue
        try:
            values[name] = constant_value(setting.home, setting.node)
        except NotKnown:
            message = f"{name} is not a literal: `{ast.unparse(setting.node)}`"
            if name in _SETTINGS:
                # pyproject.toml can name an image; packages that are missing would fail only when the step runs.
                left_out.append((places[name], message, f"name it in pyproject.toml: [tool.comp] {_SETTINGS[name]}"))
            elif name == "requirements":
                # `toolkit.component` itself passes them on as they are when the pipeline is compiled.
                left_out.append((places[name], message, "write them into pyproject.toml: [project] dependencies"))
            else:
                refused.append((places[name], "F007", message, "write the value itself, or in pyproject.toml"))
    return values, left_out


def kfp_decorator(module: Module, decorator: ast.expr) -> str | None:
    """Return the bare name of the KFP decorator that an expression stands for; None for other decorators."""
    call = _followed(module, decorator)
    return call.name if call else None


def made_by_kfp(module: Module, name: str) -> tuple[ast.Call, str, str] | None:
    """Return the call of kfp that a constant of the module stands for, with what it makes and what to do; else None."""
    call = module.constants.get(name)
    if not isinstance(call, ast.Call):
        return None
    package, _, made = (module.qualified(call.func) or "").partition(".")
    known = _MADE.get(made.rpartition(".")[2]) if package == _PACKAGES else None
    return None if known is None else (call, *known)


def is_component(module: Module, decorator: ast.expr) -> bool:
    """Return whether a decorator makes a component of a function."""
    return kfp_decorator(module, decorator) in _COMPONENT


def makes_component(module: Module, name: str) -> bool:
    """Return whether a call in the module makes a component of the function `name`."""
    return any(call.name in _COMPONENT for _, call in _makers(module, name))


def _makers(module: Module, name: str) -> Iterator[tuple[ast.Call, _Call]]:
    """Yield each call such as `create_component_from_func(name, …)`, with KFP's own that it leads to."""
    for argument, node in module.calls:
        call = _followed(module, node) if argument == name else None
        if call:
            yield node, call


def _followed(module: Module, node: ast.expr, seen: set[int] | None = None) -> _Call | None:
    """Return KFP's decorator that `node` leads to, through names, `partial(…)` and wrapping functions.

    `seen` are the ids of code that was followed, each once: definitions may refer to each other in circles.
    """
    seen = set() if seen is None else seen
    called = node.func if isinstance(node, ast.Call) else node
    own, hidden = _keywords(module, node) if isinstance(node, ast.Call) else ({}, ())
    qualified = module.qualified(called) or ""
    name = qualified.rpartition(".")[2]
    if qualified.partition(".")[0] == _PACKAGES and (name in _COMPONENT or name in _OTHER):
        return _Call(name=name, settings=own, hidden=hidden)
    if qualified in _OWN:
        own = {_OWN_SETTINGS[key]: value for key, value in own.items() if key in _OWN_SETTINGS}
        return _Call(name="component", settings=own, hidden=hidden)
    home, target = _definition(module, called)
    # `step = partial(dsl.component, base_image=…)`: the first argument is what is called.
    if qualified in {"functools.partial", "partial"} and isinstance(node, ast.Call) and node.args:
        home, target = module, node.args[0]
    elif isinstance(called, ast.Call):
        # `partial(dsl.component, …)(…)`
        home, target = module, called
    if target is None or id(target) in seen:
        return None
    seen.add(id(target))
    if isinstance(target, ast.FunctionDef):
        return _wrapped(home, target, module, node, seen)
    return _with(_followed(home, target, seen), own, hidden)


def _with(call: _Call | None, own: Mapping[str, _Setting], hidden: tuple[ast.expr, ...]) -> _Call | None:
    """Return the call with the keywords of an outer call, which win."""
    if call is None:
        return None
    return _Call(name=call.name, settings={**call.settings, **own}, hidden=(*call.hidden, *hidden))


def _definition(module: Module, called: ast.expr) -> tuple[Module, ast.expr | ast.FunctionDef | None]:
    """Return the constant or function that a name stands for, in the module or in one beside it, and that module."""
    dotted = module.qualified(called) or ""
    origin, _, name = dotted.lstrip(".").rpartition(".")
    home = module.neighbour(origin) if origin else module
    if home is None:
        return module, None
    if name in home.constants:
        return home, home.constants[name]
    functions = [node for node in home.functions() if node.name == name and isinstance(node, ast.FunctionDef)]
    return home, functions[0] if len(functions) == 1 else None


def _wrapped(home: Module, wrapper: ast.FunctionDef, module: Module, node: ast.expr, seen: set[int]) -> _Call | None:
    """Follow a function of the module `home` that calls KFP's decorator, as `node`, a call in `module`, calls it."""
    arguments = _bound(home, wrapper, module, node)
    # The walk is outermost first: `partial(dsl.component, …)(…)` has more settings than `partial(…)` inside it.
    nodes = (part for part in ast.walk(wrapper) if isinstance(part, ast.Call))
    inner = next((call for part in nodes if (call := _followed(home, part, seen))), None)
    if inner is None:
        return None
    settings = {name: _substituted(setting, arguments) for name, setting in inner.settings.items()}
    hidden = list(inner.hidden)
    rest = wrapper.args.kwarg.arg if wrapper.args.kwarg else None
    passed_on = [part for part in hidden if isinstance(part, ast.Name) and part.id == rest]
    if passed_on:
        # `def step(**options): return dsl.component(**options)` hides nothing: the caller's keywords are known.
        hidden = [part for part in hidden if part not in passed_on]
        own, more = _keywords(module, node) if isinstance(node, ast.Call) else ({}, ())
        settings |= {name: setting for name, setting in own.items() if name not in arguments}
        hidden += more
    return _Call(name=inner.name, settings=settings, hidden=tuple(hidden))


def _bound(home: Module, wrapper: ast.FunctionDef, module: Module, node: ast.expr) -> dict[str, _Setting]:
    """Return the values of a wrapper's parameters: the arguments of the call `node`, else their defaults."""
    defaults = {argument.arg: default for argument, default in parameters(wrapper)}
    plain = [argument.arg for argument in (*wrapper.args.posonlyargs, *wrapper.args.args)]
    values = {name: _Setting(home=home, node=default) for name, default in defaults.items() if default}
    if isinstance(node, ast.Call):
        values |= {name: _Setting(home=module, node=value) for name, value in zip(plain, node.args, strict=False)}
        own, _ = _keywords(module, node)
        values |= {name: setting for name, setting in own.items() if name in defaults}
    return values


def _substituted(setting: _Setting, arguments: Mapping[str, _Setting]) -> _Setting:
    """Return a setting with the parameters in it replaced by a wrapper's arguments."""
    node = setting.node
    if isinstance(node, ast.Name) and node.id in arguments:
        return arguments[node.id]
    if not any(isinstance(part, ast.Name) and part.id in arguments for part in ast.walk(node)):
        return setting

    class Put(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.expr:
            return _literal(arguments[name.id]) if name.id in arguments else name

    return _Setting(home=setting.home, node=Put().visit(copy.deepcopy(node)))


def _literal(setting: _Setting) -> ast.expr:
    """Return a setting as a literal: in another module its names are missing, or mean something else."""
    try:
        return ast.parse(repr(constant_value(setting.home, setting.node)), mode="eval").body
    except (NotKnown, SyntaxError):
        return ast.Name(id=_UNKNOWN, ctx=ast.Load())


def _keywords(module: Module, call: ast.Call) -> tuple[dict[str, _Setting], tuple[ast.expr, ...]]:
    """Return the keywords of a call, with those of each literal `**TABLE`, and the `**` that cannot be followed."""
    settings: dict[str, _Setting] = {}
    hidden: list[ast.expr] = []
    for keyword in call.keywords:
        if keyword.arg:
            settings[keyword.arg] = _Setting(home=module, node=keyword.value)
            continue
        pairs = _pairs(module, keyword.value)
        if pairs is None:
            hidden.append(keyword.value)
        else:
            settings |= pairs
    return settings, tuple(hidden)


def _pairs(module: Module, node: ast.expr, depth: int = 0) -> dict[str, _Setting] | None:
    """Return the items of a literal dict, those of dicts inside it too; None for other expressions."""
    if depth > _DEEPEST:
        return None
    pairs: dict[str, _Setting] = {}
    parts: list[tuple[str | None, ast.expr]] = []
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
                if key is not None and name is None:
                    return None
                parts.append((name, value))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            parts = [(None, left), (None, right)]
        case ast.Call(func=ast.Name(id="dict"), args=arguments, keywords=keywords):
            parts = [*((None, table) for table in arguments), *((word.arg, word.value) for word in keywords)]
        case _:
            home, target = _definition(module, node)
            return _pairs(home, target, depth + 1) if isinstance(target, ast.expr) else None
    for name, value in parts:
        inner = _pairs(module, value, depth + 1) if name is None else {name: _Setting(home=module, node=value)}
        if inner is None:
            return None
        pairs |= inner
    return pairs


def _like_a_component(decorator: ast.expr) -> bool:
    """Return whether a decorator that cannot be followed looks as if it made a component."""
    named = {keyword.arg for keyword in decorator.keywords} if isinstance(decorator, ast.Call) else set()
    return bool(named & _READ) or _head(decorator).rpartition(".")[2] in _COMPONENT


def _head(decorator: ast.expr) -> str:
    """Return a decorator without its arguments, as text."""
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
