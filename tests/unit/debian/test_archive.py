import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian_archive import DebianArchive, made_key, public, serving_archive
from toolkit.cache.store import Cache
from toolkit.debian.archive import read_index
from toolkit.debian.fetching import Mirrors
from toolkit.debian.index import Index
from toolkit.debian.sources import release_sources
from toolkit.errors import CompError, OutsideError
from toolkit.limits import DEBIAN_INDEX_SIZE
from toolkit.progress import silent


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DebianArchive]:
    made = DebianArchive(folder=tmp_path / "archive")
    made.add("a")
    made.add("a", "1.0-1+deb12u1", suite="bookworm-security")
    made.publish()
    with serving_archive(made):
        yield made


def read(archive: DebianArchive, cache: Path, environ: dict[str, str] | None = None) -> Index:
    store = Cache(cache)
    mirrors = Mirrors(store, environ or archive.environ, silent)
    return read_index(release_sources("debian", "bookworm", "amd64"), {}, "amd64", mirrors, store)


def test_all_suites_of_a_release_are_read_and_indexes_by_their_digests(archive: DebianArchive, tmp_path: Path) -> None:
    found = read(archive, tmp_path / "cache").named("a")
    assert [(one.version, one.archive) for one in found] == [("1.0-1+deb12u1", "debian-security"), ("1.0-1", "debian")]
    assert archive.site
    asked = [path for path, _ in archive.site.news()]
    assert sum("/by-hash/SHA256/" in path for path in asked) == 3
    read(archive, tmp_path / "cache")
    # Indexes are kept by their digests; the signed file is asked for each time.
    assert all(path.endswith("InRelease") for path, _ in archive.site.news())


def test_a_changed_index_is_refused(archive: DebianArchive, tmp_path: Path) -> None:
    for path in archive.folder.rglob("by-hash/SHA256/*"):
        path.write_bytes(lzma.compress(b"Package: a\nVersion: 9\n"))
    with pytest.raises(OutsideError, match=r"Packages\.xz"):
        read(archive, tmp_path / "cache")


def test_a_changed_release_is_refused(archive: DebianArchive, tmp_path: Path) -> None:
    path = archive.folder / "debian/dists/bookworm/InRelease"
    path.write_bytes(path.read_bytes().replace(b"Components: main", b"Components: evil"))
    with pytest.raises(OutsideError, match=r"the signature of .*InRelease is not valid"):
        read(archive, tmp_path / "cache")


def test_a_key_that_is_not_the_archives_is_refused(archive: DebianArchive, tmp_path: Path) -> None:
    other = tmp_path / "other.gpg"
    other.write_bytes(public(made_key("stranger")))
    with pytest.raises(OutsideError, match=f"by the keys of {other}"):
        read(archive, tmp_path / "cache", archive.environ | {"COMP_DEBIAN_KEYRING": str(other)})


def test_a_release_past_its_time_is_refused(archive: DebianArchive, tmp_path: Path) -> None:
    archive.release = {"Valid-Until": "Wed, 02 Dec 2020 02:22:30 UTC"}
    archive.publish()
    with pytest.raises(OutsideError, match="was valid until 2020-12-02"):
        read(archive, tmp_path / "cache")


def test_a_mirror_without_by_hash_and_without_a_time_is_read(archive: DebianArchive, tmp_path: Path) -> None:
    archive.release = {"Acquire-By-Hash": None, "Valid-Until": None}
    archive.publish()
    assert read(archive, tmp_path / "cache").named("a")


def test_a_missing_suite_is_an_error_only_if_it_is_the_release_itself(
    archive: DebianArchive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (archive.folder / "debian-security/dists/bookworm-security/InRelease").unlink()
    assert len(read(archive, tmp_path / "cache").named("a")) == 1
    assert "packages come without those of bookworm-security" in caplog.text
    (archive.folder / "debian/dists/bookworm/InRelease").unlink()
    with pytest.raises(OutsideError, match="the mirror does not have this release"):
        read(archive, tmp_path / "cache")


def test_a_mirror_that_fails_is_named(archive: DebianArchive, tmp_path: Path) -> None:
    assert archive.site
    archive.site.faults["InRelease"] = lambda handler: handler.answer(403, b"no")
    with pytest.raises(OutsideError, match=r"cannot read http://.*/InRelease: .*answered 403: no") as caught:
        read(archive, tmp_path / "cache")
    assert "USER:PASSWORD" in (caught.value.hint or "")


def test_a_mirror_that_is_down_is_an_error_of_the_outside(archive: DebianArchive, tmp_path: Path) -> None:
    with pytest.raises(CompError) as caught:
        read(archive, tmp_path / "cache", archive.environ | {"COMP_DEBIAN_MIRROR": "http://127.0.0.1:9"})
    assert caught.value.exit_code == 3
    assert "COMP_DEBIAN_MIRROR" in (caught.value.hint or "")


def test_the_size_of_an_index_is_bounded(
    archive: DebianArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEBIAN_INDEX_SIZE.variable, "10")
    with pytest.raises(CompError, match="exceeds the limit of 10 B"):
        read(archive, tmp_path / "cache")
