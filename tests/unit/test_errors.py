from pathlib import Path

from toolkit.errors import InputError, Location, OutsideError, RemoteError, UsageError


def test_each_branch_has_its_exit_code() -> None:
    codes = [InputError("x").exit_code, UsageError("x").exit_code, OutsideError("x").exit_code]
    assert codes == [1, 2, 3]
    assert RemoteError("x", status=503).exit_code == 3


def test_a_location_prints_only_what_it_knows() -> None:
    assert str(Location(path=Path("a.py"))) == "a.py"
    assert str(Location(path=Path("a.py"), line=3, column=7)) == "a.py:3:7"


def test_a_location_is_one_line() -> None:
    assert str(Location(path=Path("a\n::error::b.py"), line=3)) == "a\\n::error::b.py:3"
