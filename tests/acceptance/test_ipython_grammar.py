"""Cells become the same Python as by IPython's own transformer."""

import ast
import json
import subprocess
from pathlib import Path

from tests.package_index import HERE
from toolkit.cache.store import Cache
from toolkit.interface.programs.ipython import transformed
from toolkit.requirements.environment import environment_python

CELLS = [
    *("x = 1\n", "x = !ls", "!ls -l", "  !ls", "!!ls", "%matplotlib inline", "%%bash\nls\necho hi", "x = %time 3"),
    *("if 1:\n    !ls {x}\n    y = 2", "!ls \\\n  -l", "%run a.py \\\n  -x\nz = 1", "print?", "?print", "a.b??", "??a"),
    *("x = '''\n!ls\n%time\n'''", "f(\n  1\n  % 2,\n)", "a = b \\\n  % 3", "x %= 2", "x['a'] = !ls", "a, b = !ls"),
    *("x.y = %who_ls", "a = f(b='%d' % 3)", "fmt = '%s' % x", "if x != 3: pass", "\n\n%%html\n<b>", "x = 5 % 3"),
    *("    x = 1\n    y = 2", "# !ls\n#%time", "x = 'a' # what?", "'''doc'''\n!pip install x", "x = y = !ls"),
    *("for i in range(3):\n  %time x = 1", "x = {\n 'a': 1\n}\n!ls", "%timeit -n 1 x", '!echo "it\'s"', "x == !ls"),
    *("def f(a=1):\n    return a % 2", "print('a?')", "foo?  ", "%cd ..", "!cd x && ls", "x=!ls", "_ = !ls | head"),
    *(",f a b", ";f a b", "/f a b", "x = '\\\\'\n!ls", "%%sql sqlite://\nselect 1", "await f()", "x: list = !ls"),
    *("*a, b = !ls", "%%script bash -e\nls", "np.random?", "lambda: 1\n!ls", "x = (1,\n!ls\n)", "f'{x!r}'", "f'{x}%'"),
    *(
        "%load_ext autoreload\n%autoreload 2",
        "assert x, '%s'",
        "x = f'{a}' % !b",
        "s = \"\"\"a\"\"\" + '''b\n!c'''\n!d",
    ),
]
IPYTHON = """
import json, sys
from IPython.core.inputtransformer2 import TransformerManager
print(json.dumps([TransformerManager().transform_cell(cell) for cell in json.load(sys.stdin)]))
"""


def _meaning(code: str) -> str:
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return "not Python"


def test_cells_are_what_ipython_makes_of_them(tmp_path: Path) -> None:
    python = environment_python(Cache(tmp_path), python="3.11", requirements=["ipython==9.18.1"], indexes=HERE)
    done = subprocess.run(
        [python, "-c", IPYTHON], input=json.dumps(CELLS), capture_output=True, text=True, check=True, timeout=300
    )
    for cell, theirs in zip(CELLS, json.loads(done.stdout), strict=True):
        assert _meaning(transformed(cell).python) == _meaning(theirs), cell
