"""Read code of a newer Python than the running one: an interpreter of this machine parses it and gives the tree."""

import ast
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_LATEST = 20
_TIMEOUT = 60
# A tree takes about fifty times the text.
_LARGEST = 4_000_000
# Runs in the other interpreter: it parses and compiles what stands on its input, and imports and runs nothing of it.
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


def parse_newer(text: str, minor: int, environ: Mapping[str, str]) -> ast.Module | SyntaxError | None:
    """Parse `text` by an interpreter of Python 3.`minor` or newer; None if no such interpreter answers.

    A `type` statement becomes an assignment, and type parameters are left out: the running Python has no words for
    them, and they change nothing of an interface. A SyntaxError is returned, with its place.
    """
    if len(text) > _LARGEST:
        return None
    for interpreter in _interpreters(minor, environ.get("PATH", ""), environ.get("HOME", "")):
        command = [interpreter, "-I", "-S", "-W", "ignore", "-c", _PROGRAM]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_TIMEOUT, check=False)
            said = json.loads(done.stdout)
            tree = _node(said.get("tree"))
        except (OSError, subprocess.TimeoutExpired, ValueError, RecursionError):
            continue
        if "error" in said:
            error = SyntaxError(said["error"])
            error.lineno, error.offset = said["line"], said["column"]
            return error
        if isinstance(tree, ast.Module):
            return tree
    return None


@cache
def _interpreters(minor: int, path: str, home: str) -> tuple[str, ...]:
    """Find interpreters of at least that minor version: on PATH, and those that uv and pyenv keep."""
    return tuple(_candidates(range(minor, _LATEST), path, Path(home or "/")))


def _candidates(minors: range, path: str, home: Path) -> Iterator[str]:
    for minor in minors:
        if found := shutil.which(f"python3.{minor}", path=path):
            yield found
        for pattern in (f".local/share/uv/python/cpython-3.{minor}.*", f".pyenv/versions/3.{minor}.*"):
            yield from (str(one / "bin" / "python3") for one in sorted(home.glob(pattern)))


def _node(value: Any) -> Any:  # noqa: ANN401 (a tree of any values)
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
        # A kind of node that the running Python has no word for, such as a template string: nothing is known of it.
        places = {key: part for key, part in fields.items() if key.endswith(("lineno", "offset"))}
        return ast.Name(id="…", ctx=ast.Load(), **places)
    known = {*kind._fields, "lineno", "col_offset", "end_lineno", "end_col_offset"}
    return kind(**{key: part for key, part in fields.items() if key in known})
