"""Functions in KFP 1.8's vocabulary."""

import pytest

from tests.migrated_modules import ADD, TRAIN, migrated_module
from toolkit.errors import FindingsError

HEAD = "from kfp.components import InputPath, func_to_container_op\n"


def test_a_module_is_rewritten() -> None:
    result = migrated_module(TRAIN)
    assert (
        result.new.text
        == '''\
"""Components."""
from typing import List, NamedTuple

from kfp.dsl import InputPath, OutputPath
from kfp.components import load_component_from_text
from kfp import dsl


def train(
    table: InputPath('CSV'),  # the é table
    text: InputPath(),
    model: OutputPath('Model'),
    raw: OutputPath(),
    spec: InputPath(),
    stats: OutputPath(dict),
    where: str, other: str,
    place: str,
    count: str,
    names: list = None,
    note: str = None,
    n: int = 5,
) -> NamedTuple('Outputs', [('x', int), ('ui', str), ('names', List[str])]):
    """Train."""
    table_path = table
    text_file = open(text)
    model_path = model
    raw_file = open(raw, "wb")
    spec_path = spec
    stats_path = stats
    print(table_path)
    return (1, '', [])


train_op = dsl.component(
    train, output_component_file=None, base_image='python:3.9', packages_to_install=['pandas']
)
'''
    )
    assert result.left == ()
    assert [(made.kind, made.where.line) for made in result.made][:4] == [
        ("import", 4),
        ("import", 5),
        ("import", 6),
        ("parameter", 10),
    ]


def test_names_of_modules_and_decorators_are_followed() -> None:
    result = migrated_module(ADD)
    assert (
        result.new.text
        == """\
import kfp
from kfp import dsl
from kfp import components


@dsl.component
def add(a: float, b: float) -> float:
    return a + b


def write(text: str, out: dsl.OutputPath(str)): out_path = out; open(out_path, 'w').write(text)


write_op = dsl.component(write, base_image='python:3.9')
"""
    )
    assert result.left == ()


def test_an_import_under_a_condition_gets_another_beside_it() -> None:
    text = "def f(): import kfp\nif True:\n    import kfp.components as c\n    c.func_to_container_op(f)\n"
    new = migrated_module(text).new.text
    assert new == text.replace("as c\n    c.func_to_container_op", "as c\n    from kfp import dsl\n    dsl.component")


@pytest.mark.parametrize(
    ("parameter", "written"),
    [("x=1", "x: str = '1'"), ("x = 1", "x: str = '1'"), ("x=(1)", "x: str=('1')"), ("x", "x: str")],
)
def test_a_type_and_a_default_are_apart(parameter: str, written: str) -> None:
    text = f"{HEAD}@func_to_container_op\ndef f({parameter}): pass\n"
    assert f"def f({written}): pass" in migrated_module(text).new.text


def test_the_description_of_a_renamed_parameter_follows_it() -> None:
    head = f"{HEAD}@func_to_container_op\ndef f(a_path: InputPath('CSV')):\n"
    doc = (
        "Do.\n\n    Args:\n        a_path (str): One.\n        a_path_too: a_path: 2.\n    :param a_path: Three.\n    "
    )
    new = migrated_module(f'{head}    """{doc}"""\n').new.text
    assert "        a (str): One.\n        a_path_too: a_path: 2.\n    :param a: Three." in new


@pytest.mark.parametrize(
    ("parameter", "written"),
    [
        ("x=3", "x: str = '3'"),
        ("x: 'GCSPath' = 3", "x: str = '3'"),
        ("x: int='3'", "x: int=3"),
        ("x=None", "x: str = None"),
    ],
)
def test_a_default_that_kfp_2_refuses(parameter: str, written: str) -> None:
    result = migrated_module(f"{HEAD}@func_to_container_op\ndef f({parameter}): pass\n")
    assert f"def f({written}): pass" in result.new.text
    assert not result.left


def test_a_byte_order_mark_stays() -> None:
    result = migrated_module("\ufefffrom kfp.v2 import dsl\n")
    assert (result.new.text, result.made[0].where.column) == ("\ufefffrom kfp import dsl\n", 1)


def test_kfp_v2_is_kfp() -> None:
    text = "from kfp.v2 import dsl, compiler\nfrom kfp.v2.dsl import Input, component\n"
    assert migrated_module(text).new.text == text.replace("kfp.v2", "kfp")


def test_line_ends_stay() -> None:
    text = TRAIN.replace("\n", "\r\n")
    assert migrated_module(text).new.text == migrated_module(TRAIN).new.text.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "from kfp import dsl\n\n@dsl.component\ndef f(x: int) -> int:\n    return x\n",
        "def f(table_path, x): pass\n",
        "from kfp.components import load_component_from_file\n",
    ],
)
def test_other_code_stays(text: str) -> None:
    result = migrated_module(text)
    assert (result.new.text, result.made, result.left) == (text, (), ())


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("import kfp\nkfp.dsl.ContainerOp(name='a', image='b')\n", "gone", "KFP 2 has no ContainerOp"),
        (f"{HEAD}@func_to_container_op\ndef f(x: bytes): pass\n", "annotation", "KFP 2 has no type for 'x' of f"),
        (
            f"{HEAD}@func_to_container_op\ndef f() -> tuple: pass\n",
            "annotation",
            "KFP 2 has no type for what f returns",
        ),
        (
            f"{HEAD}@func_to_container_op\ndef f(a_path: InputPath('CSV'), a: int): pass\n",
            "parameter",
            "KFP 1.8 calls 'a_path' of f 'a', and KFP 2 leaves the name as it is",
        ),
        (
            f"{HEAD}def f(): pass\nfunc_to_container_op(f, extra_code='x')\n",
            "argument",
            "dsl.component takes no extra_code",
        ),
        (
            "from kfp.components import (  # both\n    InputPath,\n)\n",
            "import",
            "KFP 2 has these names in kfp.dsl",
        ),
        ("from kfp import components\nimport a as dsl\ncomponents.InputPath\n", "import", "`dsl` is a in this module"),
    ],
)
def test_what_is_left(text: str, kind: str, why: str) -> None:
    assert [(left.kind, left.why) for left in migrated_module(text).left] == [(kind, why)]


@pytest.mark.parametrize("body", ['    """Only this."""\n', "    # a\n    @x\n    def g(): pass\n", "    return 1\n"])
def test_statements_stand_behind_the_docstring_and_before_all_else(body: str) -> None:
    text = f"{HEAD}@func_to_container_op\ndef f(a_path: InputPath('CSV')):\n{body}"
    new = migrated_module(text).new.text
    compile(new, "m.py", "exec")
    assert "    a_path = a\n" in new + "\n"


@pytest.mark.parametrize(
    ("body", "renamed"),
    [
        ("a = load(a_path)", True),
        ("import a", True),
        ("return a.load(a_path)", False),
        ("return [a for a in load(a_path)], a", False),
        ("def g(): return a\n    return g", False),
        ("global a\n    a = 1", False),
    ],
)
def test_a_new_name_hides_no_other(body: str, *, renamed: bool) -> None:
    text = f"{HEAD}@func_to_container_op\ndef f(a_path: InputPath('CSV')):\n    {body}\n"
    result = migrated_module(text)
    assert ("    a_path = a\n" in result.new.text) is renamed
    assert [left.kind for left in result.left] == [] if renamed else ["parameter"]


def test_code_that_cannot_be_parsed_is_a_finding() -> None:
    with pytest.raises(FindingsError):
        migrated_module("def f(:\n")
