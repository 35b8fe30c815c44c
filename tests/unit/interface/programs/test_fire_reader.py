"""Functions that fire runs."""

from pathlib import Path

import pytest

from tests.programs import read_code, shown
from toolkit.errors import Severity, UsageError

FIRE = "import fire\ndef main(a, b: int, c=2, d='x', e=[1], *, f=None): ...\nfire.Fire(main)\n"


def test_options(tmp_path: Path) -> None:
    program = read_code(tmp_path, FIRE)
    assert program.kind == "fire"
    assert [shown(option) for option in program.options] == [
        ("a", "--a", "String", "value", None, True),
        ("b", "--b", "Integer", "value", None, True),
        ("c", "--c", "Integer", "value", "2", False),
        ("d", "--d", "String", "value", "x", False),
        ("e", "--e", "JsonArray", "value", "[1]", False),
        ("f", "--f", "String", "value", None, False),
    ]
    assert not [remark for remark in program.remarks if remark.severity is Severity.WARNING]


def test_a_single_function_has_no_subcommands(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the program has no sub-command 'train' there"):
        read_code(tmp_path, FIRE, subcommand="train")
