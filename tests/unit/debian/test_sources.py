import pytest

from toolkit.debian.sources import Source, address_of, release_sources, sources_of
from toolkit.errors import InputError, UsageError

BOOKWORM = {"ID": "debian", "VERSION_CODENAME": "bookworm"}


def test_a_base_without_sources_takes_those_of_its_release() -> None:
    found = sources_of(BOOKWORM, {}, "amd64")
    assert [(one.archive, one.suite, one.needed) for one in found] == [
        ("debian", "bookworm", True),
        ("debian", "bookworm-updates", False),
        ("debian-security", "bookworm-security", False),
    ]


def test_distroless_bases_name_their_release_in_brackets() -> None:
    release = {"ID": "debian", "VERSION": "Debian GNU/Linux 12 (bookworm)"}
    assert sources_of(release, {}, "amd64")[0].suite == "bookworm"


def test_ubuntu_has_other_archives_for_most_architectures() -> None:
    assert {one.archive for one in release_sources("ubuntu", "noble", "amd64")} == {"ubuntu"}
    assert {one.archive for one in release_sources("ubuntu", "noble", "arm64")} == {"ubuntu-ports"}


def test_a_bases_own_sources_are_taken_in_both_forms() -> None:
    files = {
        "etc/apt/sources.list": "# a comment\n"
        "deb [arch=amd64 signed-by=/k.gpg] https://corp.example/apt stable main extra\n"
        "deb [arch=arm64] http://deb.debian.org/debian sid main\ndeb-src http://deb.debian.org/debian bookworm main\n",
        "etc/apt/sources.list.d/debian.sources": "Types: deb deb-src\nURIs: http://ftp.de.debian.org/debian/\n"
        "Suites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/d.gpg\n\n"
        "Types: deb\nEnabled: no\nURIs: http://deb.debian.org/debian\nSuites: sid\nComponents: main\n",
    }
    assert sources_of(BOOKWORM, files, "amd64") == (
        Source(archive="https://corp.example/apt", suite="stable", components=("main", "extra"), signed_by="/k.gpg"),
        Source(archive="debian", suite="bookworm", components=("main",), signed_by="/usr/share/keyrings/d.gpg"),
        Source(
            archive="debian",
            suite="bookworm-updates",
            components=("main",),
            signed_by="/usr/share/keyrings/d.gpg",
            needed=False,
        ),
    )


def test_what_apt_reads_elsewhere_is_left_out() -> None:
    lines = "deb cdrom:[x]/ bookworm main\ndeb http://a.example/apt ./\ndeb http://a.example/apt ../x main\n"
    assert sources_of(BOOKWORM, {"etc/apt/sources.list": lines}, "amd64")[0].archive == "debian"


@pytest.mark.parametrize("release", [{"ID": "alpine", "PRETTY_NAME": "Alpine Linux v3.20"}, {"ID": "fedora"}, {}])
def test_another_system_is_refused_in_plain_words(release: dict[str, str]) -> None:
    with pytest.raises(InputError, match="needs a base of Debian or Ubuntu"):
        sources_of(release, {}, "amd64")


def test_a_base_without_a_release_is_refused() -> None:
    with pytest.raises(InputError, match="VERSION_CODENAME"):
        sources_of({"ID": "debian"}, {}, "amd64")


@pytest.mark.parametrize(
    ("mirror", "expected"),
    [
        ("", "http://deb.debian.org/debian-security"),
        ("https://m.example/", "https://m.example/debian-security"),
        ("http://s.example/archive/{archive}/20250101T000000Z/", "http://s.example/archive/debian-security/20250101T000000Z"),
    ],
)  # fmt: skip
def test_a_mirror_takes_the_place_of_the_usual_servers(mirror: str, expected: str) -> None:
    assert address_of("debian-security", {"COMP_DEBIAN_MIRROR": mirror}) == expected


def test_a_mirror_is_no_mirror_of_other_archives() -> None:
    assert address_of("https://corp.example/apt/", {"COMP_DEBIAN_MIRROR": "http://m"}) == "https://corp.example/apt"


def test_a_mirror_that_is_no_address_is_an_error_without_its_login() -> None:
    with pytest.raises(UsageError, match="expected an address") as caught:
        address_of("debian", {"COMP_DEBIAN_MIRROR": "ftp://user:secret-word@host"})
    assert "secret-word" not in caught.value.message
