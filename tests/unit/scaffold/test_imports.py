"""The imports of a piece of code."""

from pathlib import Path

from toolkit.interface.module import Module
from toolkit.scaffold.imports import Imported, imports_of

CODE = """
from __future__ import annotations
import a.b as c, d
from ..e import f, g
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import never
try:
    import fast
except (OSError, ImportError):
    import slow
def step(x):
    import inside
    if x:
        import late
    try:
        import needed
    except ValueError:
        pass
    importlib.import_module("by.name")
    importlib.import_module(x)
import importlib
"""


def _shown(one: Imported) -> tuple[str, bool, bool]:
    return str(one), one.optional, one.late


def test_imports_are_listed_with_their_context() -> None:
    module = Module.parse(Path("steps.py"), CODE, {})
    assert [_shown(one) for one in imports_of(module, module.tree.body)] == [
        ("import a.b", False, False),
        ("import d", False, False),
        ("from ..e import f, g", False, False),
        ("from typing import TYPE_CHECKING", False, False),
        ("import fast", True, False),
        ("import slow", True, False),
        ("import inside", False, False),
        ("import late", False, True),
        ("import needed", False, False),
        ("import by.name", False, False),
        ("import importlib", False, False),
    ]


def test_a_name_of_a_from_import_may_be_a_module() -> None:
    module = Module.parse(Path("steps.py"), "from a import b, c\nfrom . import d\nfrom e import *\nimport f.g", {})
    candidates = [one.candidates() for one in imports_of(module, module.tree.body)]
    assert candidates == [("a.b", "a.c"), ("d",), ("e",), ("f.g",)]
