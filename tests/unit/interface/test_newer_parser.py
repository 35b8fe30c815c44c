"""Code of a newer Python is read by an interpreter of it, where the project says that it may be that new."""

import ast
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.errors import FindingsError
from toolkit.interface import newer_parser
from toolkit.interface.function import read_function
from toolkit.interface.module import Module
from toolkit.scaffold.slice import slice_function

# What every Python here reads, so that the running one can stand for a newer one.
CODE = """
from kfp.dsl import Dataset, Input
X = {"a": [1, -2.5, b"\\x00", None, True, ..., 3j, "\\udcff" "é"]}
async def g(*a, b: int = 10**20, **c) -> "str":
    async with a as d:
        return [x async for x in d if x] or f"{b!r:>{c}}"
match X:
    case {"a": [1, *rest]} if rest: pass
    case _: pass
"""


def _stand_in(folder: Path, minor: int) -> str:
    """Put the running Python on a PATH as one of another name."""
    (folder / f"python3.{minor}").symlink_to(sys.executable)
    return str(folder)


def test_a_tree_comes_over_whole(tmp_path: Path) -> None:
    path = _stand_in(tmp_path, 12)
    tree = newer_parser.parse_newer(CODE, 12, {"PATH": path, "HOME": str(tmp_path)})
    assert isinstance(tree, ast.Module)
    assert ast.dump(tree, include_attributes=True) == ast.dump(ast.parse(CODE), include_attributes=True)


def test_a_mistake_comes_over_with_its_place(tmp_path: Path) -> None:
    found = newer_parser.parse_newer("x = 1\ny = (", 12, {"PATH": _stand_in(tmp_path, 13), "HOME": str(tmp_path)})
    assert isinstance(found, SyntaxError)
    assert found.lineno == 2


@pytest.mark.parametrize(
    "text", ["", "#!/bin/sh\necho no\n", "#!/bin/sh\necho '{\"tree\": 5}'\n", "#!/bin/sh\nexit 127\n"]
)
def test_what_is_no_interpreter_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "python3.12").write_text(text)
    (tmp_path / "python3.12").chmod(0o755)
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    assert newer_parser.parse_newer("x = 1", 12, environ) is None
    _stand_in(tmp_path, 14)
    newer_parser._interpreters.cache_clear()
    assert isinstance(newer_parser.parse_newer("x = 1", 12, environ), ast.Module)


def test_words_that_the_running_python_has_not_got() -> None:
    place = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 9}
    name = {"": "Name", "id": "Rows", "ctx": {"": "Store"}, **place}
    value = {"": "Name", "id": "list", "ctx": {"": "Load"}, **place}
    alias = newer_parser._node({"": "TypeAlias", "name": name, "type_params": [], "value": value, **place})
    assert ast.unparse(alias) == "Rows = list"
    assert ast.unparse(newer_parser._node({"": "StrOfTomorrow", "values": [], **place})) == "…"


@pytest.mark.parametrize(
    ("code", "minor"),
    [("x = 1", None), ("type X = int", 12), ("def f[T = int](): ...", 13), ('t"{x}"', 14)],
)
def test_code_is_parsed_as_the_oldest_python_that_can(code: str, minor: int | None) -> None:
    if minor is not None and minor > sys.version_info[1]:
        with pytest.raises(SyntaxError):
            newer_parser.parse_oldest(code)
    else:
        assert newer_parser.parse_oldest(code)[1] == minor


NEW = """
from kfp import dsl
type Table = dsl.Input[dsl.Dataset]
def first[T](rows: list[T]) -> T:
    return rows[0]
def unused(): ...
@dsl.component
def f(table: Table, n: int = 3) -> str:
    return first([n])
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the running Python reads it")
@pytest.mark.parametrize(
    ("declared", "advice"),
    [
        (None, 'write requires-python = ">=3.12"'),
        (">=3.11", 'write requires-python = ">=3.12"'),
        (">=3.12", "install Python 3.12"),
    ],
)
def test_without_leave_or_interpreter_it_says_what_to_do(tmp_path: Path, declared: str | None, advice: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "s.py").write_text(NEW)
    if declared:
        (tmp_path / "pyproject.toml").write_text(f"[project]\nname = 'x'\nrequires-python = '{declared}'\n")
    with pytest.raises(FindingsError) as caught:
        Module.read(tmp_path / "s.py", {"PATH": "", "HOME": str(tmp_path)})
    assert caught.value.findings[0].help.startswith(advice)


def test_a_function_of_newer_code_is_read_and_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree_of_new: Callable[[], ast.Module]
) -> None:
    """The tree is as a newer Python gives it; whether one is on this machine must not matter here."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\nrequires-python = '>=3.12'\n")
    (tmp_path / "s.py").write_text(NEW)
    monkeypatch.setattr("toolkit.interface.module.parse_newer", lambda *_: tree_of_new())
    function = read_function(tmp_path / "s.py", "f", {})
    assert [(port.name, port.type, port.default) for port in function.interface.inputs] == [
        ("table", "Dataset", None),
        ("n", "Integer", "3"),
    ]
    cut = slice_function(tmp_path / "s.py", "f", environ={}, here=tmp_path)
    assert "type Table = dsl.Input[dsl.Dataset]" in cut.text
    assert "def first[T](rows: list[T]) -> T:" in cut.text
    assert "unused" not in cut.text
    assert cut.requires_python == ">=3.12"


@pytest.fixture
def tree_of_new() -> Callable[[], ast.Module]:
    """Parse what the running Python would see without the newer words, every line at its place."""
    plain = NEW.replace("type Table =", "Table      =").replace("first[T]", "first   ")
    return lambda: ast.parse(plain)


def test_the_variables_are_the_processes(tmp_path: Path) -> None:
    assert newer_parser.parse_newer("x = 1", 19, {**os.environ, "PATH": "", "HOME": str(tmp_path)}) is None
