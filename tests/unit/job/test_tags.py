from pathlib import Path

import pytest

from tests.fake_remote import Access, FakeRemote, store
from toolkit.errors import OutsideError
from toolkit.job.context import BuildContext
from toolkit.job.tags import digest_now
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference


@pytest.mark.parametrize("quick", [False, True])
def test_a_tag_is_asked_for_once_in_a_command(
    fake: FakeRemote, base: Path, context: BuildContext, *, quick: bool
) -> None:
    image = read_layout(base, platform=Platform("linux", "amd64"))
    store(fake, image)
    reference = parse_reference(f"{fake.host}/base/python:3.11")
    assert [digest_now(reference, context, quick=quick) for _ in range(2)] == [image.digest] * 2
    assert len(fake.called("HEAD", "/v2/base/python/manifests/3.11")) == 1


def test_a_remote_that_asks_for_a_token(fake: FakeRemote, base: Path, context: BuildContext) -> None:
    image = read_layout(base, platform=Platform("linux", "amd64"))
    store(fake, image)
    fake.access = Access("bearer", anonymous_pull=True)
    assert digest_now(parse_reference(f"{fake.host}/base/python:3.11"), context, quick=True) == image.digest


def test_a_base_that_is_missing_or_cannot_be_asked_for(fake: FakeRemote, context: BuildContext) -> None:
    missing = f"{fake.host}/base/python:3.11"
    with pytest.raises(OutsideError, match=f"there is no base image {missing}"):
        digest_now(parse_reference(missing), context)
    with pytest.raises(OutsideError, match=r"cannot look for the base 127\.0\.0\.1:1/a"):
        digest_now(parse_reference("127.0.0.1:1/a:1"), context)
