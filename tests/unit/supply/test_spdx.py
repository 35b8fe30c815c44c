import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from tests.sboms import NUMPY, SUBJECT
from toolkit.supply.package import Contents, Ecosystem, Package, System
from toolkit.supply.spdx import spdx_document

ODD = Package(
    ecosystem=Ecosystem.PYTHON,
    name="odd",
    version="1",
    path="p",
    licenses=("MIT OR Zlib", "Our own (c) terms"),
    requires=("numpy",),
)


def _written(tmp_path: Path) -> dict[str, Any]:
    """Return the document, in which the library for SPDX finds no fault."""
    path = tmp_path / "image.spdx.json"
    path.write_bytes(spdx_document(Contents(packages=(NUMPY, ODD), system=System()), SUBJECT))
    assert validate_full_spdx_document(parse_file(str(path))) == []
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def test_the_document_is_valid_and_has_every_package(tmp_path: Path) -> None:
    document = _written(tmp_path)
    packages = {package["name"]: package for package in document["packages"]}
    assert packages.keys() == {"train-model", "numpy", "odd"}
    assert packages["numpy"]["checksums"] == [{"algorithm": "SHA256", "checksumValue": "b" * 64}]
    assert packages["numpy"]["externalRefs"][0]["referenceLocator"] == "pkg:pypi/numpy@1.0"
    assert packages["train-model"]["primaryPackagePurpose"] == "CONTAINER"


def test_licenses_that_spdx_does_not_know_are_references(tmp_path: Path) -> None:
    document = _written(tmp_path)
    declared = {package["name"]: package["licenseDeclared"] for package in document["packages"]}
    assert declared["odd"] == "(MIT OR Zlib) AND LicenseRef-Our-own-c-terms"
    (named,) = document["hasExtractedLicensingInfos"]
    assert (named["licenseId"], named["extractedText"]) == ("LicenseRef-Our-own-c-terms", "Our own (c) terms")


def test_relationships_say_what_is_in_it_and_what_needs_what(tmp_path: Path) -> None:
    document = _written(tmp_path)
    names = {package["SPDXID"]: package["name"] for package in document["packages"]} | {"SPDXRef-DOCUMENT": "document"}
    related = {
        (names[each["spdxElementId"]], each["relationshipType"], names[each["relatedSpdxElement"]])
        for each in document["relationships"]
    }
    assert related == {
        ("document", "DESCRIBES", "train-model"),
        ("train-model", "CONTAINS", "numpy"),
        ("train-model", "CONTAINS", "odd"),
        ("odd", "DEPENDS_ON", "numpy"),
    }


@pytest.mark.parametrize(
    ("verified", "rests"), [(True, "a verified signature"), (False, "the word of the package index")]
)
def test_a_publisher_is_said_with_what_it_rests_on(*, verified: bool, rests: str) -> None:
    numpy = replace(NUMPY, publisher="GitHub numpy/numpy", is_verified=verified)
    document = json.loads(spdx_document(Contents(packages=(numpy,), system=System()), SUBJECT))
    assert document["packages"][1]["comment"] == f"Published by GitHub numpy/numpy, by {rests}."
