"""An image's SBOM as CycloneDX 1.7 (ECMA-424), by cyclonedx-python-lib.

The same image gives the same bytes: its time and its serial number are derived from the image.
"""

import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cyclonedx.exception import CycloneDxException
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot7
from packageurl import PackageURL

from toolkit import __version__
from toolkit.supply.licenses import spdx
from toolkit.supply.package import Contents, EmbeddedSbom, Package
from toolkit.supply.purl import package_url, subject_url
from toolkit.supply.subject import Subject

log = logging.getLogger(__name__)

# The names of properties; CycloneDX's registry of namespaces is for organisations, a plain prefix for all others.
_PATH, _EMBEDDED = "comp:path", "comp:embedded-sbom"
NAMESPACE = uuid.UUID("6f1d0f0e-5d7c-5b3c-9d0e-3a5c6a2b7e11")


def cyclonedx(contents: Contents, subject: Subject) -> bytes:
    """Return the SBOM of an image as JSON."""
    bom = Bom(
        serial_number=uuid.uuid5(NAMESPACE, str(subject.digest)),
        metadata=BomMetaData(
            component=_subject(subject),
            timestamp=moment_of(subject.created),
            tools=ToolRepository(components=[_tool()]),
        ),
    )
    components = {package.key: _component(package, contents) for package in contents.packages}
    bom.components.update(components.values())
    if contents.system.id:
        bom.components.add(_system(contents))
    if root := bom.metadata.component:
        bom.register_dependency(root, bom.components)
    for package in contents.packages:
        needed = [(package.ecosystem.value, name) for name in package.requires]
        bom.register_dependency(
            components[package.key], [other for key, other in components.items() if key[:2] in needed]
        )
    document = json.loads(JsonV1Dot7(bom).output_as_string())
    return (json.dumps(document, indent=2, sort_keys=False, ensure_ascii=False) + "\n").encode()


def _sha256(digits: str) -> HashType:
    """Return a hash."""
    return HashType(alg=HashAlgorithm.SHA_256, content=digits)


def _tool() -> Component:
    """Return the maker of the SBOM."""
    return Component(name="comp", version=__version__, type=ComponentType.APPLICATION, bom_ref="tool")


def _subject(subject: Subject) -> Component:
    """Return the component that the image is of."""
    return Component(
        type=ComponentType.CONTAINER,
        name=subject.name,
        version=subject.version or str(subject.digest),
        description=subject.description or None,
        bom_ref="image",
        purl=subject_url(subject),
        hashes=[_sha256(subject.digest.hex)],
        licenses=list(_licenses(subject.licenses)),
        external_references=list(_references(ExternalReferenceType.VCS, subject.source)),
    )


def _component(package: Package, contents: Contents) -> Component:
    """Return a package as a component, with the components of the SBOMs that it brings along."""
    purl = package_url(package, contents.system)
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=purl.to_string(),
        purl=purl,
        supplier=OrganizationalEntity(name=package.supplier) if package.supplier else None,
        hashes=[_sha256(package.sha256)] if package.sha256 else [],
        licenses=list(_licenses(package.licenses)),
        external_references=list(_references(ExternalReferenceType.WEBSITE, package.homepage)),
        properties=[
            Property(name=_PATH, value=f"/{package.path}"),
            *(Property(name=_EMBEDDED, value=f"/{sbom.path}") for sbom in package.sboms),
        ],
        components=[inner for sbom in package.sboms for inner in _embedded(sbom, purl.to_string())],
    )


def _licenses(texts: Sequence[str]) -> Iterator[License]:
    """Yield licenses, all of which apply: one expression if SPDX knows all of them, else each by itself."""
    normal = [spdx(text) for text in texts]
    known = [text for text in normal if text]
    if len(known) == len(texts) > 1:
        yield LicenseExpression(" AND ".join(f"({text})" if " " in text else text for text in known))
        return
    for written, text in zip(texts, normal, strict=True):
        # A list may have identifiers and names, and no expression beside them (CycloneDX 1.7, `licenses`).
        is_compound = text is not None and " " in text
        if text is None or (is_compound and len(texts) > 1):
            yield DisjunctiveLicense(name=text or written)
        else:
            yield LicenseExpression(text) if is_compound else DisjunctiveLicense(id=text)


def _references(kind: ExternalReferenceType, url: str) -> Iterator[ExternalReference]:
    """Yield a reference to an address on the web; others say nothing to readers."""
    try:
        is_web = urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return
    if is_web:
        yield ExternalReference(type=kind, url=XsUri(url))


def _system(contents: Contents) -> Component:
    """Return the operating system as a component."""
    system = contents.system
    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=system.id,
        version=system.version or None,
        description=system.title or None,
        bom_ref="os",
    )


def _embedded(sbom: EmbeddedSbom, owner: str) -> Iterator[Component]:
    """Yield the components of an SBOM inside of a wheel, CycloneDX or SPDX; a warning reports one that is neither."""
    try:
        document = json.loads(sbom.data)
        found = [*_of_cyclonedx(document)] if document.get("bomFormat") == "CycloneDX" else [*_of_spdx(document)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CycloneDxException) as error:
        log.warning("the SBOM /%s in the image cannot be read, and is only named: %s", sbom.path, error)
        return
    for number, component in enumerate(found):
        # References are unique in a document, and those of another one may be the same as ours.
        component.bom_ref.value = f"{owner}#{number}-{component.name}"
        component.components.clear()
        yield component


def _of_cyclonedx(document: Mapping[str, Any]) -> Iterator[Component]:
    """Yield the components of a CycloneDX document, nested ones too."""
    # The library checks no version, and warns of what it does not know.
    inner = Bom.from_json(data=document)  # type: ignore[attr-defined]
    waiting = list(inner.components)
    while waiting:
        component = waiting.pop(0)
        waiting += component.components
        yield component


def _of_spdx(document: Mapping[str, Any]) -> Iterator[Component]:
    """Yield the packages of an SPDX 2 document as components."""
    for package in document["packages"]:
        locators = [
            reference["referenceLocator"]
            for reference in package.get("externalRefs", ())
            if reference.get("referenceType") == "purl"
        ]
        stated = package.get("licenseConcluded") or package.get("licenseDeclared") or ""
        yield Component(
            name=str(package["name"]),
            version=package.get("versionInfo"),
            bom_ref=BomRef(),
            purl=PackageURL.from_string(locators[0]) if locators else None,
            licenses=list(_licenses([stated] if stated not in {"", "NOASSERTION", "NONE"} else [])),
        )


def moment_of(text: str) -> datetime:
    """Return the image's time; images that say none are of 1980, as comp's layers are."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
