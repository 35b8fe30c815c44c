"""SBOMs of images that were built here, compared with what an independent scanner finds, and attached on a server."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.commands import ok
from tests.conftest import Sample
from tests.servers import Server
from tests.signing_keys import write_keys

# What syft finds by looking into programs of packages that are listed already.
_TWICE = {"pkg:generic/python", "pkg:generic/openssl"}


def _urls(components: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the package URLs of components and those inside of them, without qualifiers."""
    for component in components:
        if component.get("purl"):
            yield component["purl"].partition("?")[0]
        yield from _urls(component.get("components", []))


def test_a_scanner_finds_nothing_that_is_missing(sample: Sample, remote: Server, tmp_path: Path) -> None:
    folder, layout = sample("load_table"), tmp_path / "image"
    image = f"{remote.host}/sbom/load-table"
    write_keys(tmp_path)
    signed = ("--push", "--image", image, "--sign", tmp_path / "key.pem")
    reference = ok("build", folder, *signed, "--output", f"layout:{layout}").strip()
    attached = ok("sbom", folder, "--attach", "-o", tmp_path / "bom.json")
    document = json.loads((tmp_path / "bom.json").read_text())
    ours = set(_urls(document["components"]))
    syft = shutil.which("syft")
    assert syft
    scanned = subprocess.run(
        [syft, "-q", f"oci-dir:{layout}", "-o", "cyclonedx-json"], capture_output=True, timeout=300, check=True
    )
    found = set(_urls(json.loads(scanned.stdout)["components"]))
    assert {url for url in found - ours if url.rpartition("@")[0] not in _TWICE} == set()
    assert any(url.startswith("pkg:deb/debian/libc6@") for url in found)
    assert any(url.startswith("pkg:pypi/pandas@") for url in found)
    # The lock of the folder has the hashes of wheels.
    wheels = [each for each in document["components"] if each.get("purl", "").startswith("pkg:pypi/")]
    assert all(each["hashes"] for each in wheels)
    referrers = {
        referrer["artifact_type"]: referrer["digest"]
        for referrer in json.loads(ok("inspect", reference, "--format", "json"))["referrers"]
    }
    assert attached.strip() == f"{image}@{referrers['application/vnd.cyclonedx+json']}"
    # The server is older than its list of referrers, and the signature is found by both ways.
    assert "application/vnd.dev.sigstore.bundle.v0.3+json" in referrers
    verified = ok("verify", folder, "--key", tmp_path / "key.pub")
    assert [line.rpartition(" by ")[0] for line in verified.splitlines()[1:]] == [
        "ok: signature: bundle",
        "ok: signature: simple",
    ]
