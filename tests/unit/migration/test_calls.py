"""Calls of components in their own module."""

import ast
from pathlib import Path

import pytest

from tests.migrated_modules import migrated_module
from toolkit.interface.module import Module
from toolkit.migration.calls import callables, called

HEAD = "from kfp.components import InputPath, OutputPath, func_to_container_op\n"


def _names(text: str) -> list[str]:
    module = Module.parse(Path("m.py"), text, {})
    functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)]
    return sorted(callables(module, functions, lambda node: ast.unparse(node) == "make"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@make\ndef f(): pass\n", ["f"]),
        ("def f(): pass\ng = make(f, 1)\n", ["g"]),
        ("def f(): pass\ndef p():\n    g = make(f)\n", ["g"]),
        ("def f(): pass\ng = make(f)\ng = 1\n", []),
        ("def f(): pass\ng = make(f)\ndef h(g): pass\n", []),
        ("def f(): pass\ng = other(f)\nh = make(1)\n", []),
    ],
)
def test_the_names_of_components(text: str, names: list[str]) -> None:
    assert _names(text) == names


def test_the_calls_of_a_name() -> None:
    module = Module.parse(Path("m.py"), "f(1)\na.f(2)\ng(f(3))\n", {})
    assert sorted(call.lineno for call in called(module, "f")) == [1, 3]


def test_arguments_get_the_names_of_kfp_1s_order() -> None:
    text = (
        f"{HEAD}@func_to_container_op\n"
        "def f(n: int, o_path: OutputPath('CSV'), m: int = 1, *, a_path: InputPath('CSV')): pass\n"
        "def p(x):\n    f(2, x.output, m=3)\n    f(1, x, 2)\n    f()\n"
    )
    result = migrated_module(text)
    lines = result.new.text.splitlines()
    assert lines[-3:] == ["    f(n=2, a=x.output, m=3)", "    f(n=1, a=x, m=2)", "    f()"]
    assert [made.written for made in result.made if made.kind == "call"] == ["n=…, a=…", "n=…, a=…, m=…"]


def test_arguments_that_cannot_be_named_are_left() -> None:
    text = f"{HEAD}@func_to_container_op\ndef f(n: int): pass\nf(*x)\nf(1, 2)\n"
    result = migrated_module(text)
    assert [(left.kind, left.where.line, left.advice) for left in result.left] == [
        ("call", 4, "write the names: n"),
        ("call", 5, "write the names: n"),
    ]
