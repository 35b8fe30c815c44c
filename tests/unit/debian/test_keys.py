import base64
from pathlib import Path

import pytest

from toolkit.debian import keys
from toolkit.debian.keys import keyring_for
from toolkit.debian.sources import Source
from toolkit.errors import OutsideError

SOURCE = Source(archive="debian", suite="bookworm", components=("main",))


def base(**files: bytes) -> dict[str, str]:
    return {
        f"usr/share/keyrings/{name.replace('_', '-')}.gpg": base64.b64encode(data).decode()
        for name, data in files.items()
    }


def test_the_keys_that_the_user_names_come_first(tmp_path: Path) -> None:
    (tmp_path / "b.gpg").write_bytes(b"2")
    (tmp_path / "a.gpg").write_bytes(b"1")
    (tmp_path / "c").mkdir()
    assert keyring_for(SOURCE, base(debian_archive_keyring=b"3"), {keys.VARIABLE: str(tmp_path)}).files == (b"1", b"2")
    assert keyring_for(SOURCE, {}, {keys.VARIABLE: str(tmp_path / "b.gpg")}).files == (b"2",)


def test_a_keyring_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="cannot read COMP_DEBIAN_KEYRING"):
        keyring_for(SOURCE, {}, {keys.VARIABLE: str(tmp_path / "none")})


def test_the_bases_own_keys_come_next_and_only_those_of_the_archive() -> None:
    found = keyring_for(SOURCE, base(debian_archive_keyring=b"1", nodesource=b"2"), {})
    assert found.files == (b"1",)


def test_a_source_that_names_its_keyring_has_no_other() -> None:
    source = Source(
        archive="https://a", suite="x", components=("main",), signed_by="/usr/share/keyrings/nodesource.gpg"
    )
    assert keyring_for(source, base(debian_archive_keyring=b"1", nodesource=b"2"), {}).files == (b"2",)


def test_a_key_may_stand_in_the_source_itself() -> None:
    written = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n.\nabc\n-----END PGP PUBLIC KEY BLOCK-----"
    source = Source(archive="https://a", suite="x", components=("main",), signed_by=written)
    assert keyring_for(source, {}, {}).files[0].splitlines()[1:3] == [b"", b"abc"]


def test_this_machines_keys_are_for_official_archives_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_HERE", (str(tmp_path),))
    for name in ("debian-archive-keyring.gpg", "debian-archive-removed-keys.gpg", "ubuntu-archive-keyring.gpg"):
        (tmp_path / name).write_bytes(name.encode())
    assert keyring_for(SOURCE, {}, {}).files == (b"debian-archive-keyring.gpg",)
    with pytest.raises(OutsideError, match="no key is known for the archive https://a"):
        keyring_for(Source(archive="https://a", suite="x", components=("main",)), {}, {})
    with pytest.raises(OutsideError, match="no key is known"):
        keyring_for(Source(archive="other", suite="x", components=("main",)), {}, {})
