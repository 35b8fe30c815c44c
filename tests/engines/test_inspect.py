"""`comp inspect` shows the content of an image: ours on a real server and in a layout, and a foreign one."""

import json
from http.client import HTTPConnection
from pathlib import Path

from packaging.version import Version

from tests.commands import comp, ok
from tests.conftest import Sample
from tests.images import image_of, layer_of, tar_with
from tests.machine_code import shared_object
from tests.registries import serving_registry
from tests.servers import Server
from toolkit.oci.descriptor import OCI_INDEX, OCI_MANIFEST, host_platform
from toolkit.oci.layout import read_layout, write_layout
from toolkit.oci.reference import parse_reference


def test_a_pushed_image_by_its_folder(sample: Sample, remote: Server) -> None:
    folder = sample("load_table")
    unpinned = comp("inspect", folder)
    assert unpinned.code == 1
    assert "is not pinned yet" in unpinned.err
    reference = ok("build", folder, "--push", "--image", f"{remote.host}/inspect/load_table")
    facts = json.loads(ok("inspect", folder, "--packages", "--format", "json"))
    assert facts == json.loads(ok("inspect", reference, "--packages", "--format", "json"))
    assert facts["digest"] == reference.partition("@")[2]
    assert facts["platform"] == "linux/amd64"
    assert facts["command"] == ["/opt/comp/venv/bin/python", "-P", "/opt/comp/launch.py"]
    made_by = [(layer["made_by"], layer["ours"]) for layer in facts["layers"]]
    assert made_by[-1] == ("code", True)
    assert made_by[0][1] is False
    assert set(facts["components"]) == {"load-table", "split-table"}
    packages = {one["name"]: one["size"] for one in facts["packages"]}
    assert list(packages.values()) == sorted(packages.values(), reverse=True)
    assert packages["pandas"] > 10_000_000
    needs = {one["name"]: one["needs"] for one in facts["packages"]}
    assert (facts["libc"], needs["pandas"], facts["warnings"]) == ("glibc 2.36", {"glibc": "2.17"}, [])
    assert {} in needs.values()
    lines = ok("inspect", folder, "--packages").splitlines()
    (libc,) = (line for line in lines if line.startswith("libc "))
    newest = max((need["glibc"] for need in needs.values() if need), key=Version)
    assert libc.startswith(f"libc      glibc 2.36; the packages need {newest} (")


def test_what_refers_to_an_image_on_a_server_without_such_a_list(sample: Sample, remote: Server) -> None:
    """Debian's docker-registry is older than the endpoint, so whoever signs keeps a tag."""
    folder = sample("summarise_text")
    reference = parse_reference(ok("build", folder, "--push", "--image", f"{remote.host}/inspect/signed"))
    assert json.loads(ok("inspect", folder, "--format", "json"))["referrers"] == []
    assert reference.digest
    listed = image_index(
        [{"mediaType": OCI_MANIFEST, "artifactType": "text/x-signature", "digest": str(reference.digest), "size": 7}]
    )
    path = f"/v2/{reference.repository}/manifests/sha256-{reference.digest.hex}"
    connection = HTTPConnection(remote.host)
    connection.request("PUT", path, body=listed, headers={"Content-Type": OCI_INDEX})
    assert connection.getresponse().status == 201
    connection.close()
    (found,) = json.loads(ok("inspect", folder, "--format", "json"))["referrers"]
    assert found == {"artifact_type": "text/x-signature", "digest": str(reference.digest), "size": 7}
    assert f"{str(reference.digest)[:19]}  7 B  text/x-signature" in ok("inspect", folder).splitlines()


def test_a_cached_image_needs_no_server(sample: Sample, tmp_path: Path) -> None:
    folder = sample("summarise_text")
    with serving_registry(tmp_path / "server") as host:
        ok("build", folder, "--push", "--image", f"{host}/inspect/gone")
        there = comp("inspect", folder)
    gone = comp("inspect", folder)
    assert (gone.code, gone.out) == (0, there.out)
    assert there.err == "" or there.err.startswith("pulling ")
    assert gone.err.startswith(f"warning: cannot tell what refers to the image: cannot connect to {host}: ")


def image_index(manifests: list[dict[str, object]]) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def test_the_text_of_an_image_in_a_layout(sample: Sample, tmp_path: Path) -> None:
    folder = sample("summarise_text")
    digest = ok("build", folder, "--output", f"layout:{tmp_path / 'layout'}")
    lines = ok("inspect", f"layout:{tmp_path / 'layout'}").splitlines()
    assert lines[0] == f"digest    {digest}"
    assert "summarise-text: summarise_text:summarise" in lines
    assert any(line.endswith("  code") for line in lines)


def test_a_package_that_needs_a_newer_c_library(sample: Sample, debian_base: Path, tmp_path: Path) -> None:
    folder, layout = sample("summarise_text"), tmp_path / "layout"
    ok("build", folder, "--output", f"layout:{layout}")
    image = read_layout(layout, platform=host_platform())
    # Put together by hand, on top of the base's layers, as another tool might.
    root = "opt/comp/venv/lib/python3.11/site-packages"
    wheels = {
        f"{root}/newer-1.0.dist-info/WHEEL": b"Tag: cp311-cp311-manylinux_2_39_x86_64\n",
        f"{root}/newer-1.0.dist-info/RECORD": b"newer.so,,\nshown.so,,\n",
        f"{root}/shown.so": shared_object("libGL.so.1", "libc.so.6"),
        f"{root}/alpine-1.0.dist-info/RECORD": b"",
        f"{root}/alpine-1.0.dist-info/WHEEL": b"Tag: cp311-cp311-musllinux_1_2_x86_64\n",
        f"{root}/newer.so": bytes(5),
    }
    history = [*image.parsed_config()["history"], {"created_by": "comp: by hand"}]
    made = image_of([*image.layers, layer_of(tar_with(wheels))], config=lambda data: data.update(history=history))
    write_layout(made, tmp_path / "made", name="made")
    result = comp("inspect", f"layout:{tmp_path / 'made'}", "--packages")
    assert result.code == 0
    assert "glibc 2.36; the packages need 2.39 (newer 1.0)\n" in result.out
    assert "newer 1.0 needs glibc 2.39, and the base has glibc 2.36\n" in result.err
    assert "alpine 1.0 needs musl 1.2, and the base has glibc 2.36\n" in result.err
    assert "newer 1.0 needs libGL.so.1, which the image lacks: importing it may fail\n" in result.err
    facts = json.loads(ok("inspect", f"layout:{tmp_path / 'made'}", "--packages", "--format", "json"))
    assert len(facts["warnings"]) == 3
    (newer,) = (one for one in facts["packages"] if one["name"] == "newer")
    assert (newer["version"], newer["needs"], newer["lacks"]) == ("1.0", {"glibc": "2.39"}, ["libGL.so.1"])
    bare = json.loads(ok("inspect", f"layout:{debian_base}", "--packages", "--format", "json"))
    assert (bare["libc"], bare["packages"]) == ("glibc 2.36", [])


def test_a_strangers_image_has_layers_and_no_components(debian_base: Path) -> None:
    facts = json.loads(ok("inspect", f"layout:{debian_base}", "--format", "json"))
    assert facts["components"] == {}
    assert facts["packages"] is None
    assert [layer["ours"] for layer in facts["layers"]] == [False]
    assert comp("inspect", f"layout:{debian_base}", "--platform", "linux/arm64").code == 1
    assert comp("inspect", "127.0.0.1:1/a/b").code == 3
