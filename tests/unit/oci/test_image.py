import json

from tests.artifacts import base_image
from tests.images import image_of, layer_of, tar_of
from toolkit.digest import Digest
from toolkit.oci.descriptor import DOCKER_INDEX, OCI_INDEX, Platform
from toolkit.oci.image import ImageIndex


def test_its_identity_is_that_of_the_manifests_bytes() -> None:
    image = image_of([layer_of(tar_of("a"))])
    assert image.digest == Digest.of(image.manifest)
    assert image.descriptor.size == len(image.manifest)
    assert image.config_descriptor.digest == Digest.of(image.config)
    assert image.images == (image,)
    assert image.platform == Platform("linux", "amd64")


def test_an_index_lists_the_images_with_their_platforms() -> None:
    images = (base_image(), base_image(config={"architecture": "arm64", "variant": "v8"}))
    index = ImageIndex.of(images, annotations={"of": "all"})
    parsed = json.loads(index.document)
    assert (parsed["mediaType"], parsed["annotations"]) == (OCI_INDEX, {"of": "all"})
    assert [entry["digest"] for entry in parsed["manifests"]] == [str(image.digest) for image in images]
    assert [entry["platform"].get("variant") for entry in parsed["manifests"]] == [None, "v8"]
    assert index.descriptor.digest == index.digest == Digest.of(index.document)


def test_dockers_manifest_list_has_no_annotations() -> None:
    parsed = json.loads(ImageIndex.of([base_image(docker=True)], annotations={"of": "all"}).document)
    assert parsed["mediaType"] == DOCKER_INDEX
    assert "annotations" not in parsed
