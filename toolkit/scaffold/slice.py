"""Cut a function out of its module: the function, the names it reaches, their imports, and nothing else.

What stays behind is pipeline code and everything only it needs, so that the component imports in its own
image. Source text is taken as it stands, comments included; only imports are narrowed.
"""

import ast
import io
import symtable
import sys
import tokenize
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import InputError
from toolkit.interface.decorators import is_component
from toolkit.interface.module import Module

# `from kfp.dsl import …` for annotations becomes this: the same words without a dependency.
_VOCABULARY = "toolkit.types"
_REWRITTEN = ("kfp.dsl", "kfp.v2.dsl")
_WORDS = {
    *("Input", "Output", "InputPath", "OutputPath", "Artifact", "Dataset", "Model", "Metrics"),
    *("ClassificationMetrics", "SlicedClassificationMetrics", "HTML", "Markdown"),
}
_STAND_INS = {"kfp", "toolkit"}
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "google": "google-cloud-storage",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """A module cut out. `local` are modules beside it that it uses, as paths relative to the source's folder.

    `imported` are the top-level packages it imports that are neither Python's own nor local.
    """

    text: str
    local: tuple[Path, ...]
    imported: tuple[str, ...]


def slice_function(path: Path, *names: str) -> Slice:
    """Cut the functions `names` and all they reach out of the module at `path`."""
    module = Module.read(path)
    wanted, reached = _reach(module, names)
    pieces = [_piece(module, node, reached, names) for node in module.tree.body if node in wanted]
    imports = _grouped(module, [(node, text) for node, text in pieces if isinstance(node, ast.Import | ast.ImportFrom)])
    others = [text for node, text in pieces if not isinstance(node, ast.Import | ast.ImportFrom)]
    blocks = [part for part in (imports, *others) if part]
    local = _local_modules(path.parent, (node for node, _ in pieces), module)
    folder = path.parent
    trees = [*(node for node, _ in pieces), *(Module.read(folder / one).tree for one in local)]
    imported = sorted({top for tree in trees for top in _tops(tree)} - {_top(one) for one in local})
    return Slice(
        text="\n\n\n".join(blocks) + "\n",
        local=local,
        imported=tuple(top for top in imported if top not in sys.stdlib_module_names and top not in _STAND_INS),
    )


def whole_source(module: Module) -> Slice:
    """Take a module whole; what is said of it is where it stands."""
    folder = module.path.parent
    local = _local_modules(folder, iter(module.tree.body), module)
    trees = [module.tree, *(Module.read(folder / one).tree for one in local)]
    imported = sorted({top for tree in trees for top in _tops(tree)} - {_top(one) for one in local})
    known = {*sys.stdlib_module_names, *_STAND_INS}
    return Slice(text=module.text, local=local, imported=tuple(top for top in imported if top not in known))


def distribution(package: str) -> str:
    """Name the distribution that usually provides an imported package."""
    return _DISTRIBUTIONS.get(package, package.replace("_", "-"))


def _grouped(module: Module, imports: Sequence[tuple[ast.stmt, str]]) -> str:
    """Join imports, with an empty line where the source has one between them."""
    lines: list[str] = []
    before = imports[0][0].lineno if imports else 0
    for node, text in imports:
        between = module.lines[before : node.lineno - 1]
        lines += ["", text] if any(not line.strip() for line in between) else [text]
        before = node.end_lineno or node.lineno
    return "\n".join(lines)


def local_source(path: Path) -> bytes:
    """Give the content of a module that comes along; where it has no package any more, `from .a import b` is plain."""
    data = path.read_bytes()
    module = Module.read(path)
    relative = [node for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom) and node.level]
    if not relative or (path.parent / "__init__.py").exists():
        return data
    lines = module.text.split("\n")
    for node in relative:
        first, _, rest = lines[node.lineno - 1].partition("." * node.level)
        indent = first[: len(first) - len(first.lstrip())]
        lines[node.lineno - 1] = first + rest if node.module else indent + rest.lstrip()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return "\n".join(lines).encode(encoding)


def _reach(module: Module, names: Collection[str]) -> tuple[set[ast.stmt], set[str]]:
    """Find the statements of the module that the functions need, and the names that lead to them."""
    binding: dict[str, list[ast.stmt]] = {}
    scopes = {
        (scope.get_name(), scope.get_lineno()): scope
        for scope in symtable.symtable(module.text, str(module.path), "exec").get_children()
    }
    always = set()
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*"):
            always.add(node)
        for bound in {*_bound(node), *_changed(module, node)} - (set(names) if isinstance(node, ast.Expr) else set()):
            binding.setdefault(bound, []).append(node)
    wanted: set[ast.stmt] = set(always)
    reached: set[str] = set()
    waiting = [*names]
    while waiting:
        current = waiting.pop()
        if current in reached:
            continue
        reached.add(current)
        for node in binding.get(current, ()):
            if node not in wanted or isinstance(node, ast.Import | ast.ImportFrom):
                wanted.add(node)
                drop = isinstance(node, ast.FunctionDef) and node.name in names
                scope = scopes.get((getattr(node, "name", ""), node.lineno))
                waiting += _used(node, scope, without_decorators=drop, module=module)
    return wanted, reached


