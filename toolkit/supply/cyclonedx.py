"""An image's SBOM as CycloneDX 1.7 (ECMA-424), by cyclonedx-python-lib.

The same image gives the same bytes: its time and its serial number are derived from the image.
"""

import itertools
import json
import logging
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cyclonedx.exception import CycloneDxException
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot7
from packageurl import PackageURL

from toolkit import __version__
from toolkit.errors import InputError
from toolkit.limits import EMBEDDED_COMPONENTS, EMBEDDED_SBOM_SIZE
from toolkit.supply.licenses import spdx
from toolkit.supply.package import Contents, Package, by_name, needed_by
from toolkit.supply.purl import package_url, subject_url
from toolkit.supply.subject import Subject

log = logging.getLogger(__name__)

# The names of properties; CycloneDX's registry of namespaces is for organisations, a plain prefix for all others.
_PATH, _EMBEDDED = "comp:path", "comp:embedded-sbom"
_PUBLISHER, _UNVERIFIED = "comp:publisher", "comp:publisher:by-word-of-the-index"
# What reading and writing foreign documents raises.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, CycloneDxException)
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
    embedded = _all_embedded(contents.packages)
    components = {package.key: _component(package, contents, embedded) for package in contents.packages}
    bom.components.update(components.values())
    if contents.system.id:
        bom.components.add(_system(contents))
    bom.dependencies.update(_dependencies(bom, contents.packages, components))
    document = json.loads(JsonV1Dot7(bom).output_as_string())
    return (json.dumps(document, indent=2, sort_keys=False, ensure_ascii=False) + "\n").encode()


def _dependencies(
    bom: Bom, packages: Sequence[Package], components: Mapping[tuple[str, str, str], Component]
) -> Iterator[Dependency]:
    """Yield what the image has, and what each of its packages needs."""
    # The library's own way looks at all dependencies for each one.
    if root := bom.metadata.component:
        yield Dependency(root.bom_ref, (Dependency(each.bom_ref) for each in bom.components))
    named = by_name(packages)
    for package in packages:
        needed = (components[other.key] for other in needed_by(package, named))
        yield Dependency(components[package.key].bom_ref, (Dependency(each.bom_ref) for each in needed))


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


def _component(package: Package, contents: Contents, embedded: Mapping[str, Sequence[Component]]) -> Component:
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
            *_publishers(package),
        ],
        components=[inner for sbom in package.sboms for inner in _owned(embedded.get(sbom.path, ()), purl.to_string())],
    )


def _publishers(package: Package) -> Iterator[Property]:
    """Yield who uploaded a package's wheel, under a name that says whether a signature was verified.

    CycloneDX's own `publisher` would not say what it rests on.
    """
    if package.publisher:
        yield Property(name=_PUBLISHER if package.is_verified else _UNVERIFIED, value=package.publisher)


def _licenses(texts: Sequence[str]) -> Iterator[License]:
    """Yield licenses that all apply: one expression if SPDX knows all of them, else each by itself."""
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


def _all_embedded(packages: Iterable[Package]) -> Mapping[str, Sequence[Component]]:
    """Return the components of the SBOMs inside of wheels, by the path of each SBOM.

    A warning reports one that cannot be read, or that has more than the limit leaves for it.
    """
    embedded: dict[str, Sequence[Component]] = {}
    left = EMBEDDED_COMPONENTS.value
    for sbom in (sbom for package in packages for sbom in package.sboms):
        try:
            found = _components_of(sbom.data, left)
        except (*_UNREADABLE, InputError) as error:
            log.warning("the SBOM /%s in the image cannot be read, and is only named: %s", sbom.path, error)
        else:
            embedded[sbom.path] = found
            left -= len(found)
    return embedded


def _components_of(data: bytes, most: int) -> list[Component]:
    """Return the components of an SBOM, CycloneDX or SPDX. Raises InputError for more than `most`, and _UNREADABLE."""
    EMBEDDED_SBOM_SIZE.check(len(data), "it")
    document = json.loads(data)
    # JSON may hold lone surrogates, which cannot be written.
    json.dumps(document, ensure_ascii=False).encode()
    found = _of_cyclonedx(document) if document.get("bomFormat") == "CycloneDX" else _of_spdx(document)
    taken = list(itertools.islice(found, most + 1))
    if len(taken) > most:
        raise EMBEDDED_COMPONENTS.exceeded("the number of components in all SBOMs")
    # The library takes much that it cannot write, and one SBOM would be the end of the whole document.
    owner = Component(name="trial", components=taken)
    JsonV1Dot7(Bom(components=[owner])).output_as_string()
    return taken


def _owned(components: Sequence[Component], owner: str) -> Iterator[Component]:
    """Yield components with references of their own."""
    for number, component in enumerate(components):
        # References are unique in a document, and those of another one may be the same as ours.
        component.bom_ref.value = f"{owner}#{number}-{component.name}"
        yield component


def _of_cyclonedx(document: Mapping[str, Any]) -> Iterator[Component]:
    """Yield the components of a CycloneDX document, nested ones too."""
    # The library checks no version, and warns of what it does not know.
    inner = Bom.from_json(data=document)  # type: ignore[attr-defined]
    waiting = deque(inner.components)
    while waiting:
        component = waiting.popleft()
        waiting += component.components
        component.components.clear()
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
