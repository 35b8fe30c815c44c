"""Statements that a function needs, and those with an effect on what it needs."""

from pathlib import Path

import pytest

from tests.slices import cut_code, run_alone


def test_a_local_variable_does_not_reach_the_one_of_the_module(tmp_path: Path) -> None:
    cut = cut_code(
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
    assert run_alone(tmp_path, cut, "pipe.f(2)") == "3"


@pytest.mark.parametrize(
    "change", ["TABLE['b'] = 2", "TABLE.update(b=2)", "TABLE |= {'b': 2}", "if True:\n    TABLE = {'a': 1, 'b': 2}"]
)
def test_changes_of_reached_names_come_along(tmp_path: Path, change: str) -> None:
    code = f"TABLE = {{'a': 1}}\n{change}\nOTHER = []\nOTHER.append(1)\ndef f() -> int:\n    return len(TABLE)\n"
    cut = cut_code(tmp_path, code)
    assert run_alone(tmp_path, cut, "pipe.f()") == "2"
    assert "OTHER" not in cut.text


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
    cut = cut_code(tmp_path, code)
    assert kept in cut.text
    assert list(cut.left) == left
    assert run_alone(tmp_path, cut, "pipe.f()") == "1"


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
def test_the_setup_of_a_package_comes_along(tmp_path: Path, code: str, kept: str) -> None:
    cut = cut_code(tmp_path, code)
    assert kept in cut.text
    assert cut.left == ()
