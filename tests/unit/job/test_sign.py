from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from tests.signing_keys import write_keys
from toolkit.errors import RemoteError
from toolkit.job.context import BuildContext
from toolkit.job.sign import sign_pushed
from toolkit.oci.reference import parse_reference
from toolkit.signing.keys import read_private_key
from toolkit.signing.signatures import verified

IMAGE = image_of([layer_of(tar_of("opt/x"))])


def test_a_pushed_image_is_signed_and_one_that_is_lost_is_reported(tmp_path: Path) -> None:
    key = read_private_key(write_keys(tmp_path)[0], lambda: None)
    context = BuildContext(environ={"HOME": str(tmp_path)})
    with serving(FakeRemote()) as fake:
        reference = parse_reference(f"{fake.host}/ml/train@{IMAGE.digest}")
        with pytest.raises(RemoteError, match="does not have"):
            sign_pushed(str(reference), key, context)
        context.remote().push(IMAGE, reference)
        sign_pushed(str(reference), key, context)
        found = verified(context.remote(), reference, IMAGE.descriptor, [key.public])
    assert [each.form for each in found] == ["bundle", "simple"]
