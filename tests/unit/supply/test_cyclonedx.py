import json
import logging
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from msgspec.structs import replace

from tests.sboms import NUMPY, SUBJECT
from toolkit.supply.cyclonedx import cyclonedx, moment_of
from toolkit.supply.package import Contents, Ecosystem, EmbeddedSbom, Package, System

INNER_CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.4",
    "components": [
        {
            "type": "library",
            "bom-ref": "x",
            "name": "libgfortran",
            "version": "5",
            "purl": "pkg:rpm/almalinux/libgfortran@5",
            "components": [{"type": "library", "bom-ref": "y", "name": "libquadmath", "version": "1"}],
        }
    ],
}
INNER_SPDX = {
    "spdxVersion": "SPDX-2.3",
    "packages": [
        {
            "name": "openblas",
            "versionInfo": "0.3",
            "licenseConcluded": "BSD-3-Clause",
            "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:generic/openblas@0.3"}],
        }
    ],
}


def _pandas(*sboms: bytes) -> Package:
    embedded = tuple(EmbeddedSbom(path=f"sboms/{number}.json", data=data) for number, data in enumerate(sboms))
    return Package(
        ecosystem=Ecosystem.PYTHON, name="pandas", version="2.0", path="p", requires=("numpy",), sboms=embedded
    )


def _written(*packages: Package, system: System | None = None) -> dict[str, Any]:
    """Return the document, which the library's own schema accepts."""
    data = cyclonedx(Contents(packages=packages, system=system or System()), SUBJECT)
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(data.decode()) is None
    document: dict[str, Any] = json.loads(data)
    return document


