"""Blobs of artifacts: verified, bounded, and read once."""

from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.limits import RECORD_SIZE
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference, parse_reference
from toolkit.registry.oci.blobs import Blobs
from toolkit.registry.oci.seen import Seen
from toolkit.remote.client import Remote

DATA = b"some content"
DESCRIBED = Descriptor(media_type="text/plain", digest=Digest.of(DATA), size=len(DATA))


@pytest.fixture
def repository(fake: FakeRemote) -> Reference:
    fake.put_blob("team/x", DATA)
    return parse_reference(f"{fake.host}/team/x")


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    cache = Cache(tmp_path / "cache")
    return Blobs(Seen(Remote(environ={"HOME": str(tmp_path)}, pause=lambda _: None), cache), cache)


def test_a_blob_is_read_once(fake: FakeRemote, repository: Reference, blobs: Blobs) -> None:
    assert blobs.cached(DESCRIBED.digest) is None
    assert blobs.read(repository, DESCRIBED, RECORD_SIZE) == DATA
    assert blobs.read(repository, DESCRIBED, RECORD_SIZE) == blobs.cached(DESCRIBED.digest) == DATA
    assert len(fake.called("GET", "/blobs/")) == 1


def test_a_blob_with_other_content_is_refused_and_not_kept(
    fake: FakeRemote, repository: Reference, blobs: Blobs
) -> None:
    fake.faults.corrupt_blobs = True
    with pytest.raises(OutsideError, match="has another content: its digest is"):
        blobs.read(repository, DESCRIBED, RECORD_SIZE)
    assert blobs.cached(DESCRIBED.digest) is None


def test_a_blob_beyond_the_limit_is_not_asked_for(
    fake: FakeRemote, repository: Reference, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RECORD_SIZE.variable, "5")
    with pytest.raises(InputError, match="exceeds the limit of 5"):
        blobs.read(repository, DESCRIBED, RECORD_SIZE)
    assert not fake.called("GET", "/blobs/")
