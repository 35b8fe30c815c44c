from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from tests.signing_keys import write_keys
from toolkit.cache.store import Cache
from toolkit.errors import InputError, OutsideError
from toolkit.job.context import BuildContext
from toolkit.oci.layout import write_layout
from toolkit.oci.reference import Reference, parse_reference
from toolkit.signing.keys import read_private_key, read_public_key
from toolkit.signing.signatures import sign
from toolkit.supply.verifying import subject_on, verify_image

IMAGE = image_of([layer_of(tar_of("opt/x"))])


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ={"HOME": str(tmp_path)})


@pytest.fixture
def target(context: BuildContext) -> Iterator[Reference]:
    with serving(FakeRemote()) as fake:
        reference = parse_reference(f"{fake.host}/ml/train:1")
        context.remote().push(IMAGE, reference)
        yield reference


def test_a_signed_image_passes_and_another_key_fails(target: Reference, context: BuildContext, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path)
    _, other = write_keys(tmp_path, "other")
    sign(context.remote(), target, IMAGE.descriptor, read_private_key(private, lambda: None))
    passed = verify_image(str(target), IMAGE.platform, context, [read_public_key(public)])
    assert passed.passed
    assert [(check.name, check.details) for check in passed.checks] == [
        ("image", ("every digest and size is right",)),
        ("signature", (f"bundle by {public}", f"simple by {public}")),
    ]
    failed = verify_image(str(target), IMAGE.platform, context, [read_public_key(other)])
    assert not failed.passed
    assert failed.checks[1].details == (f"no signature of {target.with_digest(IMAGE.digest)} is by {other}",)
    assert failed.to_dict()["passed"] is False


def test_without_keys_no_signature_is_looked_for(target: Reference, context: BuildContext) -> None:
    assert [check.name for check in verify_image(str(target), IMAGE.platform, context, []).checks] == ["image"]


def test_what_is_not_there_is_reported(target: Reference, context: BuildContext, tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="does not exist"):
        subject_on(context.remote(), target.with_tag("absent"))
    write_layout(IMAGE, tmp_path / "image")
    with pytest.raises(InputError, match="not on a remote"):
        verify_image(f"layout:{tmp_path / 'image'}", IMAGE.platform, context, [])