def test_the_image_is_what_the_document_is_about() -> None:
    document = _written()
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.7")
    metadata = document["metadata"]
    assert metadata["timestamp"] == "2026-01-31T12:00:00+00:00"
    image = metadata["component"]
    assert (image["type"], image["name"], image["version"]) == ("container", "train-model", "1.2.0")
    assert image["purl"].startswith(f"pkg:oci/train@sha256:{'a' * 64}?arch=amd64&repository_url=registry.example.com")
    assert image["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert metadata["tools"]["components"][0]["name"] == "comp"


def test_a_package_has_all_that_is_known_of_it() -> None:
    (component,) = _written(NUMPY)["components"]
    assert component["purl"] == component["bom-ref"] == "pkg:pypi/numpy@1.0"
    assert component["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert component["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert component["supplier"] == {"name": "People"}
    assert component["externalReferences"] == [{"type": "website", "url": "https://numpy.example.com"}]


@pytest.mark.parametrize(
    ("licenses", "expected"),
    [
        ((), None),
        (("MIT OR Apache-2.0",), [{"expression": "MIT OR Apache-2.0"}]),
        (("MIT", "Apache-2.0 OR BSD-3-Clause"), [{"expression": "MIT AND (Apache-2.0 OR BSD-3-Clause)"}]),
        (("Our own",), [{"license": {"name": "Our own"}}]),
        (
            ("MIT", "Our own", "MIT OR Zlib"),
            [{"license": {"id": "MIT"}}, {"license": {"name": "MIT OR Zlib"}}, {"license": {"name": "Our own"}}],
        ),
    ],
)
def test_licenses_take_the_form_that_the_schema_allows(licenses: tuple[str, ...], expected: object) -> None:
    package = Package(ecosystem=Ecosystem.PYTHON, name="x", version="1", path="p", licenses=licenses)
    assert _written(package)["components"][0].get("licenses") == expected


def test_packages_of_debian_and_the_system_are_named_by_it() -> None:
    libc = Package(
        ecosystem=Ecosystem.DEBIAN, name="libc6", version="1:2+b1", path="p", architecture="amd64", source="glibc"
    )
    system = System(id="debian", version="12", title="Debian 12")
    components = {each["name"]: each for each in _written(libc, system=system)["components"]}
    assert components["libc6"]["purl"] == ("pkg:deb/debian/libc6@1:2%2Bb1?arch=amd64&distro=debian-12&upstream=glibc")
    assert (components["debian"]["type"], components["debian"]["version"]) == ("operating-system", "12")


def test_dependencies_are_those_between_installed_packages() -> None:
    document = _written(NUMPY, _pandas())
    needs = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    assert needs["pkg:pypi/pandas@2.0"] == ["pkg:pypi/numpy@1.0"]
    assert needs["image"] == ["pkg:pypi/numpy@1.0", "pkg:pypi/pandas@2.0"]


def test_sboms_inside_wheels_are_merged() -> None:
    document = _written(_pandas(json.dumps(INNER_CYCLONEDX).encode(), json.dumps(INNER_SPDX).encode()))
    inner = {each["name"]: each for each in document["components"][0]["components"]}
    assert inner.keys() == {"libgfortran", "libquadmath", "openblas"}
    assert inner["openblas"]["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert inner["openblas"]["purl"] == "pkg:generic/openblas@0.3"
    assert len({each["bom-ref"] for each in inner.values()}) == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"<xml/>",
        b'{"packages": [{}]}',
        b"[" * 100_000,
        b'{"packages": [{"name": "a", "versionInfo": {"b": 1}}]}',
        b'{"packages": [{"name": "\\ud800"}]}',
        (
            b'{"bomFormat": "CycloneDX", "components": [{"type": "library", "name": "a", "licenses": ['
            b'{"expression": "MIT"}, {"license": {"id": "ISC"}}]}]}'
        ),
        b" " * 1_000_001,
    ],
)
def test_an_sbom_that_cannot_be_read_is_named(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        document = _written(_pandas(data))
    assert "the SBOM /sboms/0.json in the image cannot be read" in caplog.text
    names = {each["name"]: each["value"] for each in document["components"][0]["properties"]}
    assert names["comp:embedded-sbom"] == "/sboms/0.json"


def test_the_components_of_all_sboms_are_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("COMP_LIMIT_EMBEDDED_COMPONENTS", "3")
    inner = json.dumps(INNER_CYCLONEDX).encode()
    document = _written(_pandas(inner, inner, json.dumps(INNER_SPDX).encode()))
    assert len(document["components"][0]["components"]) == 3
    assert "the SBOM /sboms/1.json in the image cannot be read" in caplog.text


def test_an_sbom_of_nested_components_is_read_once_each() -> None:
    nested: dict[str, Any] = {"type": "library", "name": "last"}
    for number in range(100):
        nested = {"type": "library", "name": f"n{number}", "components": [nested]}
    document = _written(_pandas(json.dumps({"bomFormat": "CycloneDX", "components": [nested]}).encode()))
    assert len(document["components"][0]["components"]) == 101


def test_the_same_image_gives_the_same_bytes() -> None:
    contents = Contents(packages=(NUMPY, _pandas(json.dumps(INNER_CYCLONEDX).encode())), system=System())
    assert cyclonedx(contents, SUBJECT) == cyclonedx(contents, SUBJECT)


def test_an_address_that_is_not_on_the_web_is_left_out() -> None:
    package = Package(ecosystem=Ecosystem.PYTHON, name="x", version="1", path="p", homepage="javascript:alert(1)")
    assert "externalReferences" not in _written(package)["components"][0]


def test_a_time_is_in_utc() -> None:
    assert moment_of("2026-01-31T12:00:00").isoformat() == "2026-01-31T12:00:00+00:00"
    assert moment_of("").year == 1980


@pytest.mark.parametrize(
    ("verified", "name"), [(True, "comp:publisher"), (False, "comp:publisher:by-word-of-the-index")]
)
def test_a_publisher_stands_under_what_it_rests_on(*, verified: bool, name: str) -> None:
    (numpy,) = _written(replace(NUMPY, publisher="GitHub numpy/numpy", is_verified=verified))["components"]
    assert {"name": name, "value": "GitHub numpy/numpy"} in numpy["properties"]
