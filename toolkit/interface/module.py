"""A Python module, parsed and never imported: its imports, constants, classes and functions by name."""

import ast
import io
import os
import re
import symtable
import sys
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.errors import InputError, Location, OutsideError
from toolkit.findings import Finding, FindingsError, Severity
from toolkit.interface.lines import python_lines
from toolkit.interface.newer import parse_newer
from toolkit.interface.syntax import least_minor, newer_syntax
from toolkit.limits import NOTEBOOK_SIZE
from toolkit.reading import read_foreign

_LARGEST = 16 << 20
# File systems take 255 bytes for a name; a suffix has to fit too.
_LONGEST, _LONGEST_PATH = 200, 1024
# Python writes no number of more than 4,300 digits.
MOST_BITS = 14_000
_MANY_DIGITS = re.compile(r"[0-9a-fA-F_]{3000}")


@dataclass(slots=True)
class Module:
    """One source file. `imports` maps a name to what it stands for: `d` to `kfp.dsl`, `Input` to `kfp.dsl.Input`.

    `stars` are the modules of `from … import *`; `constants` the names that are set once; `calls` the calls
    that take a name as their first argument, with that name. `minor` is the Python 3 that the code needs, where that
    is newer than the running one. `cells` are the first lines of a notebook's cells with the cells' numbers.
    """

    path: Path
    text: str
    tree: ast.Module
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
    def read(cls, path: Path) -> "Module":
        """Parse the file at `path`. Raises FindingsError (F001) when it is not Python that 3.11 understands."""
        return cls.parse(path, _source(path))

    @classmethod
    def parse(cls, path: Path, text: str, *, cells: tuple[tuple[int, int], ...] = ()) -> "Module":
        """Parse a text; `path` is only named. Raises FindingsError (F001)."""
        try:
            tree, minor = _parsed(path, text, cells=cells)
        except SyntaxError as error:
            where = _placed(path, cells, error.lineno, error.offset)
            raise _unreadable(where, f"syntax error: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise _unreadable(Location(path=path), f"cannot be parsed: {error}") from None
        if _MANY_DIGITS.search(text):
            _check_numbers(path, tree)
        module = cls(path=path, text=text, tree=tree, cells=cells, lines=python_lines(text), minor=minor)
        for node in _statements(tree.body):
            module.note(node)
        top = dict(module.imports)
        for part in ast.walk(tree):
            if isinstance(part, ast.Call):
                module.called(part)
            elif isinstance(part, ast.Import | ast.ImportFrom) and not any(one.name == "*" for one in part.names):
                module._imported(part)
        # An import inside a function counts where the module has none of that name.
        module.imports |= top
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
                self._constant(name, node.value)
                self._constant(name, node.value)
            case ast.ClassDef():
                self.classes[node.name] = node

    def qualified(self, node: ast.expr) -> str | None:
        """Give the dotted name an expression stands for, imports resolved; None when it is no name."""
        match node:
            case ast.Name(id=name):
                return self.imports.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                owner = self.qualified(value)
                return f"{owner}.{attribute}" if owner else None
            case _:
                return None

    def _imported(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                self.imports[name] = alias.name if alias.asname else name
            return
        origin = "." * node.level + (node.module or "")
        for alias in node.names:
            self.imports[alias.asname or alias.name] = f"{origin}.{alias.name}"
            if alias.name == "*":
                self.stars.append(origin)

    def called(self, call: ast.Call) -> None:
        """Remember a call that takes a name first."""
        given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in {"func", "component_func"})]
        if given and isinstance(given[0], ast.Name):
            self.calls.append((given[0].id, call))

    def _constant(self, name: str, value: ast.expr) -> None:
        """Remember a value; of a name that is set twice nobody knows which counts."""
        if name in self.constants or name in self._again:
            self._again.add(name)
            self.constants.pop(name, None)
        else:
            self.constants[name] = value

    def neighbour(self, name: str) -> "Module | None":
        """Read the module `name` that lies beside this one; None when there is none, or it is no Python."""
        if not nameable(name):
            return None
        if name not in self.neighbours:
            path = self._beside(name)
            try:
                self.neighbours[name] = Module.read(path) if path.is_file() and path != self.path else None
            except FindingsError:
                self.neighbours[name] = None
        return self.neighbours[name]

    def looked_for(self) -> Iterator[Path]:
        """List the files beside this module that names were looked for in, whether they are there or not."""
        for name, found in self.neighbours.items():
            yield self._beside(name)
            if found:
                yield from found.looked_for()

    def _beside(self, name: str) -> Path:
        return self.path.parent.joinpath(*name.split(".")).with_suffix(".py")

    def find_class(self, node: ast.expr) -> "tuple[Module, ast.ClassDef] | None":
        """Find the class that an expression names, in this module or one beside it, with the module it is in."""
        if isinstance(node, ast.Name) and node.id in self.classes:
            return self, self.classes[node.id]
        origin, _, name = (self.qualified(node) or "").lstrip(".").rpartition(".")
        home = self.neighbour(origin) if origin else None
        return (home, home.classes[name]) if home and name in home.classes else None

    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """List the functions at module level, also those inside `if` and `try`, in order."""
        return [
            node for node in _statements(self.tree.body) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    def nested(self) -> list[ast.FunctionDef]:
        """List the functions that are defined inside functions, in order."""
        outer = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inner = {id(part): part for node in outer for part in _statements(node.body)}
        return [part for part in inner.values() if isinstance(part, ast.FunctionDef)]

    def table(self) -> symtable.SymbolTable | None:
        """Give Python's own table of scopes; None for code that only a newer Python reads."""
        try:
            return symtable.symtable(self.text, str(self.path), "exec")
        except SyntaxError:
            return None

    def closure(self, function: ast.FunctionDef) -> set[str]:
        """Name what a function takes from functions around it."""
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
        """Name what is bound at module level."""
        bound = {
            part.id for part in ast.walk(self.tree) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        return bound | {node.name for node in self.functions()} | {*self.classes} | {*self.imports}

    def at(self, node: ast.AST) -> Location:
        """Say where a node stands; columns count characters."""
        line = getattr(node, "lineno", 1)
        source = self.lines[line - 1].encode() if line <= len(self.lines) else b""
        column = len(source[: getattr(node, "col_offset", 0)].decode(errors="replace")) + 1
        return _placed(self.path, self.cells, line, column)


def nameable(name: str) -> bool:
    """Tell whether a text can name a file or module below a folder: it is relative and not too long."""
    if not name or "\0" in name or name[0] == "/":
        return False
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return False
    # A file's name may have dots, so the parts are those between slashes; of a module's name they only get shorter.
    return size <= _LONGEST_PATH and all(len(part.encode()) <= _LONGEST for part in name.split("/"))


def _source(path: Path) -> str:
    try:
        if path.is_dir():
            raise InputError("a folder, expected a Python file", where=Location(path=path))
        data = read_foreign(path, NOTEBOOK_SIZE)
    except FileNotFoundError:
        raise InputError("there is no such file", where=Location(path=path)) from None
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise _unreadable(Location(path=path), f"{len(data)} bytes are too many for one module")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return "\n".join(python_lines(data.decode(encoding)))
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise _unreadable(Location(path=path), f"cannot be decoded: {error}") from None


def _parsed(path: Path, text: str, *, cells: tuple[tuple[int, int], ...]) -> tuple[ast.Module, int | None]:
    """Parse a text, by a newer Python where it needs one, may have it, and one is there; give which it needed.

    Raises SyntaxError.
    """
    try:
        tree = ast.parse(text)
        if not cells:
            # The parser takes more than Python does: `await` in a plain function, `return` outside of one.
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
        read = parse_newer(text, minor, os.environ)
        if isinstance(read, SyntaxError):
            raise read from None
        if read is None:
            raise _too_new(where, what, minor, least) from None
        return read, minor
    return tree, None


def _placed(path: Path, cells: tuple[tuple[int, int], ...], line: int | None, column: int | None) -> Location:
    """Make the location of a line of the whole text, by cell where there are cells."""
    start, cell = max((one for one in cells if one[0] <= (line or 1)), default=(1, None))
    return Location(path=path, cell=cell, line=None if line is None else line - start + 1, column=column)


def _check_numbers(path: Path, tree: ast.Module) -> None:
    """Refuse numbers that Python reads in base 16 and cannot write in base 10: nothing could show or keep them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > MOST_BITS:
            where = Location(path=path, line=node.lineno, column=node.col_offset + 1)
            raise _unreadable(where, f"a number of {node.value.bit_length():,} bits")


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """Flatten the `if` and `try` blocks of a module: what they bind is bound at module level."""
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        for name in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                found += _statements(getattr(node, name, []))
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                found += _statements(handler.body)
    return found


def _unreadable(where: Location, message: str) -> FindingsError:
    return FindingsError((Finding(rule="F001", severity=Severity.ERROR, message=message, where=where),))


def _too_new(where: Location, what: str, minor: int, least: int | None) -> FindingsError:
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    message = f"{what} needs Python 3.{minor}; comp runs on {running}, which cannot read it"
    wanted = f'write requires-python = ">=3.{minor}" into pyproject.toml'
    advice = f"install Python 3.{minor}, or run comp on it"
    if least is None or least < minor:
        advice = f"{wanted}, and have Python 3.{minor} on this machine"
    return FindingsError((Finding(rule="F001", severity=Severity.ERROR, message=message, where=where, help=advice),))
