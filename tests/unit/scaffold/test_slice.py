"""A slice holds what the function needs, runs as a module of its own, and holds nothing else."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from toolkit.scaffold.slice import Slice, local_source, slice_function


def _cut(folder: Path, code: str, **others: str) -> Slice:
    source = folder / "source"
    source.mkdir()
    (source / "pipe.py").write_text(dedent(code))
    for name, text in others.items():
        (source / f"{name}.py").write_text(dedent(text))
    return slice_function(source / "pipe.py", "f")


def _runs(folder: Path, cut: Slice, expression: str) -> str:
    """Import the slice alone, evaluate, and give what it printed."""
    alone = folder / "alone"
    alone.mkdir()
    (alone / "pipe.py").write_text(cut.text)
    for one in cut.local:
        (alone / one).write_text((folder / "source" / one).read_text())
    program = f"import pipe; print({expression})"
    done = subprocess.run([sys.executable, "-c", program], cwd=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_it_reaches_comes_along_and_the_pipeline_stays(tmp_path: Path) -> None:
    cut = _cut(
        tmp_path,
        """
        import google.cloud.aiplatform as aip
        import json, os
        from kfp import compiler, dsl
        from kfp.dsl import Dataset, Input
        from beside import scale

        # How many.
        ROUNDS = 2
        SECRET = os.environ["SECRET"]

        class Point:
            '''A place.'''

            x = ROUNDS

        def helper(x):
            # Said by hand.
            return scale(x) + Point.x

        @dsl.component(base_image="python:3.11")
        def f(x: int, data: Input[Dataset]) -> str:
            return json.dumps(helper(x))

        @dsl.pipeline
        def pipe():
            f(x=1)

        compiler.Compiler().compile(pipe)
        """,
        beside="def scale(x):\n    return 10 * x\n",
    )
    assert _runs(tmp_path, cut, "pipe.f(4, None)") == "42"
    assert cut.local == (Path("beside.py"),)
    assert cut.imported == ()
    for kept in ("# How many.", "# Said by hand.", "'''A place.'''", "from toolkit.types import Dataset, Input"):
        assert kept in cut.text
    for left in ("aip", "compiler", "SECRET", "pipeline", "@dsl", "import os"):
        assert left not in cut.text


def test_a_local_variable_is_not_the_modules(tmp_path: Path) -> None:
    cut = _cut(
        tmp_path,
        """
        frame = open("/not/there").read()

        def f(x: int) -> int:
            frame = x
            def inner(other):
                return other + frame
            return inner(1)

        if __name__ == "__main__":
            result = f(1)
        """,
    )
    assert "/not/there" not in cut.text
    assert "__main__" not in cut.text
    assert _runs(tmp_path, cut, "pipe.f(2)") == "3"


@pytest.mark.parametrize(
    "change", ["TABLE['b'] = 2", "TABLE.update(b=2)", "TABLE |= {'b': 2}", "if True:\n    TABLE = {'a': 1, 'b': 2}"]
)
def test_changes_of_what_it_reaches_come_along(tmp_path: Path, change: str) -> None:
    code = f"TABLE = {{'a': 1}}\n{change}\nOTHER = []\nOTHER.append(1)\ndef f() -> int:\n    return len(TABLE)\n"
    cut = _cut(tmp_path, code)
    assert _runs(tmp_path, cut, "pipe.f()") == "2"
    assert "OTHER" not in cut.text


def test_annotations_in_quotes_and_other_decorators(tmp_path: Path) -> None:
    cut = _cut(
        tmp_path,
        """
        from functools import wraps
        from typing import NamedTuple

        class Sizes(NamedTuple):
            rows: int

        def logged(call):
            @wraps(call)
            def inner(*args):
                return call(*args)
            return inner

        @logged
        def f(x: int) -> "Sizes":
            return globals()["Sizes"](x)
        """,
    )
    assert _runs(tmp_path, cut, "pipe.f(3).rows") == "3"
    assert "@logged" in cut.text


def test_what_must_be_installed(tmp_path: Path) -> None:
    cut = _cut(
        tmp_path,
        "import json\nimport kfp\nimport numpy\ndef f(x: int):\n    import sklearn.svm\n    return json, numpy\n",
    )
    assert cut.imported == ("numpy", "sklearn")


def test_the_future_comes_first(tmp_path: Path) -> None:
    cut = _cut(tmp_path, "'''Doc.'''\nfrom __future__ import annotations\ndef f(x: Nowhere) -> int:\n    return x\n")
    assert _runs(tmp_path, cut, "pipe.f(5)") == "5"


def test_modules_that_come_along_have_no_package_any_more(tmp_path: Path) -> None:
    text = "# coding: latin-1\nfrom . import other\nfrom .deep import x\n"
    text += "if 1:\n    from .more import (\n        y,\n    )\nz = 'é'\n"
    path = tmp_path / "helpers.py"
    path.write_bytes(text.encode("latin-1"))
    expected = text.replace("from . import other", "import other").replace("from .", "from ")
    assert local_source(path) == expected.encode("latin-1")
    (tmp_path / "__init__.py").touch()
    assert local_source(path) == path.read_bytes()
