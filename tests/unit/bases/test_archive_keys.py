"""Keys of an archive for a machine that has none: only those count whose fingerprints are known."""

import base64
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian_archive import DebianArchive, made_key, public, serving_archive
from toolkit.bases.archive_keys import archive_keys, known_keys
from toolkit.cache.store import Cache
from toolkit.debian.fetching import Mirrors
from toolkit.debian.sources import Source
from toolkit.errors import InputError, OutsideError
from toolkit.progress import silent

SOURCE = Source(archive="debian", suite="bookworm", components=("main",))
KEYS = "usr/share/keyrings/debian-archive-keyring.gpg"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take this machine's own keys away, and take the key of the tests for Debian's."""
    monkeypatch.setattr("toolkit.debian.keys._HERE", ())
    monkeypatch.setattr(
        "toolkit.bases.archive_keys._FINGERPRINTS", frozenset({made_key("archive").extract_certificate().fingerprint})
    )


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DebianArchive]:
    archive = DebianArchive(folder=tmp_path / "archive")
    both = public(made_key("archive")) + public(made_key("stranger"))
    files = {KEYS: both, "usr/share/keyrings/other.gpg": both}
    archive.add("debian-archive-keyring", "2025.1", architecture="all", files=files)
    archive.add("other", "1", architecture="all")
    archive.publish("all")
    with serving_archive(archive):
        yield archive


def mirrors(tmp_path: Path, archive: DebianArchive, **environ: str) -> Mirrors:
    mirror = archive.environ["COMP_DEBIAN_MIRROR"]
    return Mirrors(Cache(tmp_path / "cache"), {"COMP_DEBIAN_MIRROR": mirror, **environ}, silent)


def test_the_package_of_keys_is_read(tmp_path: Path, archive: DebianArchive) -> None:
    found = archive_keys(SOURCE, mirrors(tmp_path, archive))
    assert {path: base64.b64decode(key) for path, key in found.items()} == {KEYS: public(made_key("archive"))}


def test_keys_that_the_user_names_come_first(tmp_path: Path, archive: DebianArchive) -> None:
    named = mirrors(tmp_path, archive, COMP_DEBIAN_KEYRING=str(archive.keyring))
    assert archive_keys(SOURCE, named) == {}
    assert archive.site
    assert archive.site.asked == []


def test_a_key_of_others_is_none(tmp_path: Path, archive: DebianArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.bases.archive_keys._FINGERPRINTS", frozenset({"0" * 40}))
    with pytest.raises(OutsideError, match="no key is known for the archive debian") as refused:
        archive_keys(SOURCE, mirrors(tmp_path, archive))
    assert "COMP_DEBIAN_KEYRING" in str(refused.value.hint)


def test_without_the_package_there_is_none(tmp_path: Path, archive: DebianArchive) -> None:
    archive.made[:] = [made for made in archive.made if made.fields["Package"] == "other"]
    archive.publish("all")
    with pytest.raises(OutsideError, match="no key is known"):
        archive_keys(SOURCE, mirrors(tmp_path, archive))
    (archive.folder / "debian" / "dists" / "bookworm" / "main" / "binary-all" / "Packages.xz").unlink()
    with pytest.raises(OutsideError, match="no key is known"):
        archive_keys(SOURCE, mirrors(tmp_path, archive))
    down = Mirrors(Cache(tmp_path / "cache"), {"COMP_DEBIAN_MIRROR": "http://127.0.0.1:9"}, silent)
    with pytest.raises(OutsideError, match="no key is known for the archive debian: cannot connect"):
        archive_keys(SOURCE, down)


def test_a_list_of_endless_entries_is_read_at_once(tmp_path: Path, archive: DebianArchive) -> None:
    listing = archive.folder / "debian" / "dists" / "bookworm" / "main" / "binary-all" / "Packages.xz"
    # A search from each of the lines to the end takes an hour.
    listing.write_bytes(lzma.compress(b"Package: debian-archive-keyring\n" * 300_000 + b"Filename: \xff.deb\n"))
    with pytest.raises(OutsideError, match="no key is known"):
        archive_keys(SOURCE, mirrors(tmp_path, archive))


def test_a_damaged_package(tmp_path: Path) -> None:
    path = tmp_path / "debian-archive-keyring_1_all.deb"
    path.write_bytes(b"!<arch>\n")
    with pytest.raises(InputError, match="is not a Debian package as it should be"):
        list(known_keys(path))
