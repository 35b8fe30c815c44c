"""A type that the user gives to an option of a program."""

from pathlib import Path

import pytest

from toolkit.errors import UsageError
from toolkit.interface.model import Input
from toolkit.scaffold.overrides import Override
from toolkit.scaffold.program import read_contract


def _port(folder: Path, written: str, type_: str) -> tuple[Input, tuple[str, ...]]:
    path = folder / "prog.py"
    path.write_text(
        f"import argparse\np = argparse.ArgumentParser()\np.add_argument({written})\np.parse_args()\n", encoding="utf-8"
    )
    contract = read_contract(path, {}, overrides=[Override.parse(f"x:value:{type_}", output=False)])
    (port,) = contract.interface.inputs
    return port, contract.guesses


@pytest.mark.parametrize(
    ("written", "type_", "default", "choices"),
    [
        ("'--x', default='5'", "Integer", "5", ()),
        ("'--x', default=5", "Float", "5", ()),
        ("'--x', type=int, default=5", "String", "5", ()),
        ("'--x', default='true'", "Boolean", "true", ()),
        ("'--x', default='[1]'", "JsonArray", "[1]", ()),
        ("'--x', choices=['1', '2'], default='1'", "Integer", "1", (1, 2)),
        ("'--x', type=int, choices=[1, 2], default=1", "String", "1", ("1", "2")),
    ],
)
def test_a_default_that_fits_stays(
    tmp_path: Path, written: str, type_: str, default: str, choices: tuple[object, ...]
) -> None:
    port, remarks = _port(tmp_path, written, type_)
    assert (port.type, port.default, port.choices, remarks) == (type_, default, choices, ())


@pytest.mark.parametrize(
    ("written", "type_", "own"),
    [
        ("'--x', default='auto'", "Integer", "auto"),
        ("'--x', default='1e3x'", "Float", "1e3x"),
        ("'--x', type=int, default=5", "Boolean", "5"),
        ("'--x', default='a'", "JsonObject", "a"),
    ],
)
def test_a_default_that_does_not_fit_stays_the_programs_own(tmp_path: Path, written: str, type_: str, own: str) -> None:
    port, remarks = _port(tmp_path, written, type_)
    assert (port.type, port.default, port.optional) == (type_, None, True)
    assert port.annotations == {"program": {"flag": "--x"}}
    assert remarks == (f"x has no default in the contract: the program's own, {own!r}, is not {type_}",)


@pytest.mark.parametrize(
    ("written", "type_", "why"),
    [
        ("'--x', action='store_true'", "Integer", "--x is a flag without a value, so its type is Boolean"),
        ("'--x', action='count'", "String", "--x is counted, so its type is Integer"),
        ("'--x', nargs='*'", "String", "--x takes a list, so its type is JsonArray"),
        ("'--x', type=bool", "String", "--x is read as true or false, so its type is Boolean"),
        ("'--x', choices=['a', 'b']", "Integer", "the program takes a, b"),
        ("'--x', choices=['0', '1']", "Boolean", "the program takes 0, 1"),
    ],
)
def test_a_type_that_the_program_cannot_take_is_refused(tmp_path: Path, written: str, type_: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        _port(tmp_path, written, type_)
    assert caught.value.message == f"--input x:value:{type_}: {why}"
