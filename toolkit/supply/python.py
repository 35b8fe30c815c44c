"""The Python distributions of an image, from their metadata (PyPA, "Recording installed projects"; PEP 770)."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit.supply.licenses import python_licenses
from toolkit.supply.package import Ecosystem, EmbeddedSbom, Package

METADATA = re.compile(r"(?:.*/)?(?:[^/]+\.dist-info/METADATA|[^/]+\.egg-info/PKG-INFO|[^/]+\.egg-info)")
SBOM = re.compile(r"((?:.*/)?[^/]+\.dist-info)/sboms/.+")


def python_packages(files: Mapping[str, bytes]) -> Iterator[Package]:
    """Yield the distributions; `files` are those of the image by path."""
    embedded: dict[str, list[EmbeddedSbom]] = {}
    for path, data in sorted(files.items()):
        if match := SBOM.fullmatch(path):
            embedded.setdefault(match[1], []).append(EmbeddedSbom(path=path, data=data))
    found = [(path, parse_email(data)[0]) for path, data in sorted(files.items()) if METADATA.fullmatch(path)]
    present = {str(canonicalize_name(metadata["name"])) for _, metadata in found if metadata.get("name")}
    for path, metadata in found:
        if metadata.get("name") and metadata.get("version"):
            yield Package(
                ecosystem=Ecosystem.PYTHON,
                name=str(canonicalize_name(metadata["name"])),
                version=metadata["version"],
                path=path,
                licenses=python_licenses(
                    metadata.get("license_expression", ""), metadata.get("classifiers", []), metadata.get("license", "")
                ),
                supplier=metadata.get("author") or metadata.get("author_email") or "",
                homepage=_homepage(metadata),
                requires=_requires(metadata, present),
                sboms=tuple(embedded.get(posixpath.dirname(path), ())),
            )


def _requires(metadata: RawMetadata, present: set[str]) -> tuple[str, ...]:
    """Return the installed distributions that another one needs, without those that its extras need."""
    names: dict[str, None] = {}
    for line in metadata.get("requires_dist", []):
        try:
            requirement = Requirement(line)
            marker = str(requirement.marker or "")
        except (InvalidRequirement, RecursionError):
            continue
        name = str(canonicalize_name(requirement.name))
        if name in present and "extra" not in marker:
            names[name] = None
    return tuple(names)


def _homepage(metadata: RawMetadata) -> str:
    """Return the address of a distribution's home page."""
    urls = {label.lower().replace("-", ""): url for label, url in metadata.get("project_urls", {}).items()}
    return metadata.get("home_page") or next((urls[key] for key in ("homepage", "home", "source") if key in urls), "")
