"""Defaults and choices."""

from pathlib import Path

import pytest

from tests.programs import ARGPARSE, read_code


@pytest.mark.parametrize(
    ("written", "choices"),
    [
        ("choices=['b', 'a']", ("b", "a")),
        ("choices=TABLE.keys()", ("x", "y")),
        ("choices=sorted(TABLE)", ("x", "y")),
        ("choices=list(TABLE.keys())", ("x", "y")),
        ("choices={'b': print, 'a': find()}", ("b", "a")),
        ("choices={'b', 'a'}", ("a", "b")),
        ("choices=range(1, 4), type=int", (1, 2, 3)),
        ("choices=range(10**12), type=int", ()),
        ("choices=find()", ()),
    ],
)
def test_choices(tmp_path: Path, written: str, choices: tuple[object, ...]) -> None:
    code = f"{ARGPARSE}TABLE = {{'x': 1, 'y': 2}}\np.add_argument('--a', {written})\np.parse_args()\n"
    program = read_code(tmp_path, code)
    assert program.options[0].choices == choices
    assert len(program.remarks) == (not choices)


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ("type=int, default='5.0'", "5"),
        ("type=int, default=12345678901234567890", "12345678901234567890"),
        ("type=int, default='x'", None),
        ("type=int, default=1.5", None),
        ("type=float, default='1e3'", "1000.0"),
        ("type=float, default=float('inf')", None),
        ("default=5", "5"),
        ("default=[1]", None),
    ],
)
def test_a_default(tmp_path: Path, written: str, default: str | None) -> None:
    program = read_code(tmp_path, f"{ARGPARSE}p.add_argument('--a', {written})\np.parse_args()\n")
    assert program.options[0].default == default
