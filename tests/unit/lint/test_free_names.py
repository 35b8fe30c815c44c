"""Names that Python code uses and does not define."""

import ast

import pytest

from toolkit.lint.free_names import free_names


def free(code: str) -> list[str]:
    return [f"{name.lineno}:{name.col_offset} {name.id}" for name in free_names(ast.parse(code))]


def test_the_first_use_of_each_name_counts() -> None:
    assert free("def f():\n    return b(a)\nf(a, b, a)\n") == ["2:11 b", "2:13 a"]


def test_five_are_enough() -> None:
    assert len(free("\n".join(f"n{i}" for i in range(9)))) == 5


@pytest.mark.parametrize(
    "code",
    [
        "print(len([1]), __name__, __file__, exit)",
        "import a.b, c as d\nfrom e import f as g, h\na, d, g, h",
        "def f(a, /, b, *c, d=1, **e):\n    return a, b, c, d, e",
        "class A:\n    x = 1\n    def f(self):\n        return __class__, x",
        "for a, (b, *c) in []: a, b, c",
        "with open('a') as b, c() as d: b, d\ndef c(): pass",
        "try:\n    pass\nexcept ValueError as e:\n    e",
        "[a for a in [] if (b := a)]; b",
        "f = lambda a: a\nglobal g\ng",
        "match 1:\n    case [a, *b]: a, b\n    case {'x': 1, **c}: c\n    case int() as d: d",
        "import x\ndel x\nx",
        # Certainly undefined means: nowhere at all.
        "def f():\n    a = 1\ndef g():\n    return a",
        "from a import *\nb",
        "exec('a = 1')\na",
        "globals()['a'] = 1\na",
        "try:\n    exec('a = 1')\nexcept Exception: pass\na",
        "try:\n    a\nexcept NameError:\n    a = 1",
        "try:\n    a\nexcept* NameError: pass",
        "class A:\n    name = __module__ + __qualname__",
        "print(_('text'))",
        "try:\n    a\nexcept: pass",
        "try:\n    a\nexcept (ValueError, Exception): pass",
        "try:\n    import json\n    a = 1\nexcept Exception: pass\njson, a",
        "text = unicode if PY2 else str\nPY2 = False",
        "def f(a: b, *c: d, **e: g) -> h:\n    i: j = 1\n    k: l",
    ],
)
def test_defined_names_are_none(code: str) -> None:
    assert free(code) == []


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("try:\n    a\nexcept ValueError: pass", "2:4 a"),
        ("try:\n    pass\nexcept Exception:\n    a", "4:4 a"),
        ("def f(x=a): pass", "1:8 a"),
        ("@a\ndef f(): pass", "1:1 a"),
        ("class A(a): pass", "1:8 a"),
        ("x: int = a", "1:9 a"),
        ("print(f'{a}')", "1:9 a"),
        ("a.b = 1", "1:0 a"),
        ("a += b\nb = 1\nc[0] = 1", "3:0 c"),
    ],
)
def test_other_names_are(code: str, name: str) -> None:
    assert [found.partition(" ")[2] for found in free(code)] == [name.partition(" ")[2]]
