"""The Python distributions of an image, from their metadata (PyPA, "Recording installed projects"; PEP 770)."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit.oci.package_files import METADATA, SBOM
from toolkit.supply.licenses import python_licenses
from toolkit.supply.package import Ecosystem, EmbeddedSbom, Package

# The folder says it too, where the file does not (PyPA, "Recording installed projects").
_FOLDER = re.compile(r"(?:.*/)?([^/]+?)-([^/-]+)(?:-py3\.\d+)?\.(?:dist|egg)-info(?:/[^/]+)?")


def python_packages(files: Mapping[str, bytes]) -> Iterator[Package]:
    """Yield the distributions; `files` are those of the image by path."""
    embedded: dict[str, list[EmbeddedSbom]] = {}
    for path, data in sorted(files.items()):
        if match := SBOM.fullmatch(path):
            embedded.setdefault(match[1], []).append(EmbeddedSbom(path=path, data=data))
    found = [(path, parse_email(data)[0]) for path, data in sorted(files.items()) if METADATA.fullmatch(path)]
    named = [(path, metadata, _identity(path, metadata)) for path, metadata in found]
    present = {name for _, _, (name, _) in named}
    for path, metadata, (name, version) in named:
        if name and version:
            yield Package(
                ecosystem=Ecosystem.PYTHON,
                name=name,
                version=version,
                path=path,
                licenses=python_licenses(
                    metadata.get("license_expression", ""), metadata.get("classifiers", []), metadata.get("license", "")
                ),
                supplier=metadata.get("author") or metadata.get("author_email") or "",
                homepage=_homepage(metadata),
                requires=_requires(metadata, present),
                sboms=tuple(embedded.get(posixpath.dirname(path), ())),
            )


def _identity(path: str, metadata: RawMetadata) -> tuple[str, str]:
    """Return the normalised name and the version of a distribution; empty where neither file nor folder has them."""
    folder = _FOLDER.fullmatch(path)
    name, version = metadata.get("name") or "", metadata.get("version") or ""
    if folder and not (name and version):
        name, version = name or folder[1], version or folder[2]
    return str(canonicalize_name(name)), version


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
