"""What a module of Python has and KFP 2 has not."""

import ast
from pathlib import Path

import pytest

from toolkit.interface.module import Module
from toolkit.migration.leftovers import leftovers, unknown_functions


def _found(text: str) -> list[tuple[int | None, str, str]]:
    """Return line, reason and advice of everything that is left in a module."""
    return [(left.where.line, left.why, left.advice) for left in leftovers(Module.parse(Path("m.py"), text, {}))]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import kfp\nkfp.dsl.get_pipeline_conf()\n", "KFP 2 has no get_pipeline_conf"),
        ("from kfp import dsl\nprint(dsl.RUN_ID_PLACEHOLDER)\n", "KFP 2 has no RUN_ID_PLACEHOLDER"),
        ("from kfp.components import ComponentStore\nComponentStore()\n", "KFP 2 has no ComponentStore"),
        ("import kfp\nkfp.LocalClient()\n", "KFP 2 has no kfp.LocalClient"),
        ("import kfp\nkfp.gcp.use_gcp_secret()\n", "KFP 2 has no kfp.gcp"),
        ("from kfp import onprem\nonprem.mount_pvc()\n", "KFP 2 has no kfp.onprem"),
        ("from kfp.gcp import use_gcp_secret as secret\nsecret()\n", "KFP 2 has no kfp.gcp.use_gcp_secret"),
    ],
)
def test_names_that_kfp_2_has_not(text: str, why: str) -> None:
    ((line, found, advice),) = _found(text)
    assert (line, found) == (2, why)
    assert advice


def test_parameters_of_pipelines_without_a_type_that_kfp_2_has() -> None:
    signature = "a, b=5, c=True, d=[], e={}, f=x, g: int = 1, h: 'GCSPath' = None, i: bytes = b''"
    found = _found(f"from kfp import dsl\n@dsl.pipeline(name='p')\ndef p({signature}): pass\n")
    assert found[0] == (3, "KFP 2 has no type for 'a' of the pipeline p", "write the type that its steps take")
    assert [advice for _, _, advice in found[1:]] == [
        *("write b: int", "write c: bool", "write d: list", "write e: dict", "write the type that its steps take"),
        *("write h: str", "write str, int, float, bool, a list or a dict, or Optional of one"),
    ]


@pytest.mark.parametrize(
    "text",
    ["from kfp import dsl\n@dsl.pipeline\ndef p(a: str): pass\n", "def p(a): pass\n", "gcp = 1\nprint(gcp.onprem)\n"],
)
def test_nothing_is_left(text: str) -> None:
    assert _found(text) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("op = make(f)", 0),
        ("op = make(func=f)", 0),
        ("@make\ndef g(): pass\nh = make(g)", 0),
        ("@partial(make, base_image='x')\ndef g(): pass", 0),
        ("op = make(lambda x: x)", 1),
        ("from other import g\nop = make(g)", 1),
        ("ops = [make(each) for each in (f,)]", 1),
        ("made = partial(make, base_image='x')", 1),
    ],
)
def test_functions_that_are_not_known(text: str, count: int) -> None:
    head = "from functools import partial\nfrom kfp.components import create_component_from_func as make\n"
    module = Module.parse(Path("m.py"), f"{head}def f(): pass\n{text}\n", {})
    functions = [node for node in module.tree.body if isinstance(node, ast.FunctionDef)]
    maker = "kfp.components.create_component_from_func"
    assert [left.kind for left in unknown_functions(module, functions, {maker})] == ["function"] * count
