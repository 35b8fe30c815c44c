"""A Python module, parsed and never imported: its imports, constants, classes and functions by name."""

import ast
import io
import re
import symtable
import sys
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from toolkit.errors import Finding, FindingsError, InputError, Location, OutsideError, Severity
from toolkit.interface.lines import python_lines
from toolkit.interface.newer_parser import as_older, parse_newer, parse_oldest
from toolkit.interface.newer_syntax import least_minor, newer_syntax
from toolkit.limits import NOTEBOOK_SIZE
from toolkit.system.reading import read_foreign
from toolkit.words import in_bytes

# Bytes of a module; a notebook may have more, for its outputs.
_LARGEST = 16 << 20
# File systems take 255 bytes for a name; a suffix has to fit too.
_LONGEST, _LONGEST_PATH = 200, 1024
# Python refuses to write integers of more than 4,300 digits (`sys.int_info.default_max_str_digits`).
MOST_BITS = 14_000
# A text without one needs no search of its tree.
_MANY_DIGITS = re.compile(r"[0-9a-fA-F_]{3000}")


class Module(Struct):
    """One source file.

    `imports` maps a name to what it stands for: `d` to `kfp.dsl`, `Input` to `kfp.dsl.Input`. `stars` are the modules
    of `from … import *`. `constants` are the names that are assigned once. `calls` are the calls with a name as their
    first argument, with that name. `minor` is the minor version that the code needs, if newer than the oldest that comp
    runs on. `cells` are the first lines of a notebook's cells, with the cells' numbers. `environ` leads to newer
    Pythons, for the modules beside this one too.
    """

    path: Path
    text: str
    tree: ast.Module
    environ: Mapping[str, str]
    cells: tuple[tuple[int, int], ...] = ()
    imports: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    calls: list[tuple[str, ast.Call]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    minor: int | None = None
    neighbours: dict[str, "Module | None"] = field(default_factory=dict)
    _again: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path, environ: Mapping[str, str]) -> "Module":
        """Parse the file at `path`. Raises FindingsError (F001) for code that no Python of `environ` can read."""
        return cls.parse(path, _source(path), environ)

    @classmethod
    def parse(
        cls, path: Path, text: str, environ: Mapping[str, str], *, cells: tuple[tuple[int, int], ...] = ()
    ) -> "Module":
        """Parse a text; `path` stands in messages, and neighbours are looked for beside it. Raises FindingsError."""
        try:
            tree, minor = _parsed(path, text, environ, cells=cells)
        except SyntaxError as error:
            where = _placed(path, cells, error.lineno, error.offset)
            raise _unreadable(where, f"syntax error: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise _unreadable(Location(path=path), f"cannot be parsed: {error}") from None
        if _MANY_DIGITS.search(text):
            _check_numbers(path, tree)
        lines = python_lines(text)
        module = cls(path=path, text=text, tree=tree, environ=environ, cells=cells, lines=lines, minor=minor)
        for node in _statements(tree.body):
            module.note(node)
        at_module_level = dict(module.imports)
        for part in ast.walk(tree):
            if isinstance(part, ast.Call):
                module.note_call(part)
            elif isinstance(part, ast.Import | ast.ImportFrom) and not any(alias.name == "*" for alias in part.names):
                module._imported(part)
        # An import inside a function counts unless the module imports that name itself.
        module.imports |= at_module_level
        return module

    def note(self, node: ast.stmt) -> None:
        """Remember what a statement at module level binds."""
        match node:
            case ast.Import() | ast.ImportFrom():
                self._imported(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._constant(name, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._constant(name, value)
            case ast.AugAssign(target=ast.Name(id=name)):
                # It changes the name, which thereby has two values.
                self._constant(name, node.value)
                self._constant(name, node.value)
            case ast.ClassDef():
                self.classes[node.name] = node

    def qualified(self, node: ast.expr) -> str | None:
        """Return the dotted name of an expression, with imports resolved; None for other expressions."""
        match node:
            case ast.Name(id=name):
                return self.imports.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                owner = self.qualified(value)
                return f"{owner}.{attribute}" if owner else None
            case _:
                return None

    def _imported(self, node: ast.Import | ast.ImportFrom) -> None:
        """Remember the names that an import binds."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                # `import a.b` binds `a`, `import a.b as c` binds `c` to `a.b`.
                name = alias.asname or alias.name.partition(".")[0]
                self.imports[name] = alias.name if alias.asname else name
            return
        origin = "." * node.level + (node.module or "")
        for alias in node.names:
            self.imports[alias.asname or alias.name] = f"{origin}.{alias.name}"
            if alias.name == "*":
                self.stars.append(origin)

    def note_call(self, call: ast.Call) -> None:
        """Remember a call whose first argument is a name, or that takes a function by KFP's keywords."""
        arguments = [*call.args, *(word.value for word in call.keywords if word.arg in {"func", "component_func"})]
        if arguments and isinstance(arguments[0], ast.Name):
            self.calls.append((arguments[0].id, call))

    def _constant(self, name: str, value: ast.expr) -> None:
        """Remember a value; a name that is assigned twice is not a constant."""
        if name in self.constants or name in self._again:
            self._again.add(name)
            self.constants.pop(name, None)
        else:
            self.constants[name] = value

    def neighbour(self, name: str) -> "Module | None":
        """Return the module `name` beside this one; None if it is missing or cannot be parsed."""
        if not nameable(name):
            return None
        # Modules may import each other, so each is read once.
        if name not in self.neighbours:
            path = self._beside(name)
            is_neighbour = path.is_file() and path != self.path
            try:
                self.neighbours[name] = Module.read(path, self.environ) if is_neighbour else None
            except FindingsError:
                self.neighbours[name] = None
        return self.neighbours[name]

    def looked_for(self) -> Iterator[Path]:
        """Yield the files beside this module that were looked for, present or not: a change of them changes it."""
        for name, neighbour in self.neighbours.items():
            yield self._beside(name)
            if neighbour:
                yield from neighbour.looked_for()

    def _beside(self, name: str) -> Path:
        return self.path.parent.joinpath(*name.split(".")).with_suffix(".py")

    def find_class(self, node: ast.expr) -> "tuple[Module, ast.ClassDef] | None":
        """Return the class that an expression names, in this module or one beside it, with its module; else None."""
        if isinstance(node, ast.Name) and node.id in self.classes:
            return self, self.classes[node.id]
        # A relative import of one dot names a module beside this one as well.
        origin, _, name = (self.qualified(node) or "").lstrip(".").rpartition(".")
        home = self.neighbour(origin) if origin else None
        return (home, home.classes[name]) if home and name in home.classes else None

    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Return the functions at module level, also those inside `if` and `try`, in order."""
        return [
            node for node in _statements(self.tree.body) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    def nested(self) -> list[ast.FunctionDef]:
        """Return the functions that are defined inside functions, in order."""
        outer = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [part for node in outer for part in _statements(node.body) if isinstance(part, ast.FunctionDef)]

    def table(self) -> symtable.SymbolTable | None:
        """Return Python's own table of scopes; None for code that only a newer Python reads."""
        if self.minor is not None:
            return None
        try:
            return symtable.symtable(self.text, str(self.path), "exec")
        except SyntaxError:
            return None

    def closure(self, function: ast.FunctionDef) -> set[str]:
        """Return the variables of enclosing functions that a function uses."""
        # `symtable` knows the rules of scopes (class bodies, `nonlocal`, comprehensions) of the running Python.
        table = self.table()
        waiting = [table] if table else []
        while waiting:
            scope = waiting.pop()
            waiting += scope.get_children()
            if isinstance(scope, symtable.Function) and (scope.get_name(), scope.get_lineno()) == (
                function.name,
                function.lineno,
            ):
                return set(scope.get_frees())
        return set()

    def names(self) -> set[str]:
        """Return the names that are bound at module level, and those bound inside functions."""
        bound = {
            part.id for part in ast.walk(self.tree) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        return bound | {node.name for node in self.functions()} | {*self.classes} | {*self.imports}

    def at(self, node: ast.AST) -> Location:
        """Return the place of a node; its column counts characters, where `ast` counts bytes of UTF-8."""
        line = getattr(node, "lineno", 1)
        source = self.lines[line - 1].encode() if line <= len(self.lines) else b""
        column = len(source[: getattr(node, "col_offset", 0)].decode(errors="replace")) + 1
        return _placed(self.path, self.cells, line, column)


def parameters(function: ast.FunctionDef) -> list[tuple[ast.arg, ast.expr | None]]:
    """Return the parameters of a function with their defaults, in order; `*args` and `**kwargs` are left out."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    # `ast` aligns the defaults of plain parameters with the last ones, and gives None for keyword-only ones.
    missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    defaults = [*missing, *arguments.defaults, *arguments.kw_defaults]
    return list(zip([*plain, *arguments.kwonlyargs], defaults, strict=True))


def nameable(name: str) -> bool:
    """Return whether a text can name a file or module below a folder: it is relative and not too long."""
    if not name or "\0" in name or name[0] == "/":
        return False
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return False
    # A file's name may have dots, so the parts are those between slashes; of a module's name they only get shorter.
    return size <= _LONGEST_PATH and all(len(part.encode()) <= _LONGEST for part in name.split("/"))


def _source(path: Path) -> str:
    """Return a file's text, decoded by its own declaration (PEP 263), with LF as line ends."""
    try:
        if path.is_dir():
            raise InputError("a folder, expected a Python file", where=Location(path=path))
        data = read_foreign(path, NOTEBOOK_SIZE)
    except FileNotFoundError:
        raise InputError("the file is missing", where=Location(path=path)) from None
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise _unreadable(Location(path=path), f"{in_bytes(len(data))} are too many for one module")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return "\n".join(python_lines(data.decode(encoding)))
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise _unreadable(Location(path=path), f"cannot be decoded: {error}") from None


def _parsed(
    path: Path, text: str, environ: Mapping[str, str], *, cells: tuple[tuple[int, int], ...]
) -> tuple[ast.Module, int | None]:
    """Parse a text, if need be by a newer Python of this machine; return its minor version, else None.

    A newer Python is used only if the code says that it needs one: otherwise its component would fail in the older
    images that it claims to support. Raises SyntaxError, FindingsError.
    """
    try:
        tree, minor = parse_oldest(text)
        if not cells:
            # The parser accepts what only the compiler refuses: `await` in a plain function, `return` outside of one.
            # Notebooks may have both, since IPython runs their cells.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(tree, "<source>", "exec", dont_inherit=True)
    except SyntaxError as error:
        newer = newer_syntax(error.msg, python_lines(text)[(error.lineno or 1) - 1 : error.lineno])
        if newer is None:
            raise
        minor, what = newer
        where = _placed(path, cells, error.lineno, error.offset)
        least = least_minor(path, text)
        if least is None or least < minor:
            raise _too_new(where, what, minor, least) from None
        read = parse_newer(text, minor, environ)
        if isinstance(read, SyntaxError):
            raise read from None
        if read is None:
            raise _too_new(where, what, minor, least) from None
        return read, minor
    return (tree if minor is None else as_older(tree)), minor


def _placed(path: Path, cells: tuple[tuple[int, int], ...], line: int | None, column: int | None) -> Location:
    """Return the location of a line of the whole text, counted from the start of its cell in a notebook."""
    start, cell = max((first for first in cells if first[0] <= (line or 1)), default=(1, None))
    return Location(path=path, cell=cell, line=None if line is None else line - start + 1, column=column)


def _check_numbers(path: Path, tree: ast.Module) -> None:
    """Raise FindingsError for numbers that Python reads in base 16 and refuses to write in base 10."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > MOST_BITS:
            where = Location(path=path, line=node.lineno, column=node.col_offset + 1)
            raise _unreadable(where, f"a number of {node.value.bit_length():,} bits")


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements of a block with those inside `if`, `try` and `with`, which bind in the same scope."""
    statements: list[ast.stmt] = []
    for node in body:
        statements.append(node)
        for name in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                statements += _statements(getattr(node, name, []))
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                statements += _statements(handler.body)
    return statements


def _unreadable(where: Location, message: str) -> FindingsError:
    return FindingsError((Finding(rule="F001", severity=Severity.ERROR, message=message, where=where),))


def _too_new(where: Location, what: str, minor: int, least: int | None) -> FindingsError:
    """Return the error for code of Python 3.`minor`, whose metadata asks for 3.`least`."""
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    message = f"{what} needs Python 3.{minor}; comp runs on {running}, which cannot read it"
    advice = f"install Python 3.{minor}, or run comp on it"
    if least is None or least < minor:
        advice = f'write requires-python = ">=3.{minor}" into pyproject.toml, and have Python 3.{minor} on this machine'
    return FindingsError((Finding(rule="F001", severity=Severity.ERROR, message=message, where=where, help=advice),))
