"""What the settings accept without the parser of requirements, that parser accepts as well."""

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from toolkit.config.project import USUAL_REQUIREMENT


@given(st.from_regex(USUAL_REQUIREMENT, fullmatch=True))
def test_a_usual_requirement_is_a_requirement(text: str) -> None:
    assert Requirement(text).url is None
