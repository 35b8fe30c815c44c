"""Modules: what they bind, where it stands, and files that cannot be read."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functions import IMPORTS, read_code
from toolkit.errors import FindingsError, InputError
from toolkit.interface.function import read_function
from toolkit.interface.module import Module, nameable, parameters


def _module(text: str, path: str = "steps.py") -> Module:
    return Module.parse(Path(path), text, {})


def test_names_are_resolved() -> None:
    module = _module(
        "import kfp.dsl as d\nfrom kfp import dsl\nif d:\n    from kfp.dsl import Input as I\ndef f():\n    import os"
    )
    expressions = ("d.Input", "dsl.Input", "I", "os.environ", "other", "d.f()")
    assert [module.qualified(ast.parse(text, mode="eval").body) for text in expressions] == [
        *("kfp.dsl.Input", "kfp.dsl.Input", "kfp.dsl.Input", "os.environ", "other", None)
    ]


def test_a_constant_is_assigned_once() -> None:
    module = _module("A = 1\nB: int = 2\nC = 1\nC = 2\nD = 1\nD += 1\nif A:\n    E = 1")
    assert sorted(module.constants) == ["A", "B", "E"]


def test_neighbours_are_read_and_looked_for(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("class A: ...")
    (tmp_path / "broken.py").write_text("def f(:")
    (tmp_path / "steps.py").write_text("from good import A")
    module = Module.read(tmp_path / "steps.py", {})
    assert module.find_class(ast.parse("A", mode="eval").body)
    assert module.neighbour("broken") is None
    assert module.neighbour("gone") is None
    assert [path.name for path in module.looked_for()] == ["good.py", "broken.py", "gone.py"]


def test_parameters_have_their_defaults() -> None:
    (function,) = _module("def f(a, /, b, c=1, *args, d, e=2, **more): ...").functions()
    assert isinstance(function, ast.FunctionDef)
    pairs = [(argument.arg, ast.unparse(default) if default else None) for argument, default in parameters(function)]
    assert pairs == [("a", None), ("b", None), ("c", "1"), ("d", None), ("e", "2")]


def test_columns_count_characters() -> None:
    module = _module("é = 'é' + x")
    (assignment,) = module.tree.body
    assert isinstance(assignment, ast.Assign)
    assert isinstance(assignment.value, ast.BinOp)
    assert str(module.at(assignment.value.right)) == "steps.py:1:11"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.b", True), ("", False), ("/a", False), ("a\0", False), ("a" * 201, False), ("\ud800", False)],
)
def test_some_names_cannot_be_files(name: str, *, expected: bool) -> None:
    assert nameable(name) is expected


@pytest.mark.parametrize(
    ("make", "message"), [(Path.mkdir, "a folder, expected a Python file"), (lambda _: None, "the file is missing")]
)
def test_what_is_not_a_file_is_refused(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    make(tmp_path / "steps.py")
    with pytest.raises(InputError, match=message):
        Module.read(tmp_path / "steps.py", {})


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"# coding: nope\n", b"x = '\xff'\n", b"\0"])
def test_bytes_that_are_not_source_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "steps.py"
    path.write_bytes(data)
    with pytest.raises(FindingsError) as caught:
        read_function(path, "f", {})
    assert caught.value.findings[0].rule == "F001"


def test_the_module_is_not_imported(tmp_path: Path) -> None:
    function = read_code(tmp_path, "raise SystemExit(7)\ndef f(x: int): ...")
    assert function.interface.inputs[0].name == "x"


def test_a_module_of_50_000_lines(tmp_path: Path) -> None:
    function = read_code(tmp_path, "def f(x: Input[Dataset]): ...\n", above=IMPORTS + "y = [1, 2, 3]\n" * 50_000)
    assert function.where.line is not None
    assert function.where.line > 50_000
