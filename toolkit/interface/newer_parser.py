"""Parse code of a newer Python than the oldest that comp runs on; the tree is the same whichever one it runs on.

The running Python parses it, or an interpreter on this machine that is new enough.
"""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from toolkit.interface.newer_syntax import has_newer_f_string

# The oldest minor version that comp runs on.
OLDEST = 11
# The minor version whose f-strings hold any expression.
_F_STRINGS = 12
# The minor versions to look for end before this one.
_LATEST = 20
_TIMEOUT = 60
# A tree takes about fifty times the memory of its text.
_LARGEST = 4_000_000
# Runs in the other interpreter. It parses and compiles its standard input, and imports or runs none of it.
# A tree has no JSON of its own: nodes become objects, with their class under "", and literals their `ascii()`.
_PROGRAM = """
import ast, json, sys
text = sys.stdin.buffer.read().decode()
def plain(node):
    if isinstance(node, ast.AST):
        names = (*node._fields, "lineno", "col_offset", "end_lineno", "end_col_offset")
        return {"": type(node).__name__, **{name: plain(getattr(node, name)) for name in names if hasattr(node, name)}}
    if isinstance(node, list):
        return [plain(part) for part in node]
    if isinstance(node, (str, bool)) or node is None:
        return node
    return {"": "literal", "is": ascii(node) if node is not ... else "..."}
sys.setrecursionlimit(10000)
try:
    tree = ast.parse(text)
    compile(text, "<source>", "exec", dont_inherit=True)
except SyntaxError as error:
    print(json.dumps({"error": error.msg, "line": error.lineno, "column": error.offset}))
else:
    print(json.dumps({"tree": plain(tree)}))
"""


def parse_oldest(text: str) -> tuple[ast.Module, int | None]:
    """Parse `text` as the oldest Python that can; return its minor version, or None for the oldest that comp runs on.

    Raises SyntaxError if the running Python cannot read it.
    """
    running = sys.version_info[1]
    for minor in range(OLDEST, running):
        try:
            tree = ast.parse(text, feature_version=(3, minor))
        except SyntaxError:
            continue
        if minor > OLDEST:
            return tree, minor
        # Parsers of all versions read f-strings as their own version does.
        return tree, _F_STRINGS if has_newer_f_string(text) else None
    return ast.parse(text), (running if running > OLDEST else None)


def as_older(tree: ast.Module) -> ast.Module:
    """Turn what the running Python parsed into the tree that `parse_newer` returns."""
    older: ast.Module = _Older().visit(tree)
    return older


class _Older(ast.NodeTransformer):
    """Turn `type` statements into assignments, and leave type parameters out."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if getattr(node, "type_params", None):
            node.type_params = []  # type: ignore[attr-defined]
        return super().generic_visit(node)

    def visit_TypeAlias(self, node: Any) -> ast.Assign:  # noqa: ANN401 (a class that Python 3.11 lacks)
        return ast.copy_location(ast.Assign(targets=[node.name], value=node.value), node)


def parse_newer(text: str, minor: int, environ: Mapping[str, str]) -> ast.Module | SyntaxError | None:
    """Parse `text` by an interpreter of Python 3.`minor` or newer; None if none is found or works.

    A `type` statement becomes an assignment, and type parameters are left out: the running Python's `ast` lacks them,
    and no interface depends on them. A SyntaxError is returned, not raised: it is the result of the newer parser.
    """
    if len(text) > _LARGEST:
        return None
    for interpreter in _interpreters(minor, environ.get("PATH", ""), environ.get("HOME", "")):
        command = [interpreter, "-I", "-S", "-W", "ignore", "-c", _PROGRAM]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_TIMEOUT, check=False)
            answer = json.loads(done.stdout)
            tree = _node(answer.get("tree"))
        except (OSError, subprocess.TimeoutExpired, ValueError, RecursionError):
            continue
        if "error" in answer:
            error = SyntaxError(answer["error"])
            error.lineno, error.offset = answer["line"], answer["column"]
            return error
        if isinstance(tree, ast.Module):
            return tree
    return None


@cache
def _interpreters(minor: int, path: str, home: str) -> tuple[str, ...]:
    """Return the interpreters of at least that minor version, on PATH and in the folders of uv and pyenv."""
    return tuple(_candidates(range(minor, _LATEST), path, Path(home or "/")))


def _candidates(minors: range, path: str, home: Path) -> Iterator[str]:
    for minor in minors:
        if found := shutil.which(f"python3.{minor}", path=path):
            yield found
        for pattern in (f".local/share/uv/python/cpython-3.{minor}.*", f".pyenv/versions/3.{minor}.*"):
            yield from (str(prefix / "bin" / "python3") for prefix in sorted(home.glob(pattern)))


def _node(value: Any) -> Any:  # noqa: ANN401 (a tree of any values)
    """Return the nodes of `ast` for the JSON that the other interpreter wrote."""
    if isinstance(value, list):
        return [_node(part) for part in value]
    if not isinstance(value, dict):
        return value
    name = value[""]
    if name == "literal":
        return ... if value["is"] == "..." else ast.literal_eval(value["is"])
    fields = {key: _node(part) for key, part in value.items() if key not in {"", "type_params"}}
    if name == "TypeAlias":
        target = fields.pop("name")
        return ast.Assign(targets=[target], **fields)
    kind = getattr(ast, name, None)
    if kind is None:
        # The running `ast` lacks this class, such as TemplateStr: a name that the module does not have stands for it.
        places = {key: part for key, part in fields.items() if key.endswith(("lineno", "offset"))}
        return ast.Name(id="…", ctx=ast.Load(), **places)
    # Newer versions also add fields to old classes, which the running `ast` would warn of.
    kept = {*kind._fields, "lineno", "col_offset", "end_lineno", "end_col_offset"}
    return kind(**{key: part for key, part in {**fields, "type_params": []}.items() if key in kept})
