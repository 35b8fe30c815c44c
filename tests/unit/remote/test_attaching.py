"""Documents attached to an image, on servers that list them and on those that keep a tag for it."""

import json
from collections.abc import Callable

import pytest

from tests.fake_remote import FakeRemote
from toolkit.errors import OutsideError, RemoteError
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.attaching import Attachment
from toolkit.remote.client import Remote

Client = Callable[..., Remote]
TYPE = "application/vnd.cyclonedx+json"


def _attachment(text: str = "{}") -> Attachment:
    return Attachment(data=text.encode(), media_type=TYPE, artifact_type=TYPE, annotations={"made.by": "test"})


@pytest.fixture
def target(fake: FakeRemote, client: Client, image: Image) -> Reference:
    reference = parse_reference(f"{fake.host}/ml/train")
    client().push(image, reference)
    return reference


def test_a_server_lists_what_is_attached(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    digest = client().attach(target, image.descriptor, _attachment())
    (found,) = client().referrers(target, image.digest)
    assert (found.artifact_type, found.descriptor.digest) == (TYPE, digest)
    assert f"sha256-{image.digest.hex}" not in fake.tags.get("ml/train", {})
    manifest = client().manifest(target.with_digest(digest))
    assert manifest is not None
    parsed = json.loads(manifest.data)
    assert parsed["subject"] == image.descriptor.to_dict()
    assert parsed["annotations"] == {"made.by": "test"}
    (layer,) = parsed["layers"]
    assert layer["mediaType"] == TYPE


def test_an_old_server_keeps_a_tag_with_all_of_them(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    fake.faults.no_referrers = True
    digests = [client().attach(target, image.descriptor, _attachment(text)) for text in ("1", "2")]
    assert [found.descriptor.digest for found in client().referrers(target, image.digest)] == digests
    fake.calls.clear()
    assert client().attach(target, image.descriptor, _attachment("2")) == digests[1]
    assert [call for call in fake.calls if call.method == "PUT"] == []


class Rivals(dict[str, str]):
    """The tags of a repository in which another writer comes last, `times` times, with what it had read before."""

    def __init__(self, tags: dict[str, str], tag: str, times: int) -> None:
        super().__init__(tags)
        self.tag, self.times = tag, times

    def __setitem__(self, key: str, value: str) -> None:
        if key == self.tag and self.times:
            self.times -= 1
        else:
            super().__setitem__(key, value)


@pytest.mark.parametrize("times", [1, 3])
def test_a_list_that_another_writer_put_over_ours_is_written_again(
    fake: FakeRemote, client: Client, image: Image, target: Reference, times: int
) -> None:
    fake.faults.no_referrers = True
    first = client().attach(target, image.descriptor, _attachment("1"))
    fake.tags["ml/train"] = Rivals(fake.tags["ml/train"], f"sha256-{image.digest.hex}", times)
    second = client().attach(target, image.descriptor, _attachment("2"))
    assert [found.descriptor.digest for found in client().referrers(target, image.digest)] == [first, second]


def test_a_list_that_others_keep_changing_is_an_error(
    fake: FakeRemote, client: Client, image: Image, target: Reference
) -> None:
    fake.faults.no_referrers = True
    fake.tags["ml/train"] = Rivals({}, f"sha256-{image.digest.hex}", 1000)
    with pytest.raises(OutsideError, match="others change the list all the time"):
        client().attach(target, image.descriptor, _attachment())


def test_a_list_that_is_not_one_is_an_error(fake: FakeRemote, client: Client, image: Image, target: Reference) -> None:
    fake.faults.no_referrers = True
    fake.put_manifest("ml/train", b"[]", "application/vnd.oci.image.index.v1+json", tag=f"sha256-{image.digest.hex}")
    with pytest.raises(RemoteError, match="the list of what refers to"):
        client().attach(target, image.descriptor, _attachment())
