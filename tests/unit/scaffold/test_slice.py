"""A slice holds what the function needs, runs as a module of its own, and holds nothing else."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from toolkit.errors import InputError
from toolkit.scaffold.slice import Slice, slice_function


def _cut(folder: Path, code: str, **others: str) -> Slice:
    source = folder / "source"
    source.mkdir()
    (source / "pipe.py").write_text(dedent(code))
    for name, text in others.items():
        (source / f"{name}.py").write_text(dedent(text))
    return slice_function(source / "pipe.py", "f", here=source)


def _runs(folder: Path, cut: Slice, expression: str) -> str:
    """Import the slice alone, evaluate, and give what it printed."""
    alone = folder / "alone"
    for copy in cut.copies:
        (alone / copy.target).parent.mkdir(parents=True, exist_ok=True)
        (alone / copy.target).write_bytes(copy.path.read_bytes())
    (alone / cut.place).parent.mkdir(parents=True, exist_ok=True)
    (alone / cut.place).write_text(cut.text)
    program = f"import {cut.module} as pipe; print({expression})"
    done = subprocess.run([sys.executable, "-c", program], cwd=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _files(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))


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
    assert [str(copy.target) for copy in cut.copies] == ["beside.py"]
    assert (cut.requirements, cut.findings) == ((), ())
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
    assert cut.requirements == ("numpy", "scikit-learn")


def test_the_future_comes_first(tmp_path: Path) -> None:
    cut = _cut(tmp_path, "'''Doc.'''\nfrom __future__ import annotations\ndef f(x: Nowhere) -> int:\n    return x\n")
    assert _runs(tmp_path, cut, "pipe.f(5)") == "5"


@pytest.mark.parametrize(
    ("files", "source", "place", "copied", "value"),
    [
        pytest.param(
            {
                "mypkg/__init__.py": "from .utils import g",
                "mypkg/utils.py": "def g(): return 42",
                "t.py": "import mypkg\ndef f(): return mypkg.g()",
            },
            "t.py",
            "t.py",
            ["mypkg/__init__.py", "mypkg/utils.py"],
            "42",
            id="a relative import of a package beside",
        ),
        pytest.param(
            {"comps/train.py": "from common import c\ndef f(): return c", "common/__init__.py": "c = 7"},
            "comps/train.py",
            "train.py",
            ["common/__init__.py"],
            "7",
            id="a package at the root of the repository",
        ),
        pytest.param(
            {"comps/train.py": "from lib import c\ndef f(): return c", "src/lib/__init__.py": "c = 7"},
            "comps/train.py",
            "train.py",
            ["lib/__init__.py"],
            "7",
            id="a package in the root's src",
        ),
        pytest.param(
            {
                "comps/train.py": "from . import _a\ndef f():\n    from .types import one\n    return one + _a.two",
                "comps/__init__.py": "import kfp.compiler\nraise SystemExit",
                "comps/_a.py": "from ._builder import two",
                "comps/_builder.py": "two = 2",
                "comps/types.py": "one = 1",
            },
            "comps/train.py",
            "comps/train.py",
            ["comps/_a.py", "comps/_builder.py", "comps/types.py"],
            "3",
            id="relative imports, also inside functions and of names that Python has, without the package's own code",
        ),
        pytest.param(
            {"comps/train.py": "from . import two\ndef f(): return two", "comps/__init__.py": "two = 2"},
            "comps/train.py",
            "comps/train.py",
            ["comps/__init__.py"],
            "2",
            id="a name of the package itself",
        ),
        pytest.param(
            {"a/my-comps/train.py": "from ..base import two\ndef f(): return two", "a/base.py": "two = 2"},
            "a/my-comps/train.py",
            "a/my_comps/train.py",
            ["a/base.py"],
            "2",
            id="two levels up, from a folder that no import can name",
        ),
        pytest.param(
            {
                "steps.py": "SEVEN = 7\ndef triple(x): return 3 * x * SEVEN\n"
                "def f():\n    from steps import triple as t\n    return t(1)"
            },
            "steps.py",
            "steps.py",
            [],
            "21",
            id="its own module",
        ),
        pytest.param(
            {
                "steps.py": "from other import g\nK = 4\ndef f(): return g()",
                "other.py": "def g():\n    from steps import K\n    return K",
            },
            "steps.py",
            "steps.py",
            ["other.py"],
            "4",
            id="a neighbour that imports its module",
        ),
        pytest.param(
            {
                "steps.py": "from other import g\nK = 4\ndef f(): return g()",
                "other.py": "import steps\ndef g(): return steps.K",
            },
            "steps.py",
            "steps.py",
            ["other.py"],
            "4",
            id="a neighbour that imports its module whole",
        ),
        pytest.param(
            {"train-model.py": "def f(): return 1"}, "train-model.py", "train_model.py", [], "1", id="no identifier"
        ),
        pytest.param({"2nd.py": "def f(): return 1"}, "2nd.py", "_2nd.py", [], "1", id="a digit first"),
        pytest.param(
            {"json.py": "import json\ndef f(): return json.dumps(1)"},
            "json.py",
            "json_step.py",
            [],
            "1",
            id="a module of Python's",
        ),
        pytest.param({"kfp.py": "def f(): return 1"}, "kfp.py", "kfp_step.py", [], "1", id="one that has a stand-in"),
        pytest.param(
            {"x.py": "from toolkit.a import K\ndef f(): return K", "toolkit/__init__.py": "", "toolkit/a.py": "K = 4"},
            "x.py",
            "x.py",
            ["toolkit/__init__.py", "toolkit/a.py"],
            "4",
            id="a package of the repository that is called as ours",
        ),
        pytest.param(
            {
                "a/x.py": "import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), '..', 'more'))\n"
                "import other\ndef f(): return other.K",
                "more/other.py": "K = 4",
            },
            "a/x.py",
            "x.py",
            ["other.py"],
            "4",
            id="a folder that the code puts on its path",
        ),
        pytest.param(
            {
                "x.py": "def pipe():\n    from kfp import dsl\n    @dsl.component\n    def f():\n"
                "        return one()\n    f()\ndef one(): return 1"
            },
            "x.py",
            "x.py",
            [],
            "1",
            id="a function inside another",
        ),
        pytest.param(
            {"steps/__init__.py": "from .a import b\ndef f(): return b", "steps/a.py": "b = 5"},
            "steps/__init__.py",
            "steps/__init__.py",
            ["steps/a.py"],
            "5",
            id="a package's own code",
        ),
        pytest.param(
            {"x.py": "import importlib\ndef f(): return importlib.import_module('other').K", "other.py": "K = 4"},
            "x.py",
            "x.py",
            ["other.py"],
            "4",
            id="a module by its name",
        ),
        pytest.param(
            {
                "c/x.py": "from pathlib import Path\nHERE = Path(__file__).resolve().parent\n"
                "def f(): return (HERE / 'conf.json').read_text()",
                "c/conf.json": "8",
                "c/other.json": "9",
            },
            "c/x.py",
            "x.py",
            ["conf.json"],
            "8",
            id="a file beside the code",
        ),
        pytest.param(
            {
                "c/x.py": "import os\ndef f():\n    here = os.path.dirname(__file__)\n"
                "    return open(os.path.join(os.path.dirname(__file__), '..', 'data', 'a.txt')).read()",
                "data/a.txt": "8",
            },
            "c/x.py",
            "c/x.py",
            ["data/a.txt"],
            "8",
            id="a file above the code",
        ),
        pytest.param(
            {
                "x.py": "from importlib import resources\n"
                "def f(): return (resources.files('lib') / 'a.txt').read_text()",
                "lib/__init__.py": "",
                "lib/a.txt": "8",
            },
            "x.py",
            "x.py",
            ["lib/a.txt"],
            "8",
            id="a file of a package",
        ),
    ],
)
def test_what_is_local_comes_along(
    tmp_path: Path, files: dict[str, str], source: str, place: str, copied: list[str], value: str
) -> None:
    folder = tmp_path / "repository"
    _files(folder, {".git/HEAD": "", **files})
    cut = slice_function(folder / source, "f")
    assert cut.requirements == ()
    assert [one.message for one in (*cut.findings, *cut.unknown)] == []
    assert str(cut.place) == place
    assert [str(copy.target) for copy in cut.copies] == copied
    assert _runs(tmp_path, cut, "pipe.f()") == value


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"f.py": "import common\ndef f(): return common"}, "`common` is imported, and what brings it is not known"),
        ({"f.py": "from google import nothing\ndef f(): return nothing"}, "`google.nothing` is imported, and"),
        ({"f.py": "from numpy2 import nothing\ndef f(): return nothing"}, "`numpy2` is imported, and"),
        (
            {"f.py": "import my_lib\ndef f(): return my_lib", "pyproject.toml": "[project]\nname = 'my-lib'"},
            "`import my_lib`: my-lib is the project in",
        ),
        ({"f.py": "import __main__\ndef f(): return __main__"}, "`__main__` is the launcher in a component"),
        ({"f.py": "from . import gone\ndef f(): return gone"}, "`from . import gone` names no file"),
        ({"f.py": "import fast\ndef f(): return fast", "fast.cpython-311.so": ""}, "machine code for one platform"),
        (
            {"f.py": "import a\ndef f(): return a", "a.py": "from .b import c", "b.py": "c = 1"},
            "`from .b import c` cannot work: a.py is imported as a module of its own",
        ),
        (
            {
                "f.py": "import toolz\ndef f(): return toolz",
                "pyproject.toml": "[project]\ndependencies = ['toolz']\n[tool.uv.sources]\ntoolz = {index = 'mine'}",
            },
            "toolz has a source of its own in [tool.uv.sources]",
        ),
        (
            {
                "f.py": "from pathlib import Path\ndef f(): return Path(__file__).with_name('.env').read_text()",
                ".env": "KEY=1",
            },
            "which cannot come along",
        ),
    ],
)
def test_what_is_not_known_is_a_finding_and_no_requirement(tmp_path: Path, files: dict[str, str], message: str) -> None:
    _files(tmp_path, {".git/HEAD": "", **files})
    cut = slice_function(tmp_path / "f.py", "f")
    assert cut.requirements == ()
    (finding,) = (*cut.findings, *cut.unknown)
    assert message in finding.message
    assert finding.rule == "F013"
    assert finding.severity == "error"
    assert finding.where.line is not None


def test_what_the_code_can_do_without_is_no_error(tmp_path: Path) -> None:
    code = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import nothing_at_all
        def f():
            try:
                import speedups_of_mine
            except ImportError:
                speedups_of_mine = None
    """
    cut = _cut(tmp_path, code)
    assert [one.severity for one in cut.unknown] == ["info"]


