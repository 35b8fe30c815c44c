"""A Python module, parsed and never imported: its imports, constants, classes and functions by name."""

import ast
import io
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.errors import InputError, Location, OutsideError
from toolkit.findings import Finding, FindingsError, Severity

_LARGEST = 16 << 20


@dataclass(slots=True)
class Module:
    """One source file. `imports` maps a name to what it stands for: `d` to `kfp.dsl`, `Input` to `kfp.dsl.Input`."""

    path: Path
    text: str
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Module":
        """Parse the file at `path`. Raises FindingsError (F001) when it is not Python that 3.11 understands."""
        text = _source(path)
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            where = Location(path=path, line=error.lineno, column=error.offset)
            raise _unreadable(where, f"syntax error: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise _unreadable(Location(path=path), f"cannot be parsed: {error}") from None
        module = cls(path=path, text=text, tree=tree)
        for node in _statements(tree.body):
            module.note(node)
        return module

    def note(self, node: ast.stmt) -> None:
        """Remember what a statement at module level binds."""
        match node:
            case ast.Import():
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    self.imports[name] = alias.name if alias.asname else name
            case ast.ImportFrom():
                origin = "." * node.level + (node.module or "")
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = f"{origin}.{alias.name}"
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.constants[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.constants[name] = value
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

    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """List the functions at module level, also those inside `if` and `try`, in order."""
        return [
            node for node in _statements(self.tree.body) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    def at(self, node: ast.AST) -> Location:
        """Say where a node stands; columns count characters."""
        line = getattr(node, "lineno", 1)
        lines = self.text.splitlines()
        source = lines[line - 1].encode() if line <= len(lines) else b""
        column = len(source[: getattr(node, "col_offset", 0)].decode(errors="replace")) + 1
        return Location(path=self.path, line=line, column=column)


def _source(path: Path) -> str:
    try:
        if path.is_dir():
            raise InputError("a folder, expected a Python file", where=Location(path=path))
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file", where=Location(path=path)) from None
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise _unreadable(Location(path=path), f"{len(data)} bytes are too many for one module")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding).replace("\r\n", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise _unreadable(Location(path=path), f"cannot be decoded: {error}") from None


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
