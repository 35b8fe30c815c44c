from toolkit.breaking.change import Bump, Category
from toolkit.breaking.rules import CHANGES, VERSIONS


def test_a_category_has_what_the_more_lenient_ones_have() -> None:
    for rule in CHANGES.values():
        broken = [rule.breaks_in(category) for category in Category]
        # From strict to lenient: once it no longer breaks, it breaks in none of the others.
        assert broken == sorted(broken, reverse=True), rule.id


def test_a_rule_says_whom_it_breaks() -> None:
    assert CHANGES["B101"].acceptance() == (
        "It breaks callers by the categories strict, pipeline, compile, and requires a major version."
    )
    assert CHANGES["B113"].acceptance() == "It breaks callers by the category strict, and requires a minor version."
    assert VERSIONS["V602"].acceptance() == (
        "It cannot be ignored. `comp publish --accept-breaking` publishes a bump that is too small nevertheless."
    )
    assert CHANGES["N501"].acceptance() == "It breaks no caller, and requires a patch version."


def test_bumps_are_ordered() -> None:
    assert [str(bump) for bump in sorted(Bump)] == ["none", "patch", "minor", "major"]
