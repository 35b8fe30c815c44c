"""`comp inspect --check`: valid and damaged images in a layout, an archive and on a server, and their contracts."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.commands import Result, comp
from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of, tar_of_tree
from toolkit.digest import Digest
from toolkit.oci.archive import write_archive
from toolkit.oci.descriptor import host_platform
from toolkit.oci.image import Image
from toolkit.oci.layout import write_layout


@pytest.fixture
def image() -> Image:
    return image_of([layer_of(tar_of("etc/os-release")), layer_of(tar_of("opt/comp/a", "opt/comp/b"))])


def _check(name: str, folder: Path, *options: str) -> Result:
    return comp("inspect", "--check", "--platform", "linux/amd64", *options, name, folder=folder)


def test_a_valid_image(image: Image, tmp_path: Path) -> None:
    write_layout(image, tmp_path / "image")
    result = _check("layout:image", tmp_path)
    assert (result.code, result.err) == (0, "0 problems\n")
    assert result.out == comp("inspect", "--platform", "linux/amd64", "layout:image", folder=tmp_path).out
    assert json.loads(_check("layout:image", tmp_path, "--format", "json").out)["problems"] == []


def test_without_the_option_nothing_is_checked(image: Image, tmp_path: Path) -> None:
    write_layout(image, tmp_path / "image")
    result = comp("inspect", "--platform", "linux/amd64", "layout:image", "--format", "json", folder=tmp_path)
    assert json.loads(result.out)["problems"] is None


def test_damaged_and_missing_layers_of_a_layout(image: Image, tmp_path: Path) -> None:
    write_layout(image, tmp_path / "image")
    paths = [tmp_path / "image/blobs/sha256" / layer.descriptor.digest.hex for layer in image.layers]
    data = paths[0].read_bytes()
    paths[0].write_bytes(data[:4] + bytes([data[4] ^ 1]) + data[5:])  # the time in gzip's header
    paths[1].unlink()
    result = _check("layout:image", tmp_path)
    assert (result.code, result.err) == (1, "2 problems\n")
    shown = [path.relative_to(tmp_path) for path in paths]
    assert result.out.splitlines()[-2:] == [
        f"problem: layer 0: the blob {shown[0]} is damaged: its sha256 is {Digest.of(paths[0].read_bytes()).hex}",
        f"problem: layer 1: the blob {shown[1]} is missing",
    ]
    problems = json.loads(_check("layout:image", tmp_path, "--format", "json").out)["problems"]
    assert [problem.partition(":")[0] for problem in problems] == ["layer 0", "layer 1"]


def _for(architecture: str, image: Image) -> Image:
    def edit(config: dict[str, Any]) -> None:
        config["architecture"] = architecture

    return image_of(image.layers, config=edit)


def test_the_default_platform_is_this_machines(image: Image, tmp_path: Path) -> None:
    for architecture in (host_platform().architecture, "s390x"):
        write_layout(_for(architecture, image), tmp_path / architecture)
    here = comp("inspect", f"layout:{host_platform().architecture}", folder=tmp_path)
    assert (here.code, here.out.splitlines()[1]) == (0, f"platform  {host_platform()}")
    other = comp("inspect", "layout:s390x", folder=tmp_path)
    assert (other.code, other.out) == (1, "")
    assert other.err.endswith("\n\nhint: it has linux/s390x\n")
    assert comp("inspect", "--platform", "linux/s390x", "layout:s390x", folder=tmp_path).code == 0


@pytest.mark.parametrize("document", ["manifest", "config"])
def test_a_damaged_document_of_a_layout(image: Image, tmp_path: Path, document: str) -> None:
    write_layout(image, tmp_path / "image")
    path = tmp_path / "image/blobs/sha256" / Digest.of(getattr(image, document)).hex
    path.write_bytes(path.read_bytes().replace(b"linux", b"Linux").replace(b"layers", b"LAYERS"))
    result = _check("layout:image", tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: the layout image is damaged: the blob image/blobs/")


def test_a_truncated_archive(image: Image, tmp_path: Path) -> None:
    with (tmp_path / "image.tar").open("wb") as stream:
        write_archive(image, stream)
        stream.truncate(stream.tell() - 3000)
    result = _check("archive:image.tar", tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: image.tar: not an image archive: ")


def test_a_layer_of_an_archive_that_its_config_does_not_describe(image: Image, tmp_path: Path) -> None:
    other = layer_of(tar_of("other"))
    lying = image_of([image.layers[0], replace(other, diff_id=image.layers[1].diff_id)])
    with (tmp_path / "image.tar").open("wb") as stream:
        write_archive(lying, stream)
    result = _check("archive:image.tar", tmp_path)
    assert (result.code, result.err) == (1, "1 problem\n")
    assert result.out.splitlines()[-1] == (
        f"problem: layer 1: diff_id is {image.layers[1].diff_id}, the content's {other.diff_id}"
    )


def test_an_image_on_a_server(image: Image, tmp_path: Path) -> None:
    remote = FakeRemote()
    for data in (image.config, *(b"".join(layer.chunks()) for layer in image.layers)):
        remote.put_blob("a/b", data)
    remote.put_manifest("a/b", image.manifest, image.media_type, tag="valid")
    broken = image_of([replace(image.layers[0], diff_id=Digest("00" * 32))])
    remote.put_blob("a/b", broken.config)
    remote.put_manifest("a/b", broken.manifest, broken.media_type, tag="broken")
    with serving(remote):
        valid = _check(f"{remote.host}/a/b:valid", tmp_path)
        invalid = _check(f"{remote.host}/a/b:broken", tmp_path)
    assert (valid.code, valid.err.splitlines()[-1]) == (0, "0 problems")
    assert (invalid.code, invalid.err.splitlines()[-1]) == (1, "1 problem")
    assert invalid.out.splitlines()[-1].startswith(f"problem: layer 0: diff_id is sha256:{'00' * 32}, the content's ")


CONTRACT = """\
name: Count
inputs:
- {{name: rows, type: Integer}}
implementation:
  container:
    image: {image}
    command: [/opt/comp/venv/bin/python, /opt/comp/launch.py, count]
    args: [--rows, {{inputValue: rows}}]
