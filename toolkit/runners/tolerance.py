"""Compare numbers with a tolerance: alone, in JSON values, and in the cells of tables."""

import csv
import io
import json
import math
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from msgspec import Struct

from toolkit.words import shortened

_SHOWN = 80
# JSON has no words for them, and programs write those of their language.
_NOT_FINITE = {
    **dict.fromkeys(("inf", "+inf", "infinity", "+infinity"), math.inf),
    **dict.fromkeys(("-inf", "-infinity"), -math.inf),
    **dict.fromkeys(("nan", "+nan", "-nan"), math.nan),
}


class Tolerance(Struct, frozen=True, kw_only=True):
    """A number may differ from the expected one by `atol + rtol * |expected|`, as in NumPy."""

    rtol: float = 0.0
    atol: float = 0.0

    def allows(self, actual: float, expected: float) -> bool:
        """Return whether a number is near enough. NaN is near NaN alone."""
        if actual == expected or (actual != actual and expected != expected):  # noqa: PLR0124 (NaN)
            return True
        try:
            near = abs(actual - expected) <= self.atol + self.rtol * abs(expected)
        except OverflowError:
            # A whole number beyond any float is compared exactly.
            return False
        return near and math.isfinite(expected)

    def __str__(self) -> str:
        named = (("rtol", self.rtol), ("atol", self.atol))
        return ", ".join(f"{name} {value:g}" for name, value in named if value)


EXACT = Tolerance()


def parsed(text: str) -> Any:  # noqa: ANN401 (a JSON value)
    """Return the JSON value of a text, or else the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOT_FINITE.get(text.strip().lower(), text)


def json_difference(expected: Any, actual: Any, tolerance: Tolerance, *, partial: bool = False) -> str | None:  # noqa: ANN401 (JSON values)
    """Return the first difference of two JSON values; None if they are equal.

    With `partial`, members of an object that are not expected do not matter, except inside lists.
    """
    if isinstance(expected, dict):
        return _object_difference(expected, actual, tolerance, partial=partial)
    if isinstance(expected, list):
        return _list_difference(expected, actual, tolerance)
    if _is_number(expected) and _is_number(actual):
        same = tolerance.allows(actual, expected)
    else:
        # In Python, True equals 1.
        same = actual == expected and isinstance(actual, bool) == isinstance(expected, bool)
    return None if same else _is_not(actual, expected, tolerance)


def _object_difference(expected: dict[str, Any], actual: object, tolerance: Tolerance, *, partial: bool) -> str | None:
    """Return the first difference of an object."""
    if not isinstance(actual, dict):
        return f"is {_short(actual)}, expected an object"
    for key, value in expected.items():
        if key not in actual:
            return f"has no {key!r}"
        if problem := json_difference(value, actual[key], tolerance, partial=partial):
            return f"{key}: {problem}"
    more = None if partial else next((key for key in actual if key not in expected), None)
    return None if more is None else f"has {more!r}, which is not expected"


def _list_difference(expected: list[Any], actual: object, tolerance: Tolerance) -> str | None:
    """Return the first difference of a list."""
    if not isinstance(actual, list):
        return f"is {_short(actual)}, expected a list"
    if len(actual) != len(expected):
        return f"has {len(actual)} items, expected {len(expected)}: {_short(actual)}"
    for index, (wanted, item) in enumerate(zip(expected, actual, strict=True)):
        if problem := json_difference(wanted, item, tolerance):
            return f"item {index}: {problem}"
    return None


def text_difference(expected: str, actual: str, tolerance: Tolerance) -> str | None:
    """Return the first difference of two texts whose numbers may differ a little: JSON, lines of JSON, or a table."""
    if expected == actual:
        return None
    values = _documents(expected), _documents(actual)
    if values[0] is not None and values[1] is not None:
        return json_difference(values[0], values[1], tolerance)
    try:
        return _table_difference(expected, actual, tolerance)
    except csv.Error as error:
        return f"cannot be read as a table: {error}"


def _documents(text: str) -> Any:  # noqa: ANN401 (a JSON value)
    """Return the value of a text that is JSON, or the list of values of JSON lines; None for other texts."""
    value = parsed(text)
    if not isinstance(value, str):
        return value
    lines = [parsed(line) for line in text.splitlines() if line.strip()]
    return lines if lines and all(isinstance(line, dict | list) for line in lines) else None


def _table_difference(expected: str, actual: str, tolerance: Tolerance) -> str | None:
    """Return the first cell that differs."""
    first = expected.partition("\n")[0]
    delimiter = next((sign for sign in ("\t", ",", ";") if sign in first), " ")
    header: list[str] = []
    rows = zip_longest(_rows(expected, delimiter), _rows(actual, delimiter))
    for number, (wanted, row) in enumerate(rows, 1):
        if wanted is None or row is None:
            return f"goes on after line {number - 1}" if wanted is None else f"ends before line {number}"
        header = header or wanted
        if len(wanted) != len(row):
            return f"line {number} has {len(row)} cells, expected {len(wanted)}"
        for column, (cell, value) in enumerate(zip(wanted, row, strict=True)):
            if cell != value and not _near(value, cell, tolerance):
                named = f" ({_short(header[column])})" if number > 1 and column < len(header) else ""
                return f"line {number}, column {column + 1}{named}: {_is_not(value, cell, tolerance)}"
    return None


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the rows of a table."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter == " ")


def _near(actual: str, expected: str, tolerance: Tolerance) -> bool:
    """Return whether two cells are numbers near each other."""
    try:
        return tolerance.allows(float(actual), float(expected))
    except ValueError:
        return False


def _is_number(value: object) -> bool:
    """Return whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_not(actual: object, expected: object, tolerance: Tolerance) -> str:
    """Return the words for a value that differs."""
    within = f" ({tolerance})" if tolerance != EXACT else ""
    return f"is {_short(actual)}, expected {_short(expected)}{within}"


def _short(value: object) -> str:
    """Return a value as a message shows it."""
    return shortened(repr(value), _SHOWN)
