import pytest

from toolkit.errors import UsageError
from toolkit.registry.place import Place, PlaceKind, parse_place


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        ("../shared", Place(kind=PlaceKind.FOLDER, address="../shared"), "../shared"),
        (
            "https://ann:s3cret@example.com/components/",
            Place(kind=PlaceKind.HTTP, address="https://ann:s3cret@example.com/components"),
            "https://example.com/components",
        ),
        (
            "git+https://ann:s3cret@example.com/components.git#stable",
            Place(kind=PlaceKind.GIT, address="https://ann:s3cret@example.com/components.git", branch="stable"),
            "git+https://example.com/components.git#stable",
        ),
        (
            "git+ssh://git@example.com/components.git",
            Place(kind=PlaceKind.GIT, address="ssh://git@example.com/components.git"),
            "git+ssh://git@example.com/components.git",
        ),
        (
            "oci://registry.example.com:5000/components/",
            Place(kind=PlaceKind.OCI, address="registry.example.com:5000/components"),
            "oci://registry.example.com:5000/components",
        ),
    ],
)
def test_a_place_is_read_and_shown_without_its_login(text: str, expected: Place, shown: str) -> None:
    assert parse_place(text) == expected
    assert str(expected) == shown


def test_another_scheme_is_refused() -> None:
    with pytest.raises(UsageError, match="ftp:// is not a component registry"):
        parse_place("ftp://example.com")


@pytest.mark.parametrize("text", ["https://", "http:///shared", "HTTPS://?x", "git+https://#main", "git+ssh:///x.git"])
def test_an_address_without_a_host_is_a_wrong_command_line(text: str) -> None:
    with pytest.raises(UsageError, match="is not a component registry: it has no host") as caught:
        parse_place(text)
    assert "components.example.com" in (caught.value.hint or "")
