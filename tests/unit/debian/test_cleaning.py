import pytest

from toolkit.debian.cleaning import is_certificate, is_left_out


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("usr/share/doc/a/copyright", False),
        ("usr/share/doc/a/changelog.gz", True),
        ("usr/share/doc/a/examples/copyright", True),
        ("usr/share/doc/a", True),
        ("usr/share/man/man1/a.1.gz", True),
        ("usr/share/manual", False),
        ("usr/share/locale", True),
        ("usr/bin/a", False),
    ],
)
def test_documents_in_other_languages_and_manuals_are_left_out_and_licences_stay(path: str, expected: bool) -> None:  # noqa: FBT001
    assert is_left_out(path, is_folder=False, is_link=False) is expected


def test_folders_and_links_of_documents_stay() -> None:
    assert not is_left_out("usr/share/doc/a", is_folder=True, is_link=False)
    assert not is_left_out("usr/share/doc/a", is_folder=False, is_link=True)


def test_certificates_are_known_by_their_place() -> None:
    assert is_certificate("usr/share/ca-certificates/mozilla/A.crt")
    assert not is_certificate("usr/share/ca-certificates/README")
    assert not is_certificate("etc/ssl/certs/A.crt")
