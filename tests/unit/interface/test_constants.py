"""Expressions that have a value before the code runs."""

import ast
from pathlib import Path

import pytest

from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.module import Module

CODE = """
import enum, other
from other import MOST
A = 2
B = A * 3
LOOP = AROUND
AROUND = LOOP
TWICE = 1
TWICE = 2
class Colour(enum.Enum):
    RED = "red"
class Config: ...
"""


def _value(folder: Path, expression: str) -> object:
    (folder / "steps.py").write_text(CODE)
    (folder / "other.py").write_text("LEAST = 5\nMOST = LEAST + 1\n")
    return constant_value(Module.read(folder / "steps.py", {}), ast.parse(expression, mode="eval").body)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-B // 4", -2),
        ("f'{A} rows'", "2 rows"),
        ("[*'ab', A]", ["a", "b", 2]),
        ("{'a': (1, A)}", {"a": (1, 2)}),
        ("Colour.RED", "red"),
        ("Colour.RED.value", "red"),
        ("Config(n=A)", {"n": 2}),
        ("MOST", 6),
        ("2 ** 10 | 1", 1025),
        ("10 ** -1", 0.1),
        ("{'a': [1, B]}['a'][-1]", 6),
        ("'abc'[A]", "c"),
    ],
)
def test_a_constant_has_a_value(tmp_path: Path, expression: str, value: object) -> None:
    assert _value(tmp_path, expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        *("find()", "LOOP", "TWICE", "Colour.GONE", "{**table}", "f'{A:>5}'", "A / 0", "'\\ud800'", "Config(**more)"),
        *("[1][A]", "{'a': 1}['b']", "[1][0:1]", "A[0]", "{}[[]]"),
        # Each would fill the memory.
        *("'a' * 10 ** 9", "[0] * 10 ** 9", "'%1000000000d' % 1", "2 ** 10 ** 9", "1 << 10 ** 9"),
    ],
)
def test_other_expressions_are_not_known(tmp_path: Path, expression: str) -> None:
    with pytest.raises(NotKnown):
        _value(tmp_path, expression)