def test_one_module_is_missing_once_for_the_import_that_needs_it_most(tmp_path: Path) -> None:
    files = {
        "f.py": "import a, b\ndef f(x):\n    if x:\n        import engine.core\n    return a, b",
        "a.py": "try:\n    import engine\nexcept ImportError:\n    pass",
        "b.py": "def late(x):\n    if x:\n        from engine.more import y",
    }
    _files(tmp_path, {".git/HEAD": "", **files})
    (finding,) = slice_function(tmp_path / "f.py", "f").unknown
    assert finding.severity == "warning"
    assert finding.message == "nothing known brings `engine`, imported where a condition holds"
    (tmp_path / "b.py").write_text("import engine.more")
    (finding,) = slice_function(tmp_path / "f.py", "f").unknown
    assert (finding.severity, finding.where.path.name) == ("error", "b.py")


def test_a_relative_import_does_not_leave_the_repository(tmp_path: Path) -> None:
    _files(tmp_path, {"r/.git/HEAD": "", "r/f.py": "from .. import secret\ndef f(): return secret", "secret.py": ""})
    with pytest.raises(InputError, match="leads out of"):
        slice_function(tmp_path / "r" / "f.py", "f")


@pytest.mark.parametrize(
    ("code", "kept", "left"),
    [
        (
            (
                "REGISTRY = {}\ndef register(g):\n    REGISTRY[g.__name__] = g\n    return g\n"
                "@register\ndef one(): return 1\ndef f(): return REGISTRY['one']()"
            ),
            "@register\ndef one()",
            [],
        ),
        (
            (
                "class Registry(dict):\n    def add(self, n):\n        return lambda g: self.setdefault(n, g)\n"
                "R = Registry()\n@R.add('one')\ndef one(): return 1\ndef f(): return R['one']()"
            ),
            "@R.add('one')",
            [],
        ),
        (
            (
                "ALL = []\nclass Base:\n    def __init_subclass__(cls): ALL.append(cls)\nclass One(Base): x = 1\n"
                "def f():\n    Base\n    return ALL[0].x"
            ),
            "class One(Base)",
            [],
        ),
        (
            "ALL = []\ndef fill():\n    ALL.append(1)\nfill()\nprint(3)\ndef f(): return ALL[0]",
            "fill()\n",
            [(5, "print(3)")],
        ),
        (
            "import os\nos.environ['A'] = '1'\ndef f():\n    import os\n    return os.environ['A']",
            "os.environ['A'] = '1'",
            [],
        ),
        ("import warnings\nwarnings.simplefilter('ignore')\ndef f(): return 1", "warnings.simplefilter", []),
        (
            "import numpy\nOTHER = {}\nOTHER['a'] = numpy.zeros(1)\n@OTHER.get\ndef g(): ...\ndef f(): return 1",
            "def f()",
            [(3, "OTHER['a'] = numpy.zeros(1)"), (4, "@OTHER.get")],
        ),
        ("x = 1; y = 2; z = 3\ndef f(): return y - 1", "y = 2", []),
    ],
)
def test_effects_without_a_name(tmp_path: Path, code: str, kept: str, left: list[tuple[int, str]]) -> None:
    cut = _cut(tmp_path, code)
    assert kept in cut.text
    assert list(cut.left) == left
    assert _runs(tmp_path, cut, "pipe.f()") == "1"


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        (
            "import matplotlib\nimport matplotlib.pyplot as plt\nmatplotlib.use('Agg')\ndef f(): plt",
            "matplotlib.use('Agg')",
        ),
        (
            "import matplotlib\nmatplotlib.use('Agg')\ndef f():\n    import matplotlib.pyplot as plt\n    plt",
            "matplotlib.use('Agg')",
        ),
        (
            (
                "from sklearn.experimental import enable_iterative_imputer\n"
                "from sklearn.impute import IterativeImputer\ndef f(): IterativeImputer"
            ),
            "import enable_iterative_imputer",
        ),
    ],
)
def test_what_sets_a_package_up_comes_along(tmp_path: Path, code: str, kept: str) -> None:
    cut = _cut(tmp_path, code)
    assert kept in cut.text
    assert cut.left == ()


