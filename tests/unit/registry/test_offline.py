import pytest

from toolkit.errors import UsageError
from toolkit.registry.offline import ago, is_offline


@pytest.mark.parametrize(("text", "expected"), [("1", True), ("True", True), ("", False), ("0", False), ("no", False)])
def test_the_variable_says_whether_servers_are_asked(text: str, *, expected: bool) -> None:
    assert is_offline({"COMP_OFFLINE": text}) is expected
    assert is_offline({}) is False


def test_another_value_is_an_error() -> None:
    with pytest.raises(UsageError, match="COMP_OFFLINE is 'perhaps', expected true or false"):
        is_offline({"COMP_OFFLINE": "perhaps"})


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "a moment ago"),
        (59, "a moment ago"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (7200, "2 hours ago"),
        (86_400 * 3, "3 days ago"),
    ],
)
def test_an_age_is_in_the_largest_unit_that_fits(seconds: float, expected: str) -> None:
    assert ago(seconds) == expected
