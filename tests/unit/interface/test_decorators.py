"""Settings in KFP's decorators and calls, through names, partials and wrappers."""

from pathlib import Path

import pytest

from tests.functions import read_below_classes


@pytest.mark.parametrize(
    "code",
    [
        (
            "from toolkit import component\n"
            "@component(base=BASE, requirements=PACKAGES + ['b'], image='r/x:1', user='65532')\ndef f(): ..."
        ),
        ("import toolkit\ndef f(): ...\ng = toolkit.component(f, base=BASE, requirements=('a', 'b'), image='r/x:1')"),
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
def test_settings_are_followed(tmp_path: Path, code: str) -> None:
    words = "from functools import partial\nfrom kfp import components, dsl\nBASE = 'python:3.12'\nPACKAGES = ['a']\n"
    (tmp_path / "settings.py").write_text(
        "from kfp import dsl\nCOMMON = {'base_image': 'python:3.12', 'packages_to_install': ['a', 'b'], "
        "'target_image': 'r/x:1'}\nours = dsl.component(**COMMON)\n"
    )
    function = read_below_classes(tmp_path, words + code)
    assert (function.packages, function.base, function.image) == (("a", "b"), "python:3.12", "r/x:1")


def test_settings_without_a_counterpart_are_remarked_on(tmp_path: Path) -> None:
    function = read_below_classes(
        tmp_path, "from kfp import dsl\n@dsl.component(pip_index_urls=['x'], base_image=find())\ndef f(): ..."
    )
    assert [(remark.rule, remark.message) for remark in function.remarks] == [
        ("F011", "pip_index_urls is left out"),
        ("F011", "base_image is not a literal: `find()`"),
    ]
    assert "UV_INDEX" in function.remarks[0].help
    assert function.remarks[1].help == "name it in pyproject.toml: [tool.comp] base"


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
def test_settings_that_cannot_be_followed_are_remarked_on(tmp_path: Path, code: str, message: str) -> None:
    function = read_below_classes(tmp_path, "from kfp import dsl\n" + code)
    (remark,) = function.remarks
    assert (remark.rule, remark.severity) == ("F014", "warning")
    assert remark.message.startswith(message)


def test_names_keep_the_meaning_of_their_own_module(tmp_path: Path) -> None:
    (tmp_path / "deco.py").write_text(
        "from kfp import dsl\nBASE = 'theirs'\ndef ours(image, more):\n"
        "    return dsl.component(base_image=image + ':1', packages_to_install=['a', *more], pip_index_urls=URLS)\n"
    )
    code = "from deco import ours\nBASE = 'mine'\nMORE = ['b']\n\n\n\n\n@ours(BASE, more=MORE)\ndef f(): ..."
    function = read_below_classes(tmp_path, code)
    assert (function.base, function.packages) == ("mine:1", ("a", "b"))
    (remark,) = function.remarks
    assert (remark.message, remark.where.line) == ("pip_index_urls is left out", function.where.line)


def test_wrappers_that_call_each_other_end(tmp_path: Path) -> None:
    calls = "".join(f"def w{n}(x):\n    w{n + 1}(x)\n    w{n + 1}(w{n}(x))\n    return w{n + 1}\n" for n in range(60))
    function = read_below_classes(tmp_path, calls + "def w60(x): return w0(x)\n@w0\ndef f(): ...")
    assert function.remarks == ()


def test_requirements_that_only_the_pipeline_knows_are_a_remark(tmp_path: Path) -> None:
    function = read_below_classes(
        tmp_path, "from toolkit import component\n@component(requirements=read())\ndef f(): ..."
    )
    assert function.packages == ()
    assert [remark.message for remark in function.remarks] == ["requirements is not a literal: `read()`"]
