"""What a call such as `load_component_from_file(…)` loads, as far as the code itself says it."""

import ast
import os
from pathlib import Path

from toolkit.consumers.use import Named
from toolkit.errors import FindingsError, InputError
from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module
from toolkit.registry.consuming.lock import read_components_lock
from toolkit.registry.consuming.lock_place import lock_above
from toolkit.registry.names import parse_name, parse_request
from toolkit.spec.reader import parse_document

# The calls that give a component, by their last word; the keyword that each argument has.
_LOADERS = {
    "load_component_from_file": ("filename",),
    "load_component_from_url": ("url",),
    "load_component_from_text": ("text",),
    # KFP 1.8's own, and that of its ComponentStore.
    "load_component": ("filename", "url", "text"),
}
_BY_LOCK = "toolkit.load"
_PATHS = {"pathlib.Path", "pathlib.PurePath", "Path", "str", "os.fspath", "os.path.join"}
_SAME = {"abspath", "realpath", "normpath", "expanduser"}
_METHODS = {"resolve", "absolute", "as_posix", "expanduser"}
_DEEPEST = 50


def is_loader(module: Module, call: ast.Call) -> bool:
    """Return whether a call gives a component that was loaded."""
    return module.qualified(call.func) == _BY_LOCK or _last_word(module, call) in _LOADERS


def _last_word(module: Module, call: ast.Call) -> str:
    name = module.qualified(call.func) or str(getattr(call.func, "attr", ""))
    return name.rpartition(".")[2]


def loaded(module: Module, call: ast.Call) -> Named | None:
    """Return what a call loads; None if it is known only when the code runs."""
    if module.qualified(call.func) == _BY_LOCK:
        return _locked(module, call.args)
    word = _last_word(module, call)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    by_place = dict(zip(_LOADERS[word], call.args, strict=False))
    given = {name: node for name in _LOADERS[word] if (node := by_place.get(name) or keywords.get(name))}
    try:
        if "text" in given:
            return _titled(_text(module, given["text"], 0), module.path)
        if "url" in given:
            return Named(address=_text(module, given["url"], 0))
        # A store's `load_component` takes the component's name, KFP's own function a file.
        text = _text(module, given["filename"] if "filename" in given else keywords["name"], 0)
    except (KeyError, NotKnown):
        return None
    if word == "load_component" and not text.endswith((".yaml", ".yml")):
        return Named(address=f"{text}/component.yaml")
    return _file(module, text)


def requested(module: Module, node: ast.expr) -> Named | None:
    """Return what a step of a stub module loads: a file, whose path begins with a dot, or a locked component."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("."):
        return _file(module, node.value)
    return _locked(module, [node])


def _locked(module: Module, arguments: list[ast.expr]) -> Named | None:
    """Return the copy of the locked component that `toolkit.load` takes; None without one."""
    lock = lock_above(module.path.resolve().parent)
    try:
        request = parse_request(_text(module, arguments[0], 0))
        entries = read_components_lock(lock) if lock else {}
        names = [name for name in entries if request.is_of(parse_name(name))]
    except (IndexError, NotKnown, InputError):
        return None
    if lock is None or len(names) != 1:
        return None
    return Named(places=(Path(os.path.normpath(lock.parent / str(entries[names[0]].get("path", "")))),))


def _file(module: Module, text: str) -> Named:
    """Return a file: a relative one stands beside the module, or in a folder above, where the code is run."""
    home = module.path.resolve().parent
    places = [Path(os.path.normpath(folder / text)) for folder in (home, Path.cwd(), *home.parents)]
    return Named(places=tuple(dict.fromkeys(places)))


def _titled(text: str, path: Path) -> Named | None:
    """Return the name of the component whose contract is written out."""
    try:
        return Named(title=parse_document(text, path).spec.name)
    except FindingsError:
        return None


def _text(module: Module, node: ast.expr, depth: int) -> str:  # noqa: C901, PLR0911 (one case for each form)
    """Return the text or path that an expression gives. Raises NotKnown."""
    if depth > _DEEPEST:
        raise NotKnown(node)
    deeper = depth + 1
    match node:
        case ast.Name(id="__file__"):
            return str(module.path.resolve())
        case ast.Name(id=name) if name in module.constants:
            return _text(module, module.constants[name], deeper)
        case ast.Attribute(value=value, attr="parent"):
            return str(Path(_text(module, value, deeper)).parent)
        case ast.Subscript(value=ast.Attribute(value=value, attr="parents"), slice=ast.Constant(value=int(up))):
            path = Path(_text(module, value, deeper))
            if 0 <= up < len(path.parents):
                return str(path.parents[up])
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return str(Path(_text(module, left, deeper), _text(module, right, deeper)))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(module, left, deeper) + _text(module, right, deeper)
        case ast.JoinedStr(values=parts):
            return "".join(_text(module, part, deeper) for part in parts)
        case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
            return _text(module, inner, deeper)
        case ast.Call(func=func, args=arguments):
            return _called(module, func, arguments, deeper)
    value = constant_value(module, node)
    if not isinstance(value, str):
        raise NotKnown(node)
    return value


def _called(module: Module, func: ast.expr, arguments: list[ast.expr], depth: int) -> str:
    """Return what a function of paths gives. Raises NotKnown."""
    name = module.qualified(func) or ""
    texts = [_text(module, argument, depth) for argument in arguments]
    if name in _PATHS and texts:
        return str(Path(*texts))
    if name == "os.path.dirname" and len(texts) == 1:
        return str(Path(texts[0]).parent)
    if name.startswith("os.path.") and name.rpartition(".")[2] in _SAME and len(texts) == 1:
        return texts[0]
    if isinstance(func, ast.Attribute) and func.attr in _METHODS and not texts:
        return _text(module, func.value, depth)
    if isinstance(func, ast.Attribute) and func.attr == "joinpath":
        return str(Path(_text(module, func.value, depth), *texts))
    raise NotKnown(func)
