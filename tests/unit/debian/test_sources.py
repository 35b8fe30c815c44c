import pytest

from toolkit.debian.sources import Source, address_of, release_sources, servers_of, sources_of
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


SOURCES = {
    "etc/apt/sources.list": "# a comment\n"
    "deb [arch=amd64 signed-by=/k.gpg] https://corp.example/apt stable main extra\n"
    "deb [arch=arm64] http://archive.ubuntu.com/ubuntu devel main\n"
    "deb-src http://archive.ubuntu.com/ubuntu noble main\n",
    "etc/apt/sources.list.d/ubuntu.sources": "Types: deb deb-src\nURIs: http://de.archive.ubuntu.com/ubuntu/\n"
    "Suites: noble noble-updates\nComponents: main\nSigned-By: /usr/share/keyrings/u.gpg\n\n"
    "Types: deb\nEnabled: no\nURIs: http://archive.ubuntu.com/ubuntu\nSuites: devel\nComponents: main\n",
}


def test_a_bases_own_sources_are_taken_in_both_forms() -> None:
    assert sources_of({"ID": "ubuntu", "VERSION_CODENAME": "noble"}, SOURCES, "amd64") == (
        Source(archive="https://corp.example/apt", suite="stable", components=("main", "extra"), signed_by="/k.gpg"),
        Source(archive="ubuntu", suite="noble", components=("main",), signed_by="/usr/share/keyrings/u.gpg"),
        Source(
            archive="ubuntu",
            suite="noble-updates",
            components=("main",),
            signed_by="/usr/share/keyrings/u.gpg",
            needed=False,
        ),
    )


def test_the_servers_of_archives_are_those_of_apt_and_else_of_the_distributions_domain() -> None:
    home = {"ID": "debian", "HOME_URL": "https://www.home.example/"}
    usual = {"debian": "http://deb.home.example", "debian-security": "http://deb.home.example"}
    assert servers_of(home, {}, "amd64") == usual
    # Docker's packages lie below the name of the distribution as well, and the archive of another one counts too.
    written = {
        "etc/apt/sources.list.d/more.list": "deb http://mirror.example/debian bookworm main\n"
        "deb https://docker.example/linux/debian bookworm stable\n",
        **SOURCES,
    }
    found = servers_of(home, written, "amd64")
    assert found == usual | {"debian": "http://mirror.example", "ubuntu": "http://de.archive.ubuntu.com"}
    assert servers_of({}, SOURCES, "amd64") == {"ubuntu": "http://de.archive.ubuntu.com"}
    assert servers_of({"HOME_URL": "https://www.home.example/"}, {}, "amd64") == {}


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
        ("", "http://known.example/debian-security"),
        ("https://m.example/", "https://m.example/debian-security"),
        ("http://s.example/archive/{archive}/20250101T000000Z/", "http://s.example/archive/debian-security/20250101T000000Z"),
    ],
)  # fmt: skip
def test_a_mirror_takes_the_place_of_the_usual_servers(mirror: str, expected: str) -> None:
    servers = {"debian-security": "http://known.example"}
    assert address_of("debian-security", {"COMP_DEBIAN_MIRROR": mirror}, servers) == expected


def test_a_mirror_is_no_mirror_of_other_archives() -> None:
    assert address_of("https://corp.example/apt/", {"COMP_DEBIAN_MIRROR": "http://m"}, {}) == "https://corp.example/apt"


def test_a_mirror_that_is_no_address_is_an_error_without_its_login() -> None:
    with pytest.raises(UsageError, match="expected an address") as caught:
        address_of("debian", {"COMP_DEBIAN_MIRROR": "ftp://user:secret-word@host"}, {})
    assert "secret-word" not in caught.value.message


def test_an_archive_that_no_server_is_known_for_is_an_error_with_a_way_out() -> None:
    with pytest.raises(UsageError, match="does not know where the archive 'debian' is") as caught:
        address_of("debian", {}, {"ubuntu": "http://u.example"})
    assert caught.value.hint == "COMP_DEBIAN_MIRROR=http://HOST names a mirror of it"
