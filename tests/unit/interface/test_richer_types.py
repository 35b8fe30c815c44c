"""Choices, records, lists of artifacts, open files, and what is read of modules beside the function's."""

from pathlib import Path
from textwrap import dedent

import pytest

from toolkit.findings import FindingsError
from toolkit.interface.function import read_function
from toolkit.interface.index import index_functions
from toolkit.interface.model import Function, Input, Kind, Output, Passing

WORDS = """
from __future__ import annotations
import dataclasses, enum, other
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from typing import Annotated, Dict, List, Literal, NamedTuple, Optional, TypedDict
from kfp.dsl import *
from kfp.components import InputBinaryFile, OutputBinaryFile, OutputTextFile
from pydantic import BaseModel
from other import Shade, Point

class Colour(Enum):
    RED = "red"
    BLUE = "blue"

class Level(IntEnum):
    LOW = 1
    HIGH = 2

class Drawn(Enum):
    A = auto()

@dataclass
class Inner:
    n: int
    colour: Colour = Colour.RED

@dataclasses.dataclass(frozen=True)
class Config(Inner):
    inner: Inner | None = None
    names: list[str] = field(default_factory=list)

class Loop(BaseModel):
    more: Loop

class Options(TypedDict, total=False):
    a: int

class Model2(BaseModel):
    options: Dict[str, Options]

@dataclass
class Frames:
    frame: np.ndarray

class Sizes(NamedTuple):
    rows: int
    colour: Colour
"""
OTHER = """
from dataclasses import dataclass
from enum import StrEnum

class Shade(StrEnum):
    DARK = "dark"

@dataclass
class Point:
    x: float

MOST = 7
"""


def _read(folder: Path, code: str) -> Function:
    (folder / "steps.py").write_text(WORDS + dedent(code))
    (folder / "other.py").write_text(OTHER)
    return read_function(folder / "steps.py", "f")


@pytest.mark.parametrize(
    ("written", "type_", "default", "choices", "shape"),
    [
        ("Literal['a', 'b'] = 'b'", "String", "b", ("a", "b"), None),
        ("Literal[1, 2]", "Integer", None, (1, 2), None),
        ("Literal[True]", "Boolean", None, (True,), None),
        ("Literal[0.5, 1.0] = 0.5", "Float", "0.5", (0.5, 1.0), None),
        ("Colour = Colour.BLUE", "String", "blue", ("red", "blue"), ("class", "Colour")),
        ("Level = Level.LOW", "Integer", "1", (1, 2), ("class", "Level")),
        ("Shade = Shade.DARK", "String", "dark", ("dark",), ("class", "Shade")),
        ("other.Shade", "String", None, ("dark",), ("class", "other.Shade")),
        ("Inner = Inner(n=3)", "JsonObject", '{"n":3}', (), ("class", "Inner")),
        ("Config", "JsonObject", None, (), ("class", "Config")),
        ("Point", "JsonObject", None, (), ("class", "Point")),
        ("Options", "JsonObject", None, (), ("class", "Options")),
        ("Model2", "JsonObject", None, (), ("class", "Model2")),
        ("list[Colour]", "JsonArray", None, (), ("list", ("class", "Colour"))),
        ("dict[str, list[int]]", "JsonObject", None, (), ("dict", ("list", "Integer"))),
        ("list[Optional[float]]", "JsonArray", None, (), ("list", ("optional", "Float"))),
        ("list[Literal['a']]", "JsonArray", None, (), ("list", ("choices", ("a",)))),
        ("list[int | str]", "JsonArray", None, (), None),
        ("list", "JsonArray", None, (), None),
    ],
)
def test_value(
    tmp_path: Path, written: str, type_: str, default: str | None, choices: tuple[object, ...], shape: object
) -> None:
    function = _read(tmp_path, f"def f(x: {written}): ...")
    expected = Input(name="x", type=type_, kind=Kind.PARAMETER, default=default, choices=choices)  # type: ignore[arg-type]
    assert function.interface.inputs == (expected,)
    assert function.bindings[0].shape == shape


