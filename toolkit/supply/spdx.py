"""An image's SBOM as SPDX 2.3 JSON (ISO/IEC 5962:2021 and its successor), for those who ask for this format.

The library for SPDX takes twelve packages along to write a document of five tables; tests read ours with it.
"""

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from toolkit import __version__
from toolkit.supply.cyclonedx import NAMESPACE, moment_of
from toolkit.supply.licenses import spdx as normal
from toolkit.supply.package import Contents, Package, by_name, needed_by
from toolkit.supply.purl import package_url, subject_url
from toolkit.supply.subject import Subject

_NOT_KNOWN = "NOASSERTION"
_IMAGE = "SPDXRef-image"
_DOCUMENT = "SPDXRef-DOCUMENT"


def spdx_document(contents: Contents, subject: Subject) -> bytes:
    """Return the SBOM of an image as JSON; the same image gives the same bytes."""
    identifiers = {package.key: f"SPDXRef-{number}" for number, package in enumerate(contents.packages)}
    serial = uuid.uuid5(NAMESPACE, str(subject.digest))
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": subject.name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{_plain(subject.name)}-{serial}",
        "creationInfo": {
            "created": moment_of(subject.created).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": [f"Tool: comp-{__version__}"],
        },
        "packages": [
            _image(subject),
            *(_package(package, identifiers[package.key], contents) for package in contents.packages),
        ],
        "hasExtractedLicensingInfos": [*_named([*subject.licenses, *_all_licenses(contents.packages)])],
        "relationships": [*_relationships(contents.packages, identifiers)],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _image(subject: Subject) -> dict[str, Any]:
    """Return the image as a package."""
    return {
        "name": subject.name,
        "SPDXID": _IMAGE,
        "versionInfo": subject.version or str(subject.digest),
        "primaryPackagePurpose": "CONTAINER",
        "checksums": [{"algorithm": "SHA256", "checksumValue": subject.digest.hex}],
        **_rest(subject.licenses, subject_url(subject).to_string()),
    }


def _package(package: Package, identifier: str, contents: Contents) -> dict[str, Any]:
    """Return an installed package."""
    described: dict[str, Any] = {
        "name": package.name,
        "SPDXID": identifier,
        "versionInfo": package.version,
        "primaryPackagePurpose": "LIBRARY",
        **_rest(package.licenses, package_url(package, contents.system).to_string()),
    }
    if package.supplier:
        described["supplier"] = f"Organization: {' '.join(package.supplier.split())}"
    if package.homepage:
        described["homepage"] = package.homepage
    if package.publisher:
        rests = "a verified signature" if package.is_verified else "the word of the package index"
        described["comment"] = f"Published by {package.publisher}, by {rests}."
    if package.sha256:
        described["checksums"] = [{"algorithm": "SHA256", "checksumValue": package.sha256}]
    return described


def _rest(licenses: Sequence[str], purl: str) -> dict[str, Any]:
    """Return what the image and its packages both have."""
    return {
        "downloadLocation": _NOT_KNOWN,
        "filesAnalyzed": False,
        "copyrightText": _NOT_KNOWN,
        "licenseConcluded": _NOT_KNOWN,
        "licenseDeclared": _expression(licenses),
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl},
        ],
    }


def _expression(licenses: Sequence[str]) -> str:
    """Return all of a package's licenses in one expression; names that SPDX does not know are references."""
    parts = [normal(text) or _reference(text) for text in licenses]
    joined = [f"({part})" if " " in part and len(parts) > 1 else part for part in parts]
    return " AND ".join(joined) or _NOT_KNOWN


def _reference(name: str) -> str:
    """Return the identifier of a license that SPDX does not know (SPDX 2.3, section 10.1)."""
    return f"LicenseRef-{_plain(name)}"


def _plain(text: str) -> str:
    """Return a text with the characters that identifiers may have."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-") or "unnamed"


def _all_licenses(packages: Iterable[Package]) -> Iterator[str]:
    """Yield the licenses of packages."""
    for package in packages:
        yield from package.licenses


def _named(licenses: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the licenses that are references, once each."""
    references = {_reference(text): text for text in licenses if normal(text) is None}
    for identifier, text in sorted(references.items()):
        yield {"licenseId": identifier, "name": text, "extractedText": text}


def _relationships(
    packages: Sequence[Package], identifiers: dict[tuple[str, str, str], str]
) -> Iterator[dict[str, str]]:
    """Yield what the document describes, what the image contains, and what packages need."""
    yield _related(_DOCUMENT, "DESCRIBES", _IMAGE)
    named = by_name(packages)
    for package in packages:
        own = identifiers[package.key]
        yield _related(_IMAGE, "CONTAINS", own)
        for other in needed_by(package, named):
            yield _related(own, "DEPENDS_ON", identifiers[other.key])


def _related(one: str, how: str, other: str) -> dict[str, str]:
    """Return a relationship."""
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}
