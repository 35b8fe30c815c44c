"""What the user allows, by options and by variables."""

import pytest

from toolkit.errors import UsageError
from toolkit.jail.consent import Consent


def test_nothing_is_allowed_unless_the_user_says_so() -> None:
    assert Consent.given({}) == Consent(trust_base=False, allow_builds=False, dry=False)
    assert Consent.given({"COMP_TRUST_BASE": "false", "COMP_ALLOW_BUILDS": ""}) == Consent()


def test_an_option_or_a_variable_allows() -> None:
    assert Consent.given({"COMP_TRUST_BASE": "true"}, allow_builds=True) == Consent(trust_base=True, allow_builds=True)
    assert Consent.given({"COMP_ALLOW_BUILDS": "true"}, dry=True) == Consent(allow_builds=True, dry=True)


@pytest.mark.parametrize("text", ["1", "yes", "True", " true"])
def test_any_other_value_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"COMP_TRUST_BASE is .*, expected true or false"):
        Consent.given({"COMP_TRUST_BASE": text})
