"""Images in the text of compiled pipelines."""

from pathlib import Path

import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError, RemoteError
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference
from toolkit.pipelines.images import image_sites, pinned, resolved

HERE = Path("p.py")
DIGEST = Digest.of(b"x")
IR = """# PIPELINE DEFINITION
components: {}
deploymentSpec:
  executors:
    exec-a:
      container:
        args: ['image: python:3.11', "\N{LATIN SMALL LETTER E WITH ACUTE}"]
        image: python:3.11
    exec-b:
      container:
        image: 'python:3.11'
    exec-c:
      importer: {}
    exec-d:
      container:
        image: "{{$.inputs.parameters['image']}}"
pipelineInfo: {name: p}
"""


def test_only_images_of_executors_change() -> None:
    sites = image_sites(IR, HERE)
    assert [(site.executor, site.image) for site in sites] == [
        ("exec-a", "python:3.11"),
        ("exec-b", "python:3.11"),
        ("exec-d", "{{$.inputs.parameters['image']}}"),
    ]
    pin = f"docker.io/library/python@{DIGEST}"
    text = pinned(IR, sites, {"python:3.11": pin})
    expected = IR.replace("        image: python:3.11\n", f"        image: {pin}\n")
    assert text == expected.replace("image: 'python:3.11'\n", f"image: {pin}\n")


def test_a_second_document_and_a_manifest_are_read() -> None:
    manifest = "kind: Pipeline\n---\nspec:\n  pipelineSpec:\n    " + IR.replace("\n", "\n    ")
    assert len(image_sites(manifest, HERE)) == 3
    assert len(image_sites(IR + "---\nplatforms: {}\n", HERE)) == 3


def test_a_tag_is_resolved_by_the_remote() -> None:
    found = Descriptor(media_type="m", digest=DIGEST, size=1)
    asked: list[Reference] = []

    def head(reference: Reference) -> Descriptor:
        asked.append(reference)
        return found

    assert resolved("host.example/a/b:1", head) == f"host.example/a/b@{DIGEST}"
    assert asked[0].tag == "1"


def test_what_cannot_be_resolved_names_the_image() -> None:
    def down(_: Reference) -> None:
        raise RemoteError("no answer", status=0)

    with pytest.raises(InputError, match=r"the image host\.example/a is missing from host\.example"):
        resolved("host.example/a", lambda _: None)
    with pytest.raises(RemoteError, match=r"cannot resolve the image host\.example/a: no answer"):
        resolved("host.example/a", down)
    with pytest.raises(InputError, match="not an image reference"):
        resolved("UPPER/case", lambda _: None)


def test_what_is_not_yaml_is_an_input_error() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        image_sites("a: [", HERE)