"""


def test_a_contract_that_differs_from_its_image(tmp_path: Path) -> None:
    port = {"name": "rows", "flag": "--rows", "type": "Integer", "kind": "parameter", "optional": False}
    document = json.dumps({"protocol": 1, "components": {"count": {"inputs": [port], "outputs": []}}})
    layer = layer_of(tar_of_tree({"opt/comp/interface.json": document.encode()}))
    built = image_of([layer], config=lambda config: config.update(history=[{"created_by": "comp: code"}]))
    remote = FakeRemote()
    for data in (built.config, b"".join(layer.chunks())):
        remote.put_blob("a/b", data)
    remote.put_manifest("a/b", built.manifest, built.media_type, tag="1")
    contract = tmp_path / "component.yaml"
    with serving(remote):
        contract.write_text(CONTRACT.format(image=f"{remote.host}/a/b@{built.digest}"))
        same = _check("component.yaml", tmp_path)
        contract.write_text(contract.read_text().replace("name: rows", "name: lines").replace(": rows", ": lines"))
        other = _check("component.yaml", tmp_path)
        unchecked = comp("inspect", "--platform", "linux/amd64", "component.yaml", folder=tmp_path)
    assert (same.code, same.err.splitlines()[-1]) == (0, "0 problems")
    assert (other.code, other.err.splitlines()[-1]) == (1, "2 problems")
    assert other.out.splitlines()[-2:] == [
        "problem: the image has no input 'lines', which the contract passes",
        "problem: the image needs the input 'rows', which the contract lacks",
    ]
    assert unchecked.code == 0
