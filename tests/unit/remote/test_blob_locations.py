from typing import ClassVar

from msgspec.structs import replace

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.oci.descriptor import OCI_LAYER, Descriptor
from toolkit.oci.reference import parse_reference
from toolkit.remote.blob_locations import BlobLocations, LastPush

HOST = "registry.example.com"
BLOB, MANIFEST = Digest.of(b"blob"), Digest.of(b"manifest")
BIG = Descriptor(media_type=OCI_LAYER, digest=BLOB, size=1_000_000)
REPOSITORY = parse_reference(f"{HOST}/ml/train:1")


class OldPush(Record, frozen=True):
    """The record as another version of the program may have written it."""

    KIND: ClassVar[str] = "last-push"

    digest: int


def test_a_blob_is_where_it_was_pushed_last(cache: Cache) -> None:
    locations = BlobLocations(cache)
    assert locations.find(HOST, BLOB) is None
    locations.note(HOST, BIG, "one/first")
    locations.note(HOST, BIG, "two/second")
    assert BlobLocations(cache).find(HOST, BLOB) == "two/second"
    assert locations.find("elsewhere.example", BLOB) is None
    assert locations.find(HOST, MANIFEST) is None


def test_a_small_blob_is_remembered_by_this_process_alone(cache: Cache) -> None:
    locations = BlobLocations(cache)
    locations.note(HOST, replace(BIG, size=10), "one/first")
    assert locations.find(HOST, BLOB) == "one/first"
    assert BlobLocations(cache).find(HOST, BLOB) is None


def test_the_last_push_of_a_repository_has_all_its_blobs(cache: Cache) -> None:
    locations = BlobLocations(cache)
    assert locations.last_push(REPOSITORY) is None
    locations.note_push(REPOSITORY, MANIFEST, [BLOB])
    # Tags do not matter.
    again = parse_reference(f"{HOST}/ml/train:2")
    assert locations.last_push(again) == LastPush(digest=MANIFEST, blobs=frozenset({BLOB}))


def test_a_record_of_another_version_is_unknown(cache: Cache) -> None:
    cache.remember({"repository": REPOSITORY.name}, OldPush(digest=3))
    assert BlobLocations(cache).last_push(REPOSITORY) is None
