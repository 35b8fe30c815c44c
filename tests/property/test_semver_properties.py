from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import InputError
from toolkit.registry.names import parse_request
from toolkit.registry.semver import Version, newest, next_free, parse_range, parse_version

NUMBER = st.one_of(st.integers(0, 12), st.integers(0, 10**18))
PART = st.from_regex(r"0|[1-9][0-9]{0,3}|[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,3}", fullmatch=True)
PRERELEASE = st.one_of(st.just(""), st.lists(PART, min_size=1, max_size=3).map(".".join))
VERSION = st.builds(Version, major=NUMBER, minor=NUMBER, patch=NUMBER, prerelease=PRERELEASE)
ALMOST = st.text(alphabet="0123456789.-+^~*@/abc:sh \n٣", max_size=20)


@given(VERSION)
def test_a_version_round_trips(version: Version) -> None:
    assert parse_version(str(version)) == version


@given(st.one_of(st.text(), ALMOST))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InputError):
        assert str(parse_version(text)) == text
    with suppress(InputError):
        parse_range(text)
    with suppress(InputError):
        parse_request(text)


@given(VERSION, VERSION)
def test_versions_without_builds_are_totally_ordered(one: Version, other: Version) -> None:
    assert (one.precedence == other.precedence) == (one == other)
    release = Version(major=one.major, minor=one.minor, patch=one.patch)
    assert one.precedence <= release.precedence < release.next().precedence


@given(VERSION, VERSION)
def test_ranges_hold_their_lower_end_and_nothing_below_or_breaking(low: Version, version: Version) -> None:
    exact, tilde, caret = (parse_range(f"{sign}{low}") for sign in ("", "~", "^"))
    assert low in exact
    assert low in tilde
    assert low in caret
    assert (version in exact) == (version == low)
    for allowed in (tilde, caret):
        if version in allowed:
            assert version.precedence >= low.precedence
            assert version.major == low.major
    if version in tilde:
        assert version.minor == low.minor
    if version in caret and not low.major:
        assert version.minor == low.minor


@given(VERSION, st.sets(VERSION, max_size=5))
def test_the_next_free_version_is_free_and_higher(version: Version, taken: set[Version]) -> None:
    free = next_free(version, taken | {version, version.next()})
    assert free not in taken | {version, version.next()}
    assert free.precedence > version.precedence
    assert bool(free.prerelease) == bool(version.prerelease)


@given(st.lists(VERSION, min_size=1, max_size=8))
def test_the_newest_is_stable_when_any_is(versions: list[Version]) -> None:
    best = newest(versions)
    stable = [version for version in versions if not version.prerelease]
    assert best == max(stable or versions, key=lambda version: version.precedence)
