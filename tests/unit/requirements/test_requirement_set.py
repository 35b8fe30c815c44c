"""What narrows a set of requirements."""

from packaging.requirements import Requirement

from tests.package_index import wanting
from toolkit.python.target import Target
from toolkit.requirements.requirement_set import exactly


def test_another_tools_lock_narrows_as_constraints_do(debian: Target) -> None:
    assert wanting(["alpha"], debian, constraints=("beta<2",)).narrowing == ("beta<2",)
    locked = wanting(["alpha"], debian, constraints=("beta<2",), locked={"alpha": "1.0", "beta": "1.5"})
    assert locked.narrowing == ("beta<2", "alpha===1.0", "beta===1.5")


def test_a_local_version_is_another_one() -> None:
    assert not Requirement(exactly("alpha", "1.0")).specifier.contains("1.0+local")
