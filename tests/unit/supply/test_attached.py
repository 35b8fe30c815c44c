import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of_tree
from toolkit.cache.store import Cache
from toolkit.errors import UsageError
from toolkit.job.context import BuildContext
from toolkit.oci.layout import write_layout
from toolkit.oci.reference import parse_reference
from toolkit.supply.attached import attach_sbom
from toolkit.supply.reading import read_image

IMAGE = image_of([layer_of(tar_of_tree({"a/numpy-1.0.dist-info/METADATA": b"Name: numpy\nVersion: 1.0\n"}))])


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


def test_an_sbom_refers_to_its_image(fake: FakeRemote, tmp_path: Path) -> None:
    context = BuildContext(cache=Cache(tmp_path / "cache"), environ={"HOME": str(tmp_path)})
    target = parse_reference(f"{fake.host}/ml/train:1")
    context.remote().push(IMAGE, target)
    read = read_image(str(target), IMAGE.platform, context)
    assert read.subject.repository == f"{fake.host}/ml/train"
    document = read.document("spdx")
    attached = attach_sbom(read, document, "spdx", context)
    (found,) = context.remote().referrers(target, IMAGE.digest)
    assert (found.artifact_type, found.descriptor.digest) == ("application/spdx+json", attached.digest)
    assert attached.repository == "ml/train"
    assert {package["name"] for package in json.loads(document)["packages"]} == {"train", "numpy"}


def test_an_image_on_no_remote_has_nothing_to_attach_to(tmp_path: Path) -> None:
    write_layout(IMAGE, tmp_path / "image")
    context = BuildContext(cache=Cache(tmp_path / "cache"), environ={"HOME": str(tmp_path)})
    read = read_image(f"layout:{tmp_path / 'image'}", IMAGE.platform, context)
    with pytest.raises(UsageError, match="not on a remote"):
        attach_sbom(read, b"{}", "cyclonedx", context)
