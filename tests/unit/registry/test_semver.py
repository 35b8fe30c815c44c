import pytest

from toolkit.errors import InputError
from toolkit.registry.semver import newest, next_free, parse_range, parse_version

# semver.org, section 11.
IN_ORDER = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
]


def test_the_order_of_the_specification() -> None:
    assert sorted(set(IN_ORDER), key=lambda text: parse_version(text).precedence) == IN_ORDER


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "v1.0.0", "1.0.0rc1", "1.0.0 ", "1.0.0\n", "\u0661.0.0"],
)
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(InputError, match="not a semantic version"):
        parse_version(text)


def test_a_version_too_long_for_a_file_name_is_refused() -> None:
    with pytest.raises(InputError):
        parse_version("1.0.0-" + "a" * 200)


@pytest.mark.parametrize(
    ("selector", "inside", "outside"),
    [
        ("1.2.3", ["1.2.3"], ["1.2.4", "1.2.3-rc.1", "1.2.3+build"]),
        ("^1", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0", "1.5.0-rc.1", "2.0.0-rc.1"]),
        ("^1.2", ["1.2.0", "1.10.0"], ["1.1.9", "2.0.0"]),
        ("^1.2.3", ["1.2.3", "1.3.0"], ["1.2.2", "2.0.0"]),
        ("^0", ["0.0.1", "0.9.0"], ["1.0.0"]),
        ("^0.0", ["0.0.1", "0.0.9"], ["0.1.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("~1", ["1.0.0", "1.9.9"], ["2.0.0"]),
        ("~1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.2.2", "1.3.0"]),
        ("^1.0.0-rc.2", ["1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.1.0"], ["1.0.0-rc.1", "1.1.0-rc.3"]),
        ("*", ["0.0.1", "9.0.0"], ["1.0.0-rc.1"]),
    ],
)
def test_what_a_range_holds(selector: str, inside: list[str], outside: list[str]) -> None:
    allowed = parse_range(selector)
    assert [text for text in inside + outside if parse_version(text) in allowed] == inside


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1", "^1 takes the newest of 1"),
        ("1.2", "^1.2 takes the newest of 1.2"),
        ("latest", "write 1.2.3, ^1, ~1.2 or sha256:…"),
        ("^", "write 1.2.3, ^1, ~1.2 or sha256:…"),
        (">=1.0", "write 1.2.3, ^1, ~1.2 or sha256:…"),
        ("", "write 1.2.3, ^1, ~1.2 or sha256:…"),
    ],
)
def test_what_is_no_range(text: str, hint: str) -> None:
    with pytest.raises(InputError, match="not a version or a range") as caught:
        parse_range(text)
    assert caught.value.hint == hint


def test_a_prerelease_is_the_newest_only_when_there_is_nothing_else() -> None:
    assert newest([]) is None
    assert newest([parse_version("1.0.0-rc.1"), parse_version("1.0.0-rc.2")]) == parse_version("1.0.0-rc.2")
    assert newest([parse_version("2.0.0-rc.1"), parse_version("1.0.0")]) == parse_version("1.0.0")


@pytest.mark.parametrize(
    ("wanted", "free"), [("1.0.0", "1.0.2"), ("1.1.0", "1.1.1"), ("2.0.0-rc.1", "2.0.0-rc.2"), ("2.0.0-a", "2.0.0-a.1")]
)
def test_the_next_free_version_is_of_the_same_kind(wanted: str, free: str) -> None:
    assert str(next_free(parse_version(wanted), {parse_version("1.0.1")})) == free