def _bound(node: ast.stmt) -> Iterator[str]:
    """Name what a statement binds at module level."""
    match node:
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return  # a program's own start, which no import runs
        case _:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
                elif isinstance(part, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
                    yield from _bound(part)


def _changed(module: Module, node: ast.stmt) -> Iterator[str]:
    """Name what a statement changes without binding it: `TABLE["a"] = 1`, `NAMES.append(…)`, `matplotlib.use(…)`."""
    targets: list[ast.expr] = []
    match node:
        case ast.Assign(targets=several):
            targets += several
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            targets.append(target)
        case ast.Expr(value=ast.Call(func=ast.Attribute() as called)):
            targets.append(called.value)
    for changed in targets:
        root = changed
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        # Calls of the vocabularies' packages define pipelines.
        if isinstance(root, ast.Name) and (module.qualified(root) or "").partition(".")[0] not in _STAND_INS:
            yield root.id


def _globals(scope: symtable.SymbolTable) -> Iterator[str]:
    yield from (symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global())
    for inner in scope.get_children():
        yield from _globals(inner)


def _used(node: ast.stmt, scope: symtable.SymbolTable | None, *, without_decorators: bool, module: Module) -> list[str]:
    """Name what a statement uses; texts in annotations count, since they may be annotations in quotes.

    `scope` is that of a function or class: its own variables are none of the module's.
    """
    skipped: set[ast.AST] = set()
    if without_decorators and isinstance(node, ast.FunctionDef):
        for decorator in node.decorator_list:
            if is_component(module, decorator):
                skipped |= set(ast.walk(decorator))
    names: list[str] = []
    if scope:
        names += _globals(scope)
        skipped |= {inner for part in getattr(node, "body", ()) for inner in ast.walk(part)}
    for part in ast.walk(node):
        if part in skipped and not isinstance(part, ast.arg | ast.AnnAssign | ast.FunctionDef):
            continue
        if isinstance(part, ast.Name):
            names.append(part.id)
        annotation = getattr(part, "annotation", None) or getattr(part, "returns", None)
        for text in ast.walk(annotation) if isinstance(annotation, ast.expr) else ():
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                names += [word.id for word in _words(text.value)]
    return names


def _words(text: str) -> Iterator[ast.Name]:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        return
    yield from (part for part in ast.walk(tree) if isinstance(part, ast.Name))


def _piece(module: Module, node: ast.stmt, reached: set[str], names: Collection[str]) -> tuple[ast.stmt, str]:
    """Give a statement's text; of an import only what is reached, of the functions not their component decorators."""
    if isinstance(node, ast.Import):
        kept = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) in reached]
        return node, ast.unparse(ast.Import(names=kept))
    if isinstance(node, ast.ImportFrom):
        return node, _import_from(node, reached)
    lines = module.text.splitlines()
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    texts = []
    if isinstance(node, ast.FunctionDef) and node.name in names:
        for decorator in decorators:
            if not is_component(module, decorator):
                texts += lines[decorator.lineno - 1 : decorator.end_lineno]
        texts += lines[node.lineno - 1 : node.end_lineno]
    else:
        texts += lines[first - 1 : node.end_lineno]
    return node, "\n".join([*_comments_above(lines, first), *texts])


def _comments_above(lines: list[str], first: int) -> list[str]:
    start = first - 1
    while start > 0 and lines[start - 1].startswith("#") and not lines[start - 1].startswith("#!"):
        start -= 1
    return lines[start : first - 1]


def _import_from(node: ast.ImportFrom, reached: set[str]) -> str:
    names = node.names
    if node.module != "__future__" and names[0].name != "*":
        names = [alias for alias in names if (alias.asname or alias.name) in reached]
    if node.level > 1:
        raise InputError(
            f"`{ast.unparse(node)}` leads out of the folder", hint="copy what it names beside the function"
        )
    module = node.module or ""
    if module in _REWRITTEN and not node.level and all(alias.name in _WORDS for alias in names):
        module = _VOCABULARY
    if node.level and not node.module:
        # `from . import helpers`: beside the function there is no package any more.
        return ast.unparse(ast.Import(names=names))
    return ast.unparse(ast.ImportFrom(module=module, names=names, level=0))


def _local_modules(folder: Path, nodes: Iterator[ast.stmt], module: Module) -> tuple[Path, ...]:
    """List the files beside the source that the statements import, and what those import in turn."""
    found: dict[Path, None] = {}
    waiting = [top for node in nodes for top in _tops(node)]
    own = module.path.name
    while waiting:
        top = waiting.pop()
        single, package = folder / f"{top}.py", folder / top
        files = (
            [single]
            if single.is_file()
            else sorted(package.rglob("*.py"))
            if (package / "__init__.py").is_file()
            else []
        )
        for file in files:
            relative = file.relative_to(folder)
            if relative in found or (file.name == own and file.parent == folder):
                continue
            found[relative] = None
            waiting += _tops(Module.read(file).tree)
    return tuple(sorted(found))


def _tops(tree: ast.AST) -> list[str]:
    """Name the top-level packages that a piece of code imports."""
    tops = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tops += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            tops += [node.module.partition(".")[0]] if node.module else [alias.name for alias in node.names]
    return tops


def _top(path: Path) -> str:
    return path.parts[0].removesuffix(".py")
