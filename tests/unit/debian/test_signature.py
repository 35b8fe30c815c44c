import pytest

from tests.debian_archive import made_key, public, signed
from toolkit.debian.keys import Keyring
from toolkit.debian.signature import verified_text
from toolkit.errors import OutsideError, RemoteError

RING = Keyring(place="the ring", files=(b"no key", public(made_key("other")), public(made_key("archive"))))
TEXT = "Suite: stable\n- dashes\nCodename: x\n"


def test_the_signed_text_is_returned_and_nothing_around_it() -> None:
    document = b"\n" + signed(TEXT, made_key("archive"))
    assert verified_text(document, RING, "x").splitlines() == TEXT.splitlines()


def test_a_changed_text_is_refused() -> None:
    document = signed(TEXT, made_key("archive")).replace(b"stable", b"sid")
    with pytest.raises(RemoteError, match="the signature of x is not valid") as caught:
        verified_text(document, RING, "x")
    assert "\n" not in caught.value.message


def test_a_key_that_is_not_in_the_keyring_is_refused() -> None:
    with pytest.raises(RemoteError, match="by the keys of the ring"):
        verified_text(signed(TEXT, made_key("stranger")), RING, "x")


@pytest.mark.parametrize("document", [b"", TEXT.encode(), b"-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n"])
def test_a_document_without_a_signature_is_refused(document: bytes) -> None:
    with pytest.raises(RemoteError, match=r"not signed|not valid"):
        verified_text(document, RING, "x")


def test_text_before_the_signed_one_is_refused() -> None:
    with pytest.raises(RemoteError, match="not signed"):
        verified_text(b"Suite: evil\n" + signed(TEXT, made_key("archive")), RING, "x")


def test_text_after_the_signed_one_is_not_returned() -> None:
    document = signed(TEXT, made_key("archive")) + b"\nSuite: evil\n"
    try:
        assert "evil" not in verified_text(document, RING, "x")
    except RemoteError as error:
        assert "not valid" in error.message  # noqa: PT017 (either is right)


def test_a_keyring_without_a_key_is_an_error() -> None:
    with pytest.raises(OutsideError, match="holds no OpenPGP key"):
        verified_text(signed(TEXT, made_key("archive")), Keyring(place="it", files=(b"",)), "x")
