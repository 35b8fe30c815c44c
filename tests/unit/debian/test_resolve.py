import pytest

from tests.unit.debian.test_index import index, stanza
from toolkit.debian.control import Relation, relations
from toolkit.debian.package import Package
from toolkit.debian.resolve import check_needed, is_request, resolve
from toolkit.errors import InputError
from toolkit.limits import DEBIAN_PACKAGES


def present(*texts: str) -> list[Package]:
    pairs = (text.partition("=") for text in texts)
    return [Package(name=name, version=version or "1", architecture="amd64") for name, _, version in pairs]


def names(
    *wanted: str, stanzas: list[str], base: tuple[str, ...] = (), kept: dict[str, str] | None = None
) -> list[str]:
    return [str(package) for package in resolve(wanted, index(*stanzas), present(*base), kept=kept)]


def test_what_is_needed_comes_along_and_what_the_base_has_does_not() -> None:
    offered = [stanza("a", Depends="b, c (>= 1)", **{"Pre-Depends": "d"}), stanza("b"), stanza("c"), stanza("d")]
    assert names("a", stanzas=offered, base=("c",)) == ["a 1", "b 1", "d 1"]
    assert names("c", stanzas=offered, base=("c",)) == []


def test_packages_may_need_each_other() -> None:
    assert names("a", stanzas=[stanza("a", Depends="b"), stanza("b", Depends="a")]) == ["a 1", "b 1"]


def test_the_first_alternative_is_taken_unless_another_is_there() -> None:
    offered = [stanza("a", Depends="x | y"), stanza("x"), stanza("y")]
    assert names("a", stanzas=offered) == ["a 1", "x 1"]
    assert names("a", stanzas=offered, base=("y",)) == ["a 1"]
    assert names("y", "a", stanzas=offered) == ["a 1", "y 1"]
    assert names("a", stanzas=[*offered[:1], offered[2]]) == ["a 1", "y 1"]


def test_a_provided_name_is_enough() -> None:
    assert names("a", stanzas=[stanza("a", Depends="mta"), stanza("m", Provides="mta")]) == ["a 1", "m 1"]


def test_a_version_can_be_asked_for_and_a_kept_one_comes_before_newer_ones() -> None:
    offered = [stanza("a", "1"), stanza("a", "2"), stanza("a", "3")]
    assert names("a", stanzas=offered) == ["a 3"]
    assert names("a=1", stanzas=offered) == ["a 1"]
    assert names("a", stanzas=offered, kept={"a": "2"}) == ["a 2"]
    assert names("a", stanzas=offered, kept={"a": "9"}) == ["a 3"]


def test_an_older_version_is_taken_if_the_newest_does_not_fit_the_base() -> None:
    offered = [stanza("a-dev", "2", Depends="a (= 2)"), stanza("a-dev", "1", Depends="a (= 1)"), stanza("a", "2")]
    assert names("a-dev", stanzas=offered, base=("a=1",)) == ["a-dev 1"]


def test_a_base_that_is_too_old_is_named_with_its_version() -> None:
    with pytest.raises(InputError, match=r"a-dev 2 needs a \(= 2\)|the base has a 1") as caught:
        names("a-dev", stanzas=[stanza("a-dev", "2", Depends="a (= 2)"), stanza("a", "2")], base=("a=1",))
    assert "take a newer base" in (caught.value.hint or "")


def test_packages_that_exclude_each_other_are_refused_unless_there_is_a_way_around() -> None:
    offered = [stanza("a", Conflicts="b"), stanza("b")]
    with pytest.raises(InputError, match="the Debian packages b 1 and a 1 exclude each other"):
        names("a", "b", stanzas=offered)
    with pytest.raises(InputError, match="exclude each other"):
        names("a", stanzas=offered, base=("b",))
    around = [*offered, stanza("c", Depends="a | d"), stanza("d")]
    assert names("b", "c", stanzas=around) == ["b 1", "c 1", "d 1"]


def test_a_name_that_no_archive_has_gets_the_likely_one() -> None:
    with pytest.raises(InputError, match="no Debian package is called 'libgompp1'") as caught:
        names("libgompp1", stanzas=[stanza("libgomp1")])
    assert caught.value.hint == "did you mean 'libgomp1'?"


def test_a_version_that_no_archive_has_gets_those_that_there_are() -> None:
    with pytest.raises(InputError, match="no version 7 of the Debian package a") as caught:
        names("a=7", stanzas=[stanza("a", "1"), stanza("a", "2")])
    assert caught.value.hint == "they have 2, 1"


def test_what_a_package_needs_in_vain_is_named() -> None:
    with pytest.raises(InputError, match=r"the Debian package a 1 needs x \(>= 2\) \| y: the archives have 1"):
        names("a", stanzas=[stanza("a", Depends="x (>= 2) | y"), stanza("x")])
    with pytest.raises(InputError, match="needs z: no archive has it"):
        names("a", stanzas=[stanza("a", Depends="z")])


def test_a_long_chain_is_followed_to_its_end() -> None:
    chain = [stanza(f"a{number}", Depends=f"a{number + 1}") for number in range(1500)]
    assert len(names("a0", stanzas=[*chain, stanza("a1500")])) == 1501


def test_the_number_of_packages_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBIAN_PACKAGES.variable, "1")
    with pytest.raises(InputError, match="the number of Debian packages exceeds"):
        names("a", stanzas=[stanza("a", Depends="b"), stanza("b")])


def test_a_search_without_end_is_given_up() -> None:
    # Each level can be had in two ways, and the last one in none.
    levels = [
        stanza(f"{letter}{number}", Provides=f"v{number}", Depends=f"v{number + 1}")
        for number in range(16)
        for letter in "ab"
    ]
    with pytest.raises(InputError):
        names("v0", stanzas=levels)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("git", True), ("git=1:2.39.5-0+deb12u3", True), ("libstdc++6", True), ("git:i386", False), ("git (>= 1)", False),
     ("Git", False), ("git=", False), ("a|b", False), ("a,b", False), ("../x", False), ("", False), ("git = 1", False)],
)  # fmt: skip
def test_a_request_is_a_name_or_a_name_with_a_version(text: str, expected: bool) -> None:  # noqa: FBT001
    assert is_request(text) is expected


def test_what_is_needed_is_followed_through_names_that_are_provided() -> None:
    a = Package(name="a", version="1", architecture="amd64", depends=relations("v | w, libc6"))
    v = Package(name="real", version="1", architecture="amd64", provides=(Relation(name="v"),))
    libc = Package(name="libc6", version="1", architecture="amd64")
    check_needed(("a=1",), (a, v), (libc,))
    with pytest.raises(InputError, match="nothing that is asked for needs libc6 1"):
        check_needed(("v",), (v, libc), ())
