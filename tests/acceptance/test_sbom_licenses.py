"""`comp sbom` and `comp licenses` on an image in a layout, with and without a policy."""

import json
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.images import image_of, layer_of, tar_of_tree
from toolkit.oci.layout import write_layout

SITE = "opt/comp/venv/lib/python3.11/site-packages"
PYTHON = {
    f"{SITE}/numpy-1.0.dist-info/METADATA": b"Name: numpy\nVersion: 1.0\nLicense-Expression: BSD-3-Clause\n",
    f"{SITE}/copied-2.0.dist-info/METADATA": b"Name: copied\nVersion: 2.0\nLicense: GPL-3.0-only\n",
    f"{SITE}/silent-3.0.dist-info/METADATA": b"Name: silent\nVersion: 3.0\n",
}
BASE = {
    "etc/os-release": b"ID=debian\nVERSION_ID=12\n",
    "var/lib/dpkg/status.d/dash": b"Package: dash\nVersion: 0.5\n",
    "usr/share/doc/dash/copyright": b"/usr/share/common-licenses/GPL-2\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an image."""
    write_layout(image_of([layer_of(tar_of_tree(BASE)), layer_of(tar_of_tree(PYTHON))]), tmp_path / "image")
    return tmp_path


def _policy(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.comp.licenses]\n{text}\n")


def test_an_sbom_goes_to_stdout_or_a_file(folder: Path) -> None:
    options = ("layout:image", "--platform", "linux/amd64")
    document = json.loads(ok("sbom", *options, folder=folder))
    assert {component["purl"] for component in document["components"] if "purl" in component} == {
        "pkg:deb/debian/dash@0.5?distro=debian-12",
        "pkg:pypi/copied@2.0",
        "pkg:pypi/numpy@1.0",
        "pkg:pypi/silent@3.0",
    }
    written = comp("sbom", *options, "--format", "spdx", "-o", "image.spdx.json", folder=folder)
    assert (written.code, written.out, written.err) == (0, "", "wrote 4 packages to image.spdx.json\n")
    assert json.loads((folder / "image.spdx.json").read_text())["spdxVersion"] == "SPDX-2.3"


def test_nothing_is_attached_to_an_image_in_a_folder(folder: Path) -> None:
    result = comp("sbom", "layout:image", "--platform", "linux/amd64", "--attach", folder=folder)
    assert (result.code, result.out) == (2, "")
    assert "this image is not on a remote" in result.err


def test_licenses_are_listed(folder: Path) -> None:
    result = comp("licenses", "layout:image", "--platform", "linux/amd64", folder=folder)
    assert result.code == 0
    assert result.out == "copied  2.0  GPL-3.0-only\nnumpy   1.0  BSD-3-Clause\nsilent  3.0  no license stated\n"
    assert result.err == "3 packages, 1 more with --base; no [tool.comp.licenses] says what is allowed\n"
    with_base = ok("licenses", "layout:image", "--platform", "linux/amd64", "--base", folder=folder)
    assert with_base.startswith("dash    0.5  GPL-2.0-only\n")


def test_a_policy_is_checked(folder: Path) -> None:
    _policy(folder, 'allow = ["BSD-3-Clause"]\nexceptions = { silent = "ours", other = "gone" }')
    result = comp("licenses", "layout:image", "--platform", "linux/amd64", folder=folder)
    assert result.code == 1
    assert result.err == (
        "warning: copied 2.0 is under GPL-3.0-only, which the policy does not allow\n"
        "warning: the exception for other is not needed\n"
        "3 packages, 1 not allowed\n"
    )
    listed = json.loads(
        comp("licenses", "layout:image", "--platform", "linux/amd64", "--format", "json", folder=folder).out
    )
    assert {package["name"]: package["problem"] for package in listed} == {
        "copied": "is under GPL-3.0-only",
        "numpy": None,
        "silent": None,
    }
    _policy(folder, 'deny = ["AGPL-3.0-only"]')
    assert comp("licenses", "layout:image", "--platform", "linux/amd64", folder=folder).code == 0


def test_a_policy_with_a_mistake_is_refused_before_the_image_is_read(folder: Path) -> None:
    _policy(folder, 'allow = "MIT"')
    result = comp("licenses", "layout:absent", folder=folder)
    assert (result.code, result.out) == (1, "")
    assert "pyproject.toml:2:1: allow is not a list of licenses" in result.err
