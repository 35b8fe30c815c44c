"""A slice holds what a function needs, and runs as a module of its own."""

from pathlib import Path

from tests.slices import cut_code, run_alone
from toolkit.scaffold.slice import slice_function


def test_reached_names_come_along_and_the_pipeline_stays(tmp_path: Path) -> None:
    cut = cut_code(
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
    assert run_alone(tmp_path, cut, "pipe.f(4, None)") == "42"
    assert [str(copy.target) for copy in cut.copies] == ["beside.py"]
    assert (cut.requirements, cut.findings) == ((), ())
    for kept in ("# How many.", "# Said by hand.", "'''A place.'''", "from toolkit.types import Dataset, Input"):
        assert kept in cut.text
    for left in ("aip", "compiler", "SECRET", "pipeline", "@dsl", "import os"):
        assert left not in cut.text


def test_annotations_in_quotes_and_other_decorators(tmp_path: Path) -> None:
    cut = cut_code(
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
    assert run_alone(tmp_path, cut, "pipe.f(3).rows") == "3"
    assert "@logged" in cut.text


def test_requirements_of_imports(tmp_path: Path) -> None:
    cut = cut_code(
        tmp_path,
        "import json\nimport kfp\nimport numpy\ndef f(x: int):\n    import sklearn.svm\n    return json, numpy\n",
    )
    assert cut.requirements == ("numpy", "scikit-learn")


def test_future_imports_come_first(tmp_path: Path) -> None:
    cut = cut_code(
        tmp_path, "'''Doc.'''\nfrom __future__ import annotations\ndef f(x: Nowhere) -> int:\n    return x\n"
    )
    assert run_alone(tmp_path, cut, "pipe.f(5)") == "5"


def test_lines_end_where_python_ends_them(tmp_path: Path) -> None:
    source = tmp_path / "pipe.py"
    text = "A = 1\r\n\x0cdef g():\r\n    '''a\x0cb\x1c\x85'''\r\n    return A\rdef f():\r    return g()\r"
    source.write_bytes(text.encode())
    cut = slice_function(source, "f", environ={}, here=tmp_path)
    assert run_alone(tmp_path, cut, "pipe.f()") == "1"
    assert "'''a\x0cb\x1c\x85'''" in cut.text
