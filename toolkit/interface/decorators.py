"""What KFP reads of a function beside its signature: `@dsl.component(...)`, `func_to_container_op(f, ...)`.

Names, partials and wrappers that stand for them are followed.
"""

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module

# kfp 1.8.22 `components/_python_op.py`, `v2/components/component_decorator.py`; kfp 2.17 `dsl/component_decorator.py`.
_COMPONENT = {"component", "create_component_from_func", "func_to_container_op", "func_to_component_text"}
_OTHER = {
    "container_component": (
        "a container component, which returns a command line",
        "compile it with `kfp dsl compile --function`, then `comp convert FILE --to component` writes its contract",
    ),
    "pipeline": ("a pipeline, not a component", "name the function of one of its steps"),
    "graph_component": ("a graph of components, not a component", "name the function of one of its steps"),
    "notebook_component": ("a notebook component", "make it from the notebook: --from-program NOTEBOOK.ipynb"),
}
_PACKAGES = "kfp"
_SETTINGS = {"base_image": "base", "target_image": "image"}
_READ = {"packages_to_install", *_SETTINGS}
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
_WRITE_OUT = "write the base and the packages into pyproject.toml"
_DEEPEST = 20
# No name of any module: what is not known stays unknown.
_UNKNOWN = "…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What was found: packages to install, base image, target image.

    `left_out` are arguments that are not taken over, (node, message, advice); `refused` is what makes it no component,
    (node, rule, message, advice); `unread` are parts that could not be followed, (node, message, advice).
    """

    packages: tuple[str, ...] = ()
    base: str | None = None
    image: str | None = None
    left_out: tuple[tuple[ast.AST, str, str], ...] = ()
    refused: tuple[tuple[ast.AST, str, str, str], ...] = ()
    unread: tuple[tuple[ast.AST, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Setting:
    """A keyword's value, and the module in which its names mean something."""

    home: Module
    node: ast.expr


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """What stands behind a decorator: KFP's word for it, the keywords it ends up with, and what hides others."""

    word: str
    settings: Mapping[str, _Setting]
    hidden: tuple[ast.expr, ...] = ()


