"""Functions in KFP 1.8's vocabulary, in a module of Python, rewritten to KFP 2's.

A function is a component if `func_to_container_op` or `create_component_from_func` takes it, as a decorator or in a
call. Code is read by `ast`, and never run; only what has to change is replaced, and the rest of a line stays.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.errors import Location
from toolkit.interface.module import Module, parameters
from toolkit.migration.annotations import KFP1_TYPES, Annotation, default_as, returned, written_annotation
from toolkit.migration.calls import callables, called
from toolkit.migration.contract import Made, ToDo
from toolkit.migration.leftovers import leftovers, unknown_functions
from toolkit.spec.rewriting import Replacement, are_apart, replaced

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
# Of kfp 1.8.22 (`components/_python_op.py`), with the names of their arguments by position.
_MAKERS: Mapping[str, tuple[str, ...]] = {
    "kfp.components.create_component_from_func": (
        *("func", "output_component_file", "base_image", "packages_to_install", "annotations"),
    ),
    "kfp.components.func_to_container_op": (
        *("func", "output_component_file", "base_image", "extra_code", "packages_to_install", "modules_to_capture"),
        *("use_code_pickling", "annotations"),
    ),
}
_KEPT = frozenset({"func", "output_component_file", "base_image", "packages_to_install"})
_MOVED = {"InputPath", "OutputPath"}
_FILES = {
    "InputTextFile": ("InputPath", ""),
    "InputBinaryFile": ("InputPath", ', "rb"'),
    "OutputTextFile": ("OutputPath", ', "w"'),
    "OutputBinaryFile": ("OutputPath", ', "wb"'),
}
_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


class Source(Struct, frozen=True, kw_only=True):
    """The text of a module."""

    path: Path
    text: str


class MigratedModule(Struct, frozen=True, kw_only=True):
    """A module before and after, what was changed, and what is left; its callers are not compared."""

    old: Source
    new: Source
    made: tuple[Made, ...]
    left: tuple[ToDo, ...]
    comparison: None = None


def migrate_module(source: Source, environ: Mapping[str, str]) -> MigratedModule:
    """Return a module whose components KFP 2 reads. Raises FindingsError for code that cannot be parsed."""
    # Python passes over a byte-order mark at the beginning, and `ast` does not.
    mark = "\ufeff" if source.text.startswith("\ufeff") else ""
    work = _Module(Source(path=source.path, text=source.text.removeprefix(mark)), environ)
    work.run()
    changes = sorted(set(work.changes))
    if not are_apart(changes):
        work.left.append(work.todo(work.module.tree, "module", "changes of this module touch", "change it by hand"))
        changes, work.made = [], []
    text = replaced(work.text, changes)
    Module.parse(source.path, text, environ)
    return MigratedModule(
        old=source,
        new=Source(path=source.path, text=mark + text),
        made=tuple(sorted(work.made, key=_line)),
        left=tuple(sorted(work.left, key=_line)),
    )


class _Module:
    """A module on its way."""

    def __init__(self, source: Source, environ: Mapping[str, str]) -> None:
        self.text = source.text
        self.module = Module.parse(source.path, source.text, environ)
        self.changes: list[Replacement] = []
        self.made: list[Made] = []
        self.left: list[ToDo] = []
        self._lines = _LINE.findall(source.text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._needs_dsl: ast.stmt | None = None
        self._end = "\r\n" if "\r\n" in source.text else "\n"

    def run(self) -> None:
        """Change imports, then what makes components, then the functions."""
        functions = dict.fromkeys(self._components())
        self.left += [*leftovers(self.module), *unknown_functions(self.module, functions, _MAKERS)]
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.Name | ast.Attribute):
                self._reference(node)
            elif isinstance(node, ast.Call):
                self._call(node)
        inputs = {function.name: self._function(function) for function in functions}
        for name, made in callables(self.module, functions, self._maker).items():
            for call in called(self.module, name):
                self._name_arguments(call, inputs[made.name])
        self._import_dsl()

    def todo(self, node: ast.AST, kind: str, why: str, advice: str) -> ToDo:
        """Return something for a person to do."""
        return ToDo(kind=kind, where=self._where(node), why=why, advice=advice)

    def _components(self) -> Iterator[ast.FunctionDef]:
        """Yield the functions that are made into components by KFP 1.8's calls and decorators."""
        made = {name for name, call in self.module.calls if self.module.qualified(call.func) in _MAKERS}
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.FunctionDef) and (
                node.name in made or any(self._maker(decorator) for decorator in node.decorator_list)
            ):
                yield node

    def _maker(self, decorator: ast.expr) -> bool:
        """Return whether a decorator makes a component, also in a partial."""
        names = {self.module.qualified(part) for part in ast.walk(decorator) if isinstance(part, ast.expr)}
        return bool(names & _MAKERS.keys())

    def _import(self, node: ast.ImportFrom) -> None:
        """Take what moved from `kfp.components`, and everything of `kfp.v2`, from where it is in KFP 2."""
        origin = node.module or ""
        if node.level == 0 and (origin == "kfp.v2" or origin.startswith("kfp.v2.")):
            start = self._offset(node)
            at = self.text.index("kfp.v2", start)
            self._change(at, at + len("kfp.v2"), "kfp")
            self._note(node, "import", "KFP 2 has no kfp.v2", f"from {origin.replace('kfp.v2', 'kfp', 1)} import …")
            return
        if node.level == 0 and origin == "kfp.dsl.types":
            self._import_types(node)
        if node.level or origin != "kfp.components":
            return
        kept = [alias for alias in node.names if f"{origin}.{alias.name}" not in _MAKERS and alias.name not in _FILES]
        moved = [alias for alias in kept if alias.name in _MOVED]
        kept = [alias for alias in kept if alias.name not in _MOVED]
        names = {_named(alias): None for alias in moved}
        names |= {_FILES[alias.name][0]: None for alias in node.names if alias.name in _FILES}
        makes = any(f"{origin}.{alias.name}" in _MAKERS for alias in node.names)
        if not names and not makes:
            return
        lines = [f"from kfp.components import {', '.join(map(_named, kept))}"] if kept else []
        lines += [f"from kfp.dsl import {', '.join(names)}"] if names else []
        lines += ["from kfp import dsl"] if makes and self.module.imports.get("dsl") != "kfp.dsl" else []
        start, end = self._offset(node), self._end_offset(node)
        if "#" in self.text[start:end]:
            self.left.append(self.todo(node, "import", "KFP 2 has these names in kfp.dsl", f"write {'; '.join(lines)}"))
            return
        indent = " " * node.col_offset
        self._change(start, end, f"{self._end}{indent}".join(lines) or "pass")
        self._note(node, "import", "KFP 2 has these names in kfp.dsl, or others for them", "; ".join(lines))

    def _import_types(self, node: ast.ImportFrom) -> None:
        """Drop the types of `kfp.dsl.types` that KFP 2 has not."""
        kept = [alias for alias in node.names if f"kfp.dsl.types.{alias.name}" not in KFP1_TYPES]
        if len(kept) == len(node.names):
            return
        start, end = self._offset(node), self._end_offset(node)
        text = f"from kfp.dsl.types import {', '.join(map(_named, kept))}" if kept else "pass"
        if not kept and node.col_offset == 0:
            text, end = "", self._starts[node.end_lineno or node.lineno]
        self._change(start, end, text)
        self._note(node, "import", "KFP 2 has none of these types", text or "nothing")

    def _reference(self, node: ast.Name | ast.Attribute) -> None:
        """Name in KFP 2's way what stood in `kfp.components`."""
        name = self.module.qualified(node) or ""
        if name in _MAKERS:
            self._use_dsl(node)
            self._replace(node, "dsl.component")
            self._note(node, "maker", f"KFP 2 has no {name.rpartition('.')[2]}", "dsl.component")
        elif name.startswith("kfp.components.") and name.rpartition(".")[2] in (*_MOVED, *_FILES):
            short = name.rpartition(".")[2]
            new = _FILES[short][0] if short in _FILES else short
            if isinstance(node, ast.Attribute):
                self._use_dsl(node)
                self._replace(node, f"dsl.{new}")
                self._note(node, "annotation", f"KFP 2 has no {short} in kfp.components", f"dsl.{new}")
            elif short in _FILES:
                self._replace(node, new)

    def _call(self, node: ast.Call) -> None:
        """Give the arguments of a call that makes a component their names, and drop those that KFP 2 has not."""
        names = _MAKERS.get(self.module.qualified(node.func) or "")
        if names is None:
            return
        for name, value in zip(names[1:], node.args[1:], strict=False):
            self._change(self._offset(value), self._offset(value), f"{name}=")
        given = [*zip(names, node.args, strict=False), *((word.arg or "", word.value) for word in node.keywords)]
        for index, (name, value) in enumerate(given):
            if name == "annotations" and index:
                self._change(self._end_offset(given[index - 1][1]), self._end_offset(value), "")
                self._note(value, "argument", "dsl.component takes no annotations", "nothing")
            elif name and name not in _KEPT:
                advice = "put the code into the function, or into the image"
                self.left.append(self.todo(value, "argument", f"dsl.component takes no {name}", advice))

    def _name_arguments(self, call: ast.Call, inputs: list[str]) -> None:
        """Give the arguments of a component's call their names."""
        if any(isinstance(value, ast.Starred) for value in call.args) or len(call.args) > len(inputs):
            why = "KFP 2 takes arguments by name alone"
            self.left.append(self.todo(call, "call", why, f"write the names: {', '.join(inputs) or 'it has none'}"))
            return
        for name, value in zip(inputs, call.args, strict=False):
            self._change(self._offset(value), self._offset(value), f"{name}=")
        if call.args:
            written = ", ".join(f"{name}=…" for name in inputs[: len(call.args)])
            self._note(call, "call", "KFP 2 takes arguments by name alone", written)

    def _function(self, function: ast.FunctionDef) -> list[str]:
        """Change a function's annotations and the names of its files; return its inputs as KFP 1.8 orders them."""
        opened: list[str] = []
        inputs: list[tuple[bool, str]] = []
        for argument, default in parameters(function):
            found = written_annotation(self.module, argument.annotation)
            if not found.maker.startswith("Output"):
                inputs.append((default is not None, self._new_name(function, argument, found)))
        for argument, default in parameters(function):
            found = written_annotation(self.module, argument.annotation)
            if found.left:
                why = f"KFP 2 has no type for {argument.arg!r} of {function.name}"
                self.left.append(self.todo(argument, "annotation", why, found.left))
                continue
            self._annotate(argument, default, found)
            self._default(argument, default, found)
            if found.is_file:
                opened += self._file(function, argument, found)
        result = returned(self.module, function.returns)
        for node, text in result.replaced:
            self._replace(node, text)
            self._note(node, "annotation", f"KFP 2 has no type {ast.unparse(node)} for a value", text)
        if result.left and function.returns:
            why = f"KFP 2 has no type for what {function.name} returns"
            self.left.append(self.todo(function.returns, "annotation", why, result.left))
        if opened:
            self._insert(function, opened)
        # Stable: those without a default come first.
        return [name for _, name in sorted(inputs, key=lambda each: each[0])]

    def _annotate(self, argument: ast.arg, default: ast.expr | None, found: Annotation) -> None:
        """Write the annotation of a parameter in KFP 2's way."""
        if argument.annotation is None:
            end = self._end_offset(argument)
            following = self._offset(default) if default is not None else end
            # PEP 8 has spaces around the `=` of a parameter with a type.
            if self.text[end:following].strip() == "=":
                self._change(end, following, f": {found.text} = ")
            else:
                self._change(end, end, f": {found.text}")
            written = f"{argument.arg}: {found.text}"
            self._note(argument, "annotation", f"KFP 2 wants a type for {argument.arg!r}", written)
        elif found.node is not None:
            self._replace(found.node, found.text)
            self._note(argument, "annotation", found.why, found.text or "no type: it takes every artifact")

    def _default(self, argument: ast.arg, default: ast.expr | None, found: Annotation) -> None:
        """Write a default as a value of its parameter's type: KFP 1.8 passes it as a text, and reads that."""
        type_ = found.text or self.module.qualified(argument.annotation or ast.Constant(None)) or ""
        if default is None or found.is_file or (text := default_as(type_, default)) is None:
            return
        self._replace(default, text)
        why = f"KFP 2 refuses the default {ast.unparse(default)} of {argument.arg!r} as a {type_}"
        self._note(default, "default", why, text)

    def _file(self, function: ast.FunctionDef, argument: ast.arg, found: Annotation) -> list[str]:
        """Return the statements that give a file's parameter the name, or the open file, that the code expects."""
        old, new = argument.arg, self._new_name(function, argument, found)
        mode = _FILES[found.maker][1] if found.maker in _FILES else None
        if (wanted := _kfp1_name(old, found.maker)) != new:
            advice = f"rename the parameter to {wanted!r}, or rename the argument where pipelines call it"
            why = f"KFP 1.8 calls {old!r} of {function.name} {wanted!r}, and KFP 2 leaves the name as it is"
            self.left.append(self.todo(argument, "parameter", why, advice))
        if new != old:
            start = self._offset(argument)
            self._change(start, start + len(old), new)
            self._describe(function, old, new)
            self._note(argument, "parameter", f"KFP 1.8 calls {old!r} {new!r}, and KFP 2 leaves names as they are", new)
        if mode is not None:
            self._note(argument, "file", f"KFP 2 passes paths alone, not {found.maker}", f"{old} = open({new}{mode})")
            return [f"{old} = open({new}{mode})"]
        return [f"{old} = {new}"] if new != old else []

    def _describe(self, function: ast.FunctionDef, old: str, new: str) -> None:
        """Rename a parameter where the docstring describes it, since KFP 2 looks descriptions up by name."""
        if ast.get_docstring(function) is None:
            return
        start, end = self._offset(function.body[0]), self._end_offset(function.body[0])
        # `name:`, `name (type):` and `:param name:`.
        described = re.compile(
            rf"^[ \t]*(?::param[ \t]+)?({re.escape(old)})(?=[ \t]*(?:\([^)\r\n]*\))?[ \t]*:)", re.MULTILINE
        )
        for found in described.finditer(self.text, start, end):
            self._change(*found.span(1), new)

    def _new_name(self, function: ast.FunctionDef, argument: ast.arg, found: Annotation) -> str:
        """Return the name that a parameter gets: that of KFP 1.8's port, unless it would hide another name."""
        name = _kfp1_name(argument.arg, found.maker) if found.is_file else argument.arg
        taken = _outer_names(function) | {other.arg for other, _ in parameters(function)}
        return argument.arg if name in taken or not name.isidentifier() else name

    def _insert(self, function: ast.FunctionDef, statements: list[str]) -> None:
        """Put statements at the beginning of a function's body, behind its docstring."""
        body = function.body
        if body[0].lineno == function.lineno or (len(body) == 1 and ast.get_docstring(function) is not None):
            # The body stands on the line of the `def`, or is missing.
            if body[0].lineno == function.lineno:
                self._change(self._offset(body[0]), self._offset(body[0]), "; ".join([*statements, ""]))
                return
            end = self._end_offset(body[0])
            indent = " " * body[0].col_offset
            self._change(end, end, "".join(f"{self._end}{indent}{each}" for each in statements))
            return
        first = body[1] if ast.get_docstring(function) is not None else body[0]
        decorators = getattr(first, "decorator_list", [])
        line = min([first.lineno, *(each.lineno for each in decorators)])
        start, indent = self._starts[line - 1], " " * first.col_offset
        self._change(start, start, "".join(f"{indent}{each}{self._end}" for each in statements))

    def _use_dsl(self, node: ast.AST) -> None:
        """Remember that the name `dsl` is needed."""
        taken = self.module.imports.get("dsl")
        if taken not in {None, "kfp.dsl", "kfp.v2.dsl"}:
            why = f"`dsl` is {taken} in this module"
            self.left.append(self.todo(node, "import", why, "import kfp.dsl under another name"))
        elif taken is None and self._needs_dsl is None:
            self._needs_dsl = next(_imports_of_kfp(self.module.tree), None)

    def _import_dsl(self) -> None:
        """Import `dsl` behind the first import of kfp, unless that became an import of it."""
        if self._needs_dsl is None or any("from kfp import dsl" in change.text for change in self.changes):
            return
        end = self._end_offset(self._needs_dsl)
        indent = " " * self._needs_dsl.col_offset
        self._change(end, end, f"{self._end}{indent}from kfp import dsl")
        self._note(self._needs_dsl, "import", "what was in kfp.components is in kfp.dsl", "from kfp import dsl")

    def _replace(self, node: ast.expr, text: str) -> None:
        self._change(self._offset(node), self._end_offset(node), text)

    def _change(self, start: int, end: int, text: str) -> None:
        self.changes.append(Replacement(start, end, text))

    def _note(self, node: ast.AST, kind: str, why: str, written: str) -> None:
        self.made.append(Made(kind=kind, where=self._where(node), why=why, written=written))

    def _where(self, node: ast.AST) -> Location:
        found = self.module.at(node)
        return Location(path=found.path, line=found.line, column=found.column)

    def _offset(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Return where a node begins; `ast` counts bytes of UTF-8."""
        return self._at(node.lineno, node.col_offset)

    def _end_offset(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Return where a node ends."""
        return self._at(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode(errors="replace"))


def _imports_of_kfp(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the imports of kfp that bind names of the module, those under a condition too, in order."""
    waiting: list[ast.AST] = [*reversed(tree.body)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            if any(name.partition(".")[0] == "kfp" for name in names):
                yield node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _outer_names(function: ast.FunctionDef) -> set[str]:
    """Return the names that a function uses and does not bind itself: a parameter of that name would hide them."""
    used = {part.id for part in ast.walk(function) if isinstance(part, ast.Name)}
    bound: set[str] = set()
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            return used
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name.partition(".")[0])
        # What a nested scope binds is its own.
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
    return used - bound


def _named(alias: ast.alias) -> str:
    """Return one name of an import as it is written."""
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _kfp1_name(name: str, maker: str) -> str:
    """Return the name that KFP 1.8 gives the port of a file's parameter (`components/_python_op.py`)."""
    if maker in _MOVED:
        name = name.removesuffix("_path")
    return name.removesuffix("_file")


def _line(each: Made | ToDo) -> tuple[int, int]:
    """Return the order in which a report lists changes."""
    return each.where.line or 0, each.where.column or 0
