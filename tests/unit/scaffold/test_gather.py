"""Imports of local modules, of distributions, and those that cannot work."""

from pathlib import Path

import pytest

from tests.slices import cut_code, run_alone, write_files
from toolkit.errors import InputError
from toolkit.scaffold.slice import slice_function


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
def test_local_modules_and_files_come_along(
    tmp_path: Path, files: dict[str, str], source: str, place: str, copied: list[str], value: str
) -> None:
    folder = tmp_path / "repository"
    write_files(folder, {".git/HEAD": "", **files})
    cut = slice_function(folder / source, "f", environ={})
    assert cut.requirements == ()
    assert [one.message for one in (*cut.findings, *cut.unknown)] == []
    assert str(cut.place) == place
    assert [str(copy.target) for copy in cut.copies] == copied
    assert run_alone(tmp_path, cut, "pipe.f()") == value


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"f.py": "import common\ndef f(): return common"}, "`common` is imported; no known distribution has it"),
        ({"f.py": "from google import nothing\ndef f(): return nothing"}, "`google.nothing` is imported; no known"),
        ({"f.py": "from numpy2 import nothing\ndef f(): return nothing"}, "`numpy2` is imported; no known"),
        (
            {"f.py": "import my_lib\ndef f(): return my_lib", "pyproject.toml": "[project]\nname = 'my-lib'"},
            "`import my_lib`: my-lib is the project in",
        ),
        ({"f.py": "import __main__\ndef f(): return __main__"}, "`__main__` is the launcher in a component"),
        ({"f.py": "from . import gone\ndef f(): return gone"}, "`from . import gone` does not name a file"),
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
def test_other_imports_are_findings(tmp_path: Path, files: dict[str, str], message: str) -> None:
    write_files(tmp_path, {".git/HEAD": "", **files})
    cut = slice_function(tmp_path / "f.py", "f", environ={})
    assert cut.requirements == ()
    (finding,) = (*cut.findings, *cut.unknown)
    assert message in finding.message
    assert finding.rule == "F013"
    assert finding.severity == "error"
    assert finding.where.line is not None


def test_an_optional_import_is_not_an_error(tmp_path: Path) -> None:
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
    cut = cut_code(tmp_path, code)
    assert [one.severity for one in cut.unknown] == ["info"]


def test_a_missing_module_is_reported_once_for_the_import_that_needs_it_most(tmp_path: Path) -> None:
    files = {
        "f.py": "import a, b\ndef f(x):\n    if x:\n        import engine.core\n    return a, b",
        "a.py": "try:\n    import engine\nexcept ImportError:\n    pass",
        "b.py": "def late(x):\n    if x:\n        from engine.more import y",
    }
    write_files(tmp_path, {".git/HEAD": "", **files})
    (finding,) = slice_function(tmp_path / "f.py", "f", environ={}).unknown
    assert finding.severity == "warning"
    assert finding.message == "no known distribution has `engine`, which is imported under a condition"
    (tmp_path / "b.py").write_text("import engine.more")
    (finding,) = slice_function(tmp_path / "f.py", "f", environ={}).unknown
    assert (finding.severity, finding.where.path.name) == ("error", "b.py")


def test_a_relative_import_does_not_leave_the_repository(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"r/.git/HEAD": "", "r/f.py": "from .. import secret\ndef f(): return secret", "secret.py": ""}
    )
    with pytest.raises(InputError, match="leads out of"):
        slice_function(tmp_path / "r" / "f.py", "f", environ={})