def test_lines_are_pythons(tmp_path: Path) -> None:
    source = tmp_path / "pipe.py"
    text = "A = 1\r\n\x0cdef g():\r\n    '''a\x0cb\x1c\x85'''\r\n    return A\rdef f():\r    return g()\r"
    source.write_bytes(text.encode())
    cut = slice_function(source, "f", here=tmp_path)
    assert _runs(tmp_path, cut, "pipe.f()") == "1"
    assert "'''a\x0cb\x1c\x85'''" in cut.text


def test_files_that_may_be_opened_are_named(tmp_path: Path) -> None:
    _files(tmp_path, {"a.json": "1", "b.json": "2", "x.py": "def f(): return open('a.json').read()"})
    assert [path.name for path in slice_function(tmp_path / "x.py", "f", here=tmp_path).beside] == ["a.json"]
    (tmp_path / "x.py").write_text("from pathlib import Path\ndef f(): return list(Path(__file__).parent.iterdir())")
    assert [path.name for path in slice_function(tmp_path / "x.py", "f", here=tmp_path).beside] == ["a.json", "b.json"]


def test_links_that_lead_out_of_a_package_stay_behind(tmp_path: Path) -> None:
    _files(
        tmp_path, {"r/.git/HEAD": "", "r/f.py": "import lib\ndef f(): return lib", "r/lib/__init__.py": "", "key": "1"}
    )
    (tmp_path / "r" / "lib" / "key.txt").symlink_to(tmp_path / "key")
    cut = slice_function(tmp_path / "r" / "f.py", "f")
    assert [str(copy.target) for copy in cut.copies] == ["lib/__init__.py"]