def test_a_choice_may_be_none(tmp_path: Path) -> None:
    (port,) = _read(tmp_path, "def f(x: Literal['a', None] = None): ...").interface.inputs
    assert (port.choices, port.optional, port.default) == (("a",), True, None)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("Drawn", "`Drawn.A` is `auto()`"),
        ("Loop", "the record Loop contains itself"),
        ("Frames", "the field Frames.frame is `np.ndarray`, which JSON cannot hold"),
        ("list[Frames]", "the field Frames.frame is `np.ndarray`, which JSON cannot hold"),
        ("other.Gone", "`other.Gone` is no annotation"),
    ],
)
def test_what_no_engine_can_pass_is_refused(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(FindingsError) as caught:
        _read(tmp_path, f"def f(x: {written}): ...")
    assert message in caught.value.findings[0].message


@pytest.mark.parametrize("written", ["Input[List[Dataset]]", "List[Dataset]", "Input[list[Dataset]]"])
def test_a_list_of_artifacts(tmp_path: Path, written: str) -> None:
    function = _read(tmp_path, f"def f(x: {written}): ...")
    assert function.interface.inputs == (Input(name="x", type="Dataset", kind=Kind.ARTIFACT, many=True),)
    assert function.bindings[0].passing is Passing.ARTIFACT


@pytest.mark.parametrize(
    ("written", "type_", "kind", "mode"),
    [
        ("OutputTextFile('CSV')", "CSV", Kind.ARTIFACT, "w"),
        ("OutputBinaryFile('CSV')", "CSV", Kind.ARTIFACT, "wb"),
        ("OutputTextFile(int)", "Integer", Kind.PARAMETER, "w"),
    ],
)
def test_an_open_file(tmp_path: Path, written: str, type_: str, kind: Kind, mode: str) -> None:
    function = _read(tmp_path, f"def f(x_file: {written}): ...")
    assert function.interface.outputs == (Output(name="x", type=type_, kind=kind),)
    assert (function.bindings[0].passing, function.bindings[0].mode) == (Passing.FILE, mode)


@pytest.mark.parametrize(
    ("returned", "outputs"),
    [
        ("Colour", [("Output", "String")]),
        ("Config", [("Output", "JsonObject")]),
        ("list[Point]", [("Output", "JsonArray")]),
        ("Sizes", [("rows", "Integer"), ("colour", "String")]),
        ("NamedTuple('X', [('a', int), ('metrics', 'Metrics')])", [("a", "Integer"), ("metrics", "Metrics")]),
    ],
)
def test_returned(tmp_path: Path, returned: str, outputs: list[tuple[str, str]]) -> None:
    function = _read(tmp_path, f"def f() -> {returned}: ...")
    assert [(port.name, port.type) for port in function.interface.outputs] == outputs


def test_annotated_describes_what_the_docstring_does_not(tmp_path: Path) -> None:
    function = _read(
        tmp_path,
        '''
        def f(a: Annotated[int, "Here."], b: Annotated[int, "Here."], c: Annotated[Input[Dataset], "A table."]):
            """Do it.

            Args:
                b: There.
            """
        ''',
    )
    assert [port.description for port in function.interface.inputs] == ["Here.", "There.", "A table."]


def test_a_docstring_that_contradicts_is_remarked_on(tmp_path: Path) -> None:
    function = _read(
        tmp_path,
        '''
        def f(rows: int, ratio: float, name: str = "x"):
            """Do it.

            Args:
                rows (str): How many.
                ratio (int): What share.
                nmae: What.
                gone (int): Nothing.
            """
        ''',
    )
    assert [(remark.rule, remark.message) for remark in function.remarks] == [
        ("F010", "the docstring describes 'nmae', which is no parameter"),
        ("F010", "the docstring describes 'gone', which is no parameter"),
        ("F010", "the docstring says that 'rows' is str, its annotation is Integer"),
    ]
    assert function.remarks[0].help == "did you mean 'name'?"


@pytest.mark.parametrize(
    "code",
    [
        "@dsl.component(base_image=BASE, packages_to_install=PACKAGES + ['b'], target_image='r/x:1')\ndef f(): ...",
        (
            "step = partial(dsl.component, base_image=BASE, target_image='r/x:1', packages_to_install=['a', 'b'])\n"
            "@step\ndef f(): ..."
        ),
        (
            "def f(): ...\n"
            "op = components.create_component_from_func(f, base_image=BASE, packages_to_install=['a', 'b'])\n"
            "@dsl.component(target_image='r/x:1')\ndef g(): ...\nsame = dsl.component(f, target_image='r/x:1')"
        ),
        (
            "COMMON = {'base_image': BASE, 'target_image': 'r/x:1'}\n"
            "ALL = {**COMMON, 'packages_to_install': ['a', 'b']}\n@dsl.component(**ALL)\ndef f(): ..."
        ),
        (
            "COMMON = dict(base_image='x', target_image='r/x:1') | {'base_image': BASE}\n"
            "@dsl.component(packages_to_install=['a', 'b'], **COMMON)\ndef f(): ..."
        ),
        "from settings import COMMON\n@dsl.component(**COMMON)\ndef f(): ...",
        "from settings import ours\n@ours\ndef f(): ...",
        (
            "def ours(function):\n    return dsl.component(function, base_image=BASE, target_image='r/x:1', "
            "packages_to_install=['a', 'b'])\n@ours\ndef f(): ..."
        ),
        (
            "def ours(image, packages=(), **more):\n    def make(function):\n        return dsl.component(function, "
            "base_image=image, packages_to_install=['a', *packages], **more)\n    return make\n"
            "@ours(BASE, packages=['b'], target_image='r/x:1')\ndef f(): ..."
        ),
        (
            "def ours(function=None, *, base_image=BASE, **more):\n    if function is None:\n"
            "        return partial(ours, base_image=base_image, **more)\n    return dsl.component(function, "
            "base_image=base_image, **more)\n"
            "@ours(target_image='r/x:1', packages_to_install=['a', 'b'])\ndef f(): ..."
        ),
        (
            "def f(): ...\ndef pipe():\n    op = components.func_to_container_op(f, base_image=BASE, "
            "packages_to_install=['a', 'b'])\n    dsl.component(f, target_image='r/x:1')"
        ),
        (
            "comp = dsl.component\nagain = comp\n"
            "@again(base_image=BASE, target_image='r/x:1', packages_to_install=['a', 'b'])\ndef f(): ..."
        ),
    ],
)
def test_what_kfp_is_told(tmp_path: Path, code: str) -> None:
    words = "from functools import partial\nfrom kfp import components, dsl\nBASE = 'python:3.12'\nPACKAGES = ['a']\n"
    (tmp_path / "settings.py").write_text(
        "from kfp import dsl\nCOMMON = {'base_image': 'python:3.12', 'packages_to_install': ['a', 'b'], "
        "'target_image': 'r/x:1'}\nours = dsl.component(**COMMON)\n"
    )
    function = _read(tmp_path, words + code)
    assert (function.packages, function.base, function.image) == (("a", "b"), "python:3.12", "r/x:1")


def test_what_has_no_counterpart_is_said(tmp_path: Path) -> None:
    function = _read(
        tmp_path, "from kfp import dsl\n@dsl.component(pip_index_urls=['x'], base_image=find())\ndef f(): ..."
    )
    assert [(remark.rule, remark.message) for remark in function.remarks] == [
        ("F011", "pip_index_urls is left out"),
        ("F011", "base_image is no literal: `find()`"),
    ]
    assert "UV_INDEX" in function.remarks[0].help
    assert function.remarks[1].help == "name it in pyproject.toml: [tool.comp] base"


def test_the_index_of_a_module(tmp_path: Path) -> None:
    _read(tmp_path, "def f(): ...\ndef _own(x): ...\ndef g(x): ...\n@dsl.component\ndef h(x): ...\ndsl = 1")
    (tmp_path / "broken.py").write_text("def f(:")
    found = {(one.where.path.name, one.name): one for one in index_functions(tmp_path)}
    assert [name for _, name in found] == ["broken.py", "f", "g", "h"]
    assert found["steps.py", "f"].function is not None
    assert found["steps.py", "g"].findings[0].rule == "F005"
    assert found["broken.py", "broken.py"].findings[0].rule == "F001"
    (own,) = index_functions(tmp_path / "steps.py", "_own")
    assert own.findings[0].rule == "F005"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("@dsl.component(**settings())\ndef f(): ...", "`**settings()` cannot be followed"),
        ("@dsl.component(**{NAME: 1})\ndef f(): ...", "`**{NAME: 1}` cannot be followed"),
        (
            "from elsewhere import component\n@component(base_image='x')\ndef f(): ...",
            "`@component` cannot be followed",
        ),
        ("import e\n@e.step(packages_to_install=[])\ndef f(): ...", "`@e.step` cannot be followed"),
        (
            "def f(): ...\ndsl.component(f, base_image='a')\ndsl.component(f, base_image='b')",
            "base_image is `'a'` and `'b'`; the last one counts",
        ),
    ],
)
def test_what_cannot_be_followed_is_said(tmp_path: Path, code: str, message: str) -> None:
    function = _read(tmp_path, "from kfp import dsl\n" + code)
    (remark,) = function.remarks
    assert (remark.rule, remark.severity) == ("F014", "warning")
    assert remark.message.startswith(message)


def test_names_mean_what_they_mean_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "deco.py").write_text(
        "from kfp import dsl\nBASE = 'theirs'\ndef ours(image, more):\n"
        "    return dsl.component(base_image=image + ':1', packages_to_install=['a', *more], pip_index_urls=URLS)\n"
    )
    code = "from deco import ours\nBASE = 'mine'\nMORE = ['b']\n\n\n\n\n@ours(BASE, more=MORE)\ndef f(): ..."
    function = _read(tmp_path, code)
    assert (function.base, function.packages) == ("mine:1", ("a", "b"))
    (remark,) = function.remarks
    assert (remark.message, remark.where.line) == ("pip_index_urls is left out", function.where.line)


def test_wrappers_that_call_each_other_end(tmp_path: Path) -> None:
    calls = "".join(f"def w{n}(x):\n    w{n + 1}(x)\n    w{n + 1}(w{n}(x))\n    return w{n + 1}\n" for n in range(60))
    function = _read(tmp_path, calls + "def w60(x): return w0(x)\n@w0\ndef f(): ...")
    assert function.remarks == ()