def read_decorators(module: Module, function: ast.FunctionDef) -> Told:
    """Read what the decorators of `function` say, and calls of the module that make a component of it."""
    settings: dict[str, _Setting] = {}
    refused: list[tuple[ast.AST, str, str, str]] = []
    unread: list[tuple[ast.AST, str, str]] = []
    makers: list[tuple[ast.AST, _Call]] = []
    for decorator in function.decorator_list:
        found = _followed(module, decorator)
        if found and found.word in _OTHER:
            what, advice = _OTHER[found.word]
            refused.append((decorator, "F012", f"{function.name!r} is {what}", advice))
        elif found:
            makers.append((decorator, found))
        elif _like_a_component(decorator):
            unread.append(
                (decorator, f"`@{_head(decorator)}` cannot be followed: its settings are not known", _WRITE_OUT)
            )
    makers += [(call, found) for call, found in _makers(module, function.name) if found.word in _COMPONENT]
    for node, found in makers:
        unread += [(node, f"`**{ast.unparse(one)}` cannot be followed", _WRITE_OUT) for one in found.hidden]
        for name, setting in found.settings.items():
            before = settings.get(name)
            if name in _READ and before and ast.dump(before.node) != ast.dump(setting.node):
                message = (
                    f"{name} is `{ast.unparse(before.node)}` and `{ast.unparse(setting.node)}`; the last one counts"
                )
                unread.append((node, message, "make two components of it, or write it into pyproject.toml"))
            settings[name] = setting
    values, left_out = _values(module, function, settings, refused)
    packages = values.get("packages_to_install") or ()
    return Told(
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
    """Work out the settings that are read; what cannot be goes to `refused`, or is left out."""
    values: dict[str, object] = {}
    # What another module says is remarked on where the function stands.
    places = {name: one.node if one.home is module else function for name, one in settings.items()}
    left_out: list[tuple[ast.AST, str, str]] = [
        (places[name], f"{name} is left out", _LEFT_OUT[name]) for name in settings if name in _LEFT_OUT
    ]
    for name, setting in settings.items():
        if name not in _READ:
            continue
        try:
            values[name] = constant_value(setting.home, setting.node)
        except NotKnown:
            message = f"{name} is no literal: `{ast.unparse(setting.node)}`"
            if name in _SETTINGS:
                # Where the code runs, it will not be asked for it.
                left_out.append((places[name], message, f"name it in pyproject.toml: [tool.comp] {_SETTINGS[name]}"))
            else:
                refused.append((places[name], "F007", message, "write the value itself, or in pyproject.toml"))
    return values, left_out


def word(module: Module, decorator: ast.expr) -> str | None:
    """Give the bare name of the KFP decorator that an expression stands for; None for anybody else's."""
    found = _followed(module, decorator)
    return found.word if found else None


def is_component(module: Module, decorator: ast.expr) -> bool:
    """Tell whether a decorator makes a component of a function."""
    return word(module, decorator) in _COMPONENT


def makes_component(module: Module, name: str) -> bool:
    """Tell whether a call of the module makes a component of the function `name`."""
    return any(found.word in _COMPONENT for _, found in _makers(module, name))


def _makers(module: Module, name: str) -> Iterator[tuple[ast.Call, _Call]]:
    """Find `create_component_from_func(name, …)` and its relatives, wherever they stand in the module."""
    for called, call in module.calls:
        found = _followed(module, call) if called == name else None
        if found:
            yield call, found


def _followed(module: Module, node: ast.expr, seen: set[int] | None = None) -> _Call | None:
    """Follow a decorator or call to KFP's own, through names, `partial(…)` and wrapping functions.

    `seen` are the pieces of code that have been followed: each is looked at once, whatever refers to it.
    """
    seen = set() if seen is None else seen
    called = node.func if isinstance(node, ast.Call) else node
    own, hidden = _keywords(module, node) if isinstance(node, ast.Call) else ({}, ())
    qualified = module.qualified(called) or ""
    name = qualified.rpartition(".")[2]
    if qualified.partition(".")[0] == _PACKAGES and (name in _COMPONENT or name in _OTHER):
        return _Call(word=name, settings=own, hidden=hidden)
    home, target = _definition(module, called)
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


def _with(found: _Call | None, own: Mapping[str, _Setting], hidden: tuple[ast.expr, ...]) -> _Call | None:
    if found is None:
        return None
    return _Call(word=found.word, settings={**found.settings, **own}, hidden=(*found.hidden, *hidden))


def _definition(module: Module, called: ast.expr) -> tuple[Module, ast.expr | ast.FunctionDef | None]:
    """Find what a name stands for in the module, or in one beside it."""
    dotted = module.qualified(called) or ""
    origin, _, name = dotted.lstrip(".").rpartition(".")
    home = module.neighbour(origin) if origin else module
    if home is None:
        return module, None
    if name in home.constants:
        return home, home.constants[name]
    functions = [one for one in home.functions() if one.name == name and isinstance(one, ast.FunctionDef)]
    return home, functions[0] if len(functions) == 1 else None


def _wrapped(home: Module, wrapper: ast.FunctionDef, module: Module, node: ast.expr, seen: set[int]) -> _Call | None:
    """Follow a function that calls KFP's decorator, with the arguments that the decorator gives it."""
    given = _bound(home, wrapper, module, node)
    # Of `partial(dsl.component, …)(…)` the outermost call is the whole, and comes first.
    calls = (part for part in ast.walk(wrapper) if isinstance(part, ast.Call))
    inner = next((one for call in calls if (one := _followed(home, call, seen))), None)
    if inner is None:
        return None
    settings = {name: _substituted(setting, given) for name, setting in inner.settings.items()}
    hidden = list(inner.hidden)
    rest = wrapper.args.kwarg.arg if wrapper.args.kwarg else None
    passed_on = [one for one in hidden if isinstance(one, ast.Name) and one.id == rest]
    if passed_on:
        hidden = [one for one in hidden if one not in passed_on]
        own, more = _keywords(module, node) if isinstance(node, ast.Call) else ({}, ())
        settings |= {name: one for name, one in own.items() if name not in given}
        hidden += more
    return _Call(word=inner.word, settings=settings, hidden=tuple(hidden))


def _bound(home: Module, wrapper: ast.FunctionDef, module: Module, node: ast.expr) -> dict[str, _Setting]:
    """Bind a wrapper's parameters to what the decorator gives, and to their defaults."""
    arguments = wrapper.args
    plain = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    defaults = zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)
    keyword_only = zip((one.arg for one in arguments.kwonlyargs), arguments.kw_defaults, strict=True)
    given = {name: _Setting(home=home, node=value) for name, value in (*defaults, *keyword_only) if value}
    if isinstance(node, ast.Call):
        given |= {name: _Setting(home=module, node=value) for name, value in zip(plain, node.args, strict=False)}
        own, _ = _keywords(module, node)
        given |= {
            name: one for name, one in own.items() if name in {*plain, *(one.arg for one in arguments.kwonlyargs)}
        }
    return given


def _substituted(setting: _Setting, given: Mapping[str, _Setting]) -> _Setting:
    """Put what a wrapper was given in the place of its parameters."""
    node = setting.node
    if isinstance(node, ast.Name) and node.id in given:
        return given[node.id]
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & {*given}
    if not used:
        return setting

    class Put(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.expr:
            return _literal(given[name.id]) if name.id in given else name

    return _Setting(home=setting.home, node=Put().visit(copy.deepcopy(node)))


def _literal(setting: _Setting) -> ast.expr:
    """Write a value out, since its names mean nothing, or something else, in another module."""
    try:
        return ast.parse(repr(constant_value(setting.home, setting.node)), mode="eval").body
    except (NotKnown, SyntaxError):
        return ast.Name(id=_UNKNOWN, ctx=ast.Load())


def _keywords(module: Module, call: ast.Call) -> tuple[dict[str, _Setting], tuple[ast.expr, ...]]:
    """Give a call's keywords, those of `**TABLE` too, and the `**` that cannot be followed."""
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
    """Take a dict apart that is written out, with the names of others in it; None when it is not."""
    if depth > _DEEPEST:
        return None
    found: dict[str, _Setting] = {}
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
            parts = [*((None, one) for one in arguments), *((one.arg, one.value) for one in keywords)]
        case _:
            home, target = _definition(module, node)
            return _pairs(home, target, depth + 1) if isinstance(target, ast.expr) else None
    for name, value in parts:
        inner = _pairs(module, value, depth + 1) if name is None else {name: _Setting(home=module, node=value)}
        if inner is None:
            return None
        found |= inner
    return found


def _like_a_component(decorator: ast.expr) -> bool:
    """Tell whether a decorator of others looks as if it made a component."""
    named = {keyword.arg for keyword in decorator.keywords} if isinstance(decorator, ast.Call) else set()
    return bool(named & _READ) or _head(decorator).rpartition(".")[2] in _COMPONENT


def _head(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
