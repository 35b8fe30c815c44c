"""Images copied as they are."""

import json
from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, Reply, serving
from tests.images import image_of, layer_of, tar_of
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.oci.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor
from toolkit.oci.image import Image
from toolkit.oci.layout_store import LayoutStore
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote
from toolkit.remote.copying import LayoutImages, RemoteImages, copy_image, read_as_document

AMD = image_of([layer_of(tar_of("a")), layer_of(tar_of("b"))])
ARM = image_of([layer_of(tar_of("a")), layer_of(tar_of("c"))], config=lambda data: data.update(architecture="arm64"))
# An attestation has a config of OCI's type and layers of another.
PROOF = image_of([layer_of(tar_of("p"), media_type="application/vnd.in-toto+json")])
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def put(remote: FakeRemote, name: str, *images: Image) -> None:
    for image in images:
        for layer in image.layers:
            remote.put_blob(name, b"".join(layer.chunks()))
        remote.put_blob(name, image.config)
        remote.put_manifest(name, image.manifest, image.media_type)


def put_index(remote: FakeRemote, name: str, *entries: Descriptor) -> Digest:
    data = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry.to_dict() for entry in entries]}, indent=3
    )
    return Digest.parse(remote.put_manifest(name, data.encode(), OCI_INDEX, tag="1"))


def images() -> RemoteImages:
    return RemoteImages(Remote(environ={}, pause=lambda _: None))


def test_an_index_is_copied_with_every_platform_and_attestation() -> None:
    source, target = FakeRemote(), FakeRemote()
    put(source, "ml/n", AMD, ARM, PROOF)
    inner = put_index(source, "ml/n", ARM.descriptor, PROOF.descriptor)
    size = len(source.manifests["ml/n"][str(inner)][1])
    digest = put_index(source, "ml/n", AMD.descriptor, Descriptor(media_type=OCI_INDEX, digest=inner, size=size))
    sent: list[int] = []
    servers = RemoteImages(Remote(environ={}), sent=sent.append)
    with serving(source), serving(target):
        image = parse_reference(f"{source.host}/ml/n:1")
        place = parse_reference(f"{target.host}/mirror/ml/n")
        assert copy_image(servers, image, servers, place) == digest
        assert target.manifests["mirror/ml/n"] == source.manifests["ml/n"]
        assert target.blobs["mirror/ml/n"] == source.blobs["ml/n"]
        assert target.tags["mirror/ml/n"] == {f"sha-{digest.hex[:12]}": str(digest)}
        # Once more, by digest: one question, and nothing is read.
        sent.clear()
        reads = len(source.calls)
        assert copy_image(servers, image.with_digest(digest), servers, place) == digest
        assert (sent, len(source.calls)) == ([], reads)


def test_a_copy_on_the_same_server_moves_no_layer() -> None:
    remote = FakeRemote()
    put(remote, "ml/n", AMD)
    with serving(remote):
        image = parse_reference(f"{remote.host}/ml/n").with_digest(AMD.digest)
        copy_image(images(), image, images(), parse_reference(f"{remote.host}/mirror/n"))
    assert len(remote.called("GET", "/blobs/")) == 1, "the config alone is read"
    assert remote.manifests["mirror/n"] == remote.manifests["ml/n"]


def test_a_copy_goes_on_where_it_stopped() -> None:
    source, target = FakeRemote(), FakeRemote()
    put(source, "ml/n", AMD, ARM)
    digest = put_index(source, "ml/n", AMD.descriptor, ARM.descriptor)
    missing = str(ARM.layers[1].descriptor.digest)
    kept = source.blobs["ml/n"].pop(missing)
    with serving(source), serving(target):
        image, place = parse_reference(f"{source.host}/ml/n:1"), parse_reference(f"{target.host}/n")
        with pytest.raises(OutsideError):
            copy_image(images(), image, images(), place)
        assert str(digest) not in target.manifests["n"]
        source.blobs["ml/n"][missing] = kept
        before = len(source.called("GET", str(AMD.layers[0].descriptor.digest)))
        copy_image(images(), image, images(), place)
        assert len(source.called("GET", str(AMD.layers[0].descriptor.digest))) == before
    assert target.manifests["n"] == source.manifests["ml/n"]


def test_by_a_layout_to_another_server(tmp_path: Path) -> None:
    outer, inner = FakeRemote(), FakeRemote()
    put(outer, "ml/n", AMD, ARM)
    digest = put_index(outer, "ml/n", AMD.descriptor, ARM.descriptor)
    carried = LayoutImages(LayoutStore(tmp_path / "layout"))
    with serving(outer):
        image = parse_reference(f"{outer.host}/ml/n").with_digest(digest)
        assert copy_image(images(), image, carried, image) == digest
        assert copy_image(images(), image, carried, image) == digest
        # By its tag, under which a contract may name it.
        tagged = parse_reference(f"{outer.host}/ml/n:1")
        copy_image(images(), tagged, carried, tagged)
    with serving(inner):
        place = parse_reference(f"{inner.host}/mirror/n")
        assert copy_image(LayoutImages(LayoutStore(tmp_path / "layout")), image, images(), place) == digest
    assert inner.manifests["mirror/n"] == outer.manifests["ml/n"]
    with pytest.raises(InputError, match="the layout does not have the image"):
        carried.document(image.with_digest(Digest.of(b"other")))


def test_layers_that_may_not_be_passed_on_stay_where_they_are() -> None:
    elsewhere = layer_of(tar_of("w"), media_type=FOREIGN)
    image = image_of([elsewhere, layer_of(tar_of("a"))])
    source, target = FakeRemote(), FakeRemote()
    put(source, "ml/n", image)
    del source.blobs["ml/n"][str(elsewhere.descriptor.digest)]
    kept: list[Reference] = []

    class Kept(RemoteImages):
        def put(self, built: object, place: Reference, name: str | None) -> None:
            assert isinstance(built, Image)
            assert name
            assert [layer.descriptor for layer in built.layers] == [image.layers[1].descriptor]
            kept.append(place)

    with serving(source), serving(target):
        reference = parse_reference(f"{source.host}/ml/n").with_digest(image.digest)
        copy_image(images(), reference, Kept(Remote(environ={})), parse_reference(f"{target.host}/n"))
    assert kept


def test_a_server_that_gives_other_bytes() -> None:
    source, target = FakeRemote(), FakeRemote()
    put(source, "ml/n", AMD)
    with serving(source), serving(target):
        image, place = parse_reference(f"{source.host}/ml/n"), parse_reference(f"{target.host}/n")
        with pytest.raises(InputError, match="is not on its remote"):
            copy_image(images(), image.with_tag("9"), images(), place)
        source.faults.replies = [("GET", "/manifests/", Reply(200, {"Content-Type": OCI_MANIFEST}, ARM.manifest))]
        with pytest.raises(OutsideError, match="another manifest"):
            copy_image(images(), image.with_digest(AMD.digest), images(), place)
        source.faults.replies = []
        source.blobs["ml/n"][str(AMD.config_descriptor.digest)] = b"x" * len(AMD.config)
        with pytest.raises(OutsideError, match=r"the config of .* is damaged"):
            copy_image(images(), image.with_digest(AMD.digest), images(), place)
    assert "n" not in target.manifests


@pytest.mark.parametrize(
    "data",
    [b"[", b"{}", b'{"layers": [], "manifests": []}', b'{"layers": [], "mediaType": "application/x"}'],
)
def test_documents_that_are_no_images(data: bytes) -> None:
    with pytest.raises(OutsideError, match="the manifest of"):
        read_as_document(data, parse_reference("a/b:1"))
