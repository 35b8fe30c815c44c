import pytest

from toolkit.debian.control import Relation
from toolkit.debian.index import Index, Listing, is_path
from toolkit.errors import RemoteError


def stanza(name: str, version: str = "1", **fields: str) -> str:
    given = {"Package": name, "Version": version, "Architecture": "amd64", "Filename": f"pool/{name}_{version}.deb"}
    given |= {"Size": "5", "SHA256": "a" * 64, **fields}
    return "".join(f"{key}: {text}\n" for key, text in given.items())


def index(*stanzas: str, archive: str = "debian") -> Index:
    return Index([Listing(archive=archive, text="\n".join(stanzas).encode(), server="http://m")], "amd64")


def test_versions_come_newest_first_and_of_this_architecture_alone() -> None:
    found = index(stanza("a", "1.9"), stanza("a", "1.10"), stanza("a", "2", Architecture="arm64"), stanza("ab", "3"))
    assert [package.version for package in found.named("a")] == ["1.10", "1.9"]
    assert found.named("none") == ()


def test_a_relation_means_the_package_of_its_name_before_those_that_provide_it() -> None:
    found = index(stanza("z", Provides="a (= 1), b"), stanza("y", Provides="a"), stanza("a"))
    assert [str(package) for package in found.meant_by(Relation(name="a"))] == ["a 1", "y 1", "z 1"]
    assert [str(package) for package in found.meant_by(Relation(name="b"))] == ["z 1"]


def test_several_listings_are_one_index() -> None:
    both = [
        Listing(archive=name, text=stanza("a", version).encode(), server="http://m")
        for name, version in (("debian", "1"), ("debian-security", "1.1"))
    ]
    assert [package.archive for package in Index(both, "amd64").named("a")] == ["debian-security", "debian"]


def test_a_misspelt_name_has_a_likely_one() -> None:
    found = index(stanza("libgomp1"), stanza("git"))
    assert found.like("libgompp1") == "libgomp1"
    assert found.like("gti") == "git"
    assert found.like("qqqqqqqq") is None


@pytest.mark.parametrize("fields", [{"Filename": "../../etc/a.deb"}, {"SHA256": "1"}, {"Depends": "(("}, {"Size": "x"}])
def test_an_entry_that_makes_no_sense_is_the_servers_fault(fields: dict[str, str]) -> None:
    with pytest.raises(RemoteError, match="its entry of the package a"):
        index(stanza("a", **fields)).named("a")


def test_a_path_stays_below_the_archive() -> None:
    assert is_path("pool/main/g/git/git_1%3a2.39_amd64.deb")
    assert not any(map(is_path, ("/a.deb", "a//b.deb", "a/../b.deb", "a.deb?x", "a", "http://h/a.deb", "")))
