"""Annotations in KFP 1.8's vocabulary."""

import ast
from pathlib import Path

import pytest

from toolkit.interface.module import Module
from toolkit.migration.annotations import default_as, returned, written_annotation

IMPORTS = """\
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union
from kfp.components import InputPath, InputTextFile, OutputPath
from kfp.dsl.types import GCSPath, Integer
"""


def _module(signature: str) -> tuple[Module, ast.FunctionDef]:
    module = Module.parse(Path("m.py"), f"{IMPORTS}def f{signature}: pass\n", {})
    function = module.tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    return module, function


@pytest.mark.parametrize(
    ("annotation", "written"),
    [
        ("'CSV'", "str"),
        ("'Integer'", "int"),
        ("'JsonObject'", "dict"),
        ("'List[str]'", "list"),
        ("'typing.List[str]'", "list"),
        ("{'GCSPath': {'data_type': 'CSV'}}", "str"),
        ("GCSPath()", "str"),
        ("GCSPath", "str"),
        ("InputPath('JsonObject')", "InputPath()"),
        ("InputPath(str)", "InputPath()"),
        ("InputPath('Text')", "InputPath()"),
        ("OutputPath('JsonArray')", "OutputPath(list)"),
        ("OutputPath('Text')", "OutputPath(str)"),
    ],
)
def test_what_kfp_2_reads_in_its_place(annotation: str, written: str) -> None:
    module, function = _module(f"(x: {annotation})")
    node = function.args.args[0].annotation
    found = written_annotation(module, node)
    assert node is not None
    assert found.node is not None
    assert ast.unparse(node).replace(ast.unparse(found.node), found.text) == written
    assert found.why.startswith("KFP 2 ")
    assert not found.left


@pytest.mark.parametrize(
    "annotation",
    [
        "str",
        "int",
        "List[str]",
        "Dict[str, int]",
        "Optional[str]",
        "InputPath('CSV')",
        "OutputPath(str)",
        "InputPath()",
    ],
)
def test_what_both_read_stays(annotation: str) -> None:
    module, function = _module(f"(x: {annotation})")
    found = written_annotation(module, function.args.args[0].annotation)
    assert (found.node, found.left) == (None, "")
    assert found.is_file == ("Path" in annotation)


@pytest.mark.parametrize(
    "annotation",
    ["Any", "Tuple[int, str]", "Union[str, int]", "str | None", "bytes", "Integer()", "InputPath", "{'Integer': {}}"],
)
def test_what_is_not_known_is_left_with_advice(annotation: str) -> None:
    module, function = _module(f"(x: {annotation})")
    assert written_annotation(module, function.args.args[0].annotation).left.startswith("write ")


def test_a_missing_annotation_is_a_text() -> None:
    module, function = _module("(x)")
    assert written_annotation(module, function.args.args[0].annotation).text == "str"


@pytest.mark.parametrize(
    ("annotation", "replaced"),
    [
        ("NamedTuple('O', [('a', int), ('b', 'UI_metadata'), ('c', 'Float')])", ["str", "float"]),
        ("NamedTuple('O', a=int)", []),
        ("'CSV'", ["str"]),
        ("str", []),
        ("None", []),
    ],
)
def test_what_a_function_returns(annotation: str, replaced: list[str]) -> None:
    module, function = _module(f"() -> {annotation}")
    found = returned(module, function.returns)
    assert [text for _, text in found.replaced] == replaced
    assert not found.left


def test_a_returned_type_that_is_not_known_is_left() -> None:
    module, function = _module("() -> Tuple[int, str]")
    assert returned(module, function.returns).left.startswith("return ")
    module, function = _module("()")
    assert returned(module, function.returns).left == ""


@pytest.mark.parametrize(
    ("type_", "default", "written"),
    [
        ("str", "3", "'3'"),
        ("str", "-0.5", "'-0.5'"),
        ("str", "True", "'True'"),
        ("str", "{'b': 1, 'a': [None]}", """'{"a": [null], "b": 1}'"""),
        ("int", "'3'", "3"),
        ("float", "'1e-3'", "0.001"),
        ("bool", "'off'", "False"),
        ("list", "'[1, true]'", "[1, True]"),
        ("dict", """'{"a": null}'""", "{'a': None}"),
    ],
)
def test_a_default_is_a_value_of_its_type(type_: str, default: str, written: str) -> None:
    assert default_as(type_, ast.parse(default, mode="eval").body) == written


@pytest.mark.parametrize(
    ("type_", "default"),
    [
        ("str", "'a'"),
        ("str", "None"),
        ("str", "(1, 2)"),
        ("str", "NAME"),
        ("int", "3"),
        ("int", "'three'"),
        ("float", "1"),
        ("float", "'nan'"),
        ("bool", "'maybe'"),
        ("list", "'{}'"),
        ("dict", "'{'"),
        ("Model", "'a'"),
    ],
)
def test_other_defaults_stay(type_: str, default: str) -> None:
    assert default_as(type_, ast.parse(default, mode="eval").body) is None
