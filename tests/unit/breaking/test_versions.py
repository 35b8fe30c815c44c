import pytest

from toolkit.breaking.change import Bump
from toolkit.breaking.versions import declared_bump, lowest_version, required_bump
from toolkit.registry.semver import parse_version


@pytest.mark.parametrize(
    ("old", "new", "bump"),
    [
        ("1.2.3", "2.0.0", Bump.MAJOR),
        ("1.2.3", "1.3.0", Bump.MINOR),
        ("1.2.3", "1.2.4", Bump.PATCH),
        ("1.2.3", "1.2.3", Bump.NONE),
        ("1.2.3", "1.2.2", None),
        ("1.2.3", "2.0.0-rc.1", Bump.MAJOR),
        ("2.0.0-rc.1", "2.0.0-rc.2", Bump.MAJOR),
        ("2.0.0-rc.1", "2.0.0", Bump.MAJOR),
    ],
)
def test_a_version_declares_a_bump(old: str, new: str, bump: Bump | None) -> None:
    assert declared_bump(parse_version(old), parse_version(new)) is bump


def test_below_one_each_part_counts_for_less() -> None:
    old = parse_version("0.3.1")
    assert [required_bump(bump, old) for bump in (Bump.MAJOR, Bump.MINOR, Bump.PATCH, Bump.NONE)] == [
        Bump.MINOR,
        Bump.PATCH,
        Bump.PATCH,
        Bump.NONE,
    ]
    assert required_bump(Bump.MAJOR, None) is Bump.MAJOR


@pytest.mark.parametrize(("bump", "expected"), [(Bump.MAJOR, "2.0.0"), (Bump.MINOR, "1.3.0"), (Bump.PATCH, "1.2.4")])
def test_the_next_version(bump: Bump, expected: str) -> None:
    assert str(lowest_version(parse_version("1.2.3"), bump)) == expected
