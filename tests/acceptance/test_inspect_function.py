"""`comp inspect-function` as users type it."""

import json
from pathlib import Path

from tests.commands import Result, comp, ok

CODE = '''
from typing import Literal

from kfp import dsl
from kfp.dsl import Dataset, Output


@dsl.component(packages_to_install=["pandas"])
def load(table: Output[Dataset], mode: Literal["a", "b"] = "a") -> int:
    """Load a table."""


def helper(x): ...
'''


def test_a_module(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(CODE)
    assert comp("inspect-function", "steps.py", folder=tmp_path) == Result(
        0,
        "load (steps.py:9)\n"
        "  Load a table.\n"
        "  inputs:\n"
        "    mode  String  value  = a  one of a, b\n"
        "  outputs:\n"
        "    table   Dataset  by artifact\n"
        "    Output  Integer  returned\n"
        "  packages: pandas\n"
        "\n"
        "helper (steps.py:13): not a component\n"
        "  13:12 error F005: 'x' has no annotation (write its type, such as `: str`)\n",
        "2 functions, 1 can be a component\n",
    )


def test_one_function_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(CODE)
    assert comp("inspect-function", "steps.py:helper", folder=tmp_path).code == 1
    (found,) = json.loads(ok("inspect-function", "steps.py:load", "--format", "json", folder=tmp_path))
    assert [port["choices"] for port in found["inputs"]] == [["a", "b"]]


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "empty.py").touch()
    assert comp("inspect-function", "empty.py", folder=tmp_path) == Result(0, "", "0 functions, 0 can be a component\n")
    assert comp("inspect-function", "gone.py", folder=tmp_path).err == "error: gone.py: the file is missing\n"
