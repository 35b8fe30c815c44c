"""Cells of notebooks as Python, line for line; `tests/acceptance/test_ipython_grammar.py` compares with IPython."""

import pytest

from toolkit.interface.programs.ipython import transformed

CALL = "get_ipython()"


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("x = 1", "x = 1"),
        ("x = !ls {x}", f"x = {CALL}.getoutput('ls {{x}}')"),
        ("!ls \\\n  -l\nx", f"{CALL}.system('ls    -l')\n\nx"),
        ("if x:\n    %cd ..", f"if x:\n    {CALL}.run_line_magic('cd', '..')"),
        ("x = %who_ls", f"x = {CALL}.run_line_magic('who_ls', '')"),
        ("a.b??", f"{CALL}.run_line_magic('pinfo2', 'a.b')"),
        ("\n%%bash -e\nls", f"\n{CALL}.run_cell_magic('bash', '-e', 'ls\\n')\n"),
        ("%%time\nx = !ls", f"\nx = {CALL}.getoutput('ls')"),
        ("    x = 1\n    y = 2", "x = 1\ny = 2"),
        # What only looks like it.
        ("x = '''\n!ls\n'''", "x = '''\n!ls\n'''"),
        ("f(\n  1\n  % 2)", "f(\n  1\n  % 2)"),
        ("a = b \\\n  % 3", "a = b \\\n  % 3"),
        ("x %= 2", "x %= 2"),
        ("x != !y", "x != !y"),
        ("f(a='%d' % 3)", "f(a='%d' % 3)"),
        ("x = 'a' # what?", "x = 'a' # what?"),
        ("# !ls", "# !ls"),
    ],
)
def test_a_cell(cell: str, python: str) -> None:
    assert transformed(cell).python == python


def test_escapes_are_listed() -> None:
    escapes = transformed("%%time\n\nx = 1\n!ls \\\n -l\n%cd ..").escapes
    assert [(one.line, one.mark, one.text) for one in escapes] == [
        (1, "%%", "time"),
        (4, "!", "ls   -l"),
        (6, "%", "cd .."),
    ]