def test_packages_are_looked_through_without_a_repository(tmp_path: Path) -> None:
    files = {
        "a/b/f.py": "from ..c import K\ndef f(): return K",
        "a/c.py": "K = 4",
        "a/__init__.py": "",
        "a/b/__init__.py": "",
    }
    _files(tmp_path, files)
    (tmp_path / "elsewhere").mkdir()
    cut = slice_function(tmp_path / "a" / "b" / "f.py", "f", here=tmp_path / "elsewhere")
    assert (str(cut.place), [str(copy.target) for copy in cut.copies]) == ("a/b/f.py", ["a/c.py"])


@pytest.mark.parametrize(
    "code",
    [
        "from " + "a" * 300 + " import b\ndef f(): return b",
        "import os." + "ä" * 200 + "\nimport " + "ä" * 200 + "\ndef f(): return " + "ä" * 200,
        "import importlib\ndef f(): return importlib.import_module('/etc/passwd'), importlib.import_module('a[b')",
        "from pathlib import Path\ndef f(): return Path(__file__).parent / ('a' * 3), Path(__file__).parent / '"
        + "b" * 300
        + ".txt'",
        "from pathlib import Path\ndef f(): return Path(__file__).parent / '\\ud800.txt', '" + "ü" * 190 + ".txt'",
        "def f(): return '" + "A sentence of a help. " * 20 + "'",
        "from pathlib import Path\ndef f(): return Path(__file__).parent / '" + "b/" * 3000 + "c.txt'",
        "from pathlib import Path\ndef f(): return (Path(__file__).parent / '/etc/passwd').read_text()",
        "from pathlib import Path\nA = B\nB = A\ndef f(): return Path(A) / B, Path(__file__).parents[99]",
    ],
)
def test_names_that_no_file_can_have(tmp_path: Path, code: str) -> None:
    cut = _cut(tmp_path, code)
    assert (cut.copies, cut.requirements) == ((), ())
