"""Descriptions of outputs in docstrings of each style."""

import pytest

from toolkit.interface.docstring import read_docstring

GOOGLE = """Count.

Returns:
    rows: Number of rows,
        without the header.
    columns: Number of columns.
"""
TYPED = """Count.

Returns:
    rows (int): Number of rows, without the header.
    columns (int): Number of columns.
"""
NUMPY = """Count.

Returns
-------
rows : int
    Number of rows,
    without the header.
columns : int
    Number of columns.
"""
LIST = """Count.

Returns:
    The size of the table.

    - rows: Number of rows, without the header.
    - `columns`: Number of columns.
"""
REST = """Count.

:returns: The size:
    rows: Number of rows, without the header.
    columns: Number of columns.
"""


@pytest.mark.parametrize("text", [GOOGLE, TYPED, NUMPY, LIST, REST])
def test_each_output_has_its_own_description(text: str) -> None:
    assert read_docstring(text, ("rows", "columns")).returned == {
        "rows": "Number of rows, without the header.",
        "columns": "Number of columns.",
    }
