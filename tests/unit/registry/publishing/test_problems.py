"""All problems at once."""

from pathlib import Path

import pytest

from toolkit.errors import InputError, Location, OutsideError
from toolkit.registry.publishing.problems import Problems


def fail(error: Exception) -> None:
    raise error


def test_one_problem_is_raised_as_it_is_and_several_are_listed() -> None:
    problems = Problems()
    assert problems.collect(lambda: 7) == 7
    problems.check_none()
    first = InputError("no name", where=Location(path=Path("a.toml"), line=3), hint="give one")
    problems.collect(lambda: fail(first))
    with pytest.raises(InputError) as alone:
        problems.check_none()
    assert alone.value is first
    problems.collect(lambda: fail(InputError("no name", where=first.where, hint="give one")))
    problems.collect(lambda: fail(InputError("no version")))
    with pytest.raises(InputError) as every:
        problems.check_none()
    assert every.value.message == "2 problems:\n  a.toml:3: no name (give one)\n  no version"


def test_what_is_not_the_users_to_mend_passes() -> None:
    with pytest.raises(OutsideError, match="away"):
        Problems().collect(lambda: fail(OutsideError("away")))
