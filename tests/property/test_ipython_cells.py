"""Any cell of a notebook: it keeps its lines, and Python in it stays as it is."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from toolkit.interface.programs.ipython import transformed

_LINES = st.lists(
    st.sampled_from(
        ["x = 1", "!ls", "%cd ..", "x = !ls", "if x:", "    y = 2", "'''", "f(", ")", "x \\", "a?", "", "%%time"]
    ),
    max_size=8,
).map("\n".join)


@given(st.text(max_size=60) | _LINES)
def test_any_cell_keeps_its_lines(cell: str) -> None:
    done = transformed(cell)
    assert len(done.python.split("\n")) == len(cell.split("\n"))
    assert all(1 <= one.line <= len(cell.split("\n")) for one in done.escapes)


@given(
    st.lists(
        st.sampled_from(["x = 1", "y = [1,", "  2]", "s = '''a", "b'''", "z = x % 3", "if x:", "    pass"]), max_size=6
    )
)
def test_python_stays_as_it_is(lines: list[str]) -> None:
    cell = "\n".join(lines)
    try:
        ast.parse(cell)
    except SyntaxError:
        return
    assert transformed(cell).python == cell
