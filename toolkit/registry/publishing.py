"""From a component folder to releases: one for each component of the image."""

import re
from datetime import UTC, datetime
from pathlib import Path

from toolkit.config import Entry, Project
from toolkit.errors import InputError, Location
from toolkit.findings import Severity
from toolkit.lint.linter import lint_contract
from toolkit.oci.digest import Digest
from toolkit.registry.directory import Directory
from toolkit.registry.names import Name, check_part
from toolkit.registry.release import Release, normalised
from toolkit.registry.semver import Version, parse_version
from toolkit.spec.pin import image_location
from toolkit.spec.reader import read_document

_PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")


def publish_project(
    project: Project, registry: Directory, *, namespace: str | None, published: datetime, by: str | None
) -> list[tuple[Release, bool]]:
    """Publish every component of a project; the flag says whether a release is new.

    Nothing is published unless every contract can be. Raises InputError for a contract with lint errors, an
    image that is not pinned, a version that is not SemVer or is taken, or a missing namespace.
    """
    namespace = namespace or project.namespace
    if namespace is None:
        raise InputError(
            "no namespace to publish in",
            where=Location(path=project.pyproject),
            hint='give --namespace, or set namespace = "…" in [tool.comp]',
        )
    check_part(namespace, "namespace")
    readme_path = project.folder / "README.md"
    readme = readme_path.read_bytes() if readme_path.is_file() else None
    prepared = [_release(project, entry, namespace, readme, published=published, by=by) for entry in project.entries]
    for release, _ in prepared:
        registry.check(release)
    return [(release, registry.publish(release, contract, readme)) for release, contract in prepared]


def _release(
    project: Project, entry: Entry, namespace: str, readme: bytes | None, *, published: datetime, by: str | None
) -> tuple[Release, bytes]:
    _check_findings(entry.contract)
    document = read_document(entry.contract)
    image = document.spec.container.image
    if not _PINNED.fullmatch(image):
        raise InputError(
            f"the image {image} is not pinned by digest",
            where=image_location(document.text, entry.contract),
            hint="`comp build --push` pins it",
        )
    contract = normalised(document.text.encode())
    release = Release(
        name=Name(namespace, check_part(entry.name, "component name")),
        version=_version(project),
        digest=Digest.of(contract),
        image=image,
        title=document.spec.name,
        description=document.spec.description,
        interface=document.spec.interface,
        published=published.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        by=by,
        readme=Digest.of(readme) if readme is not None else None,
    )
    return release, contract


def _version(project: Project) -> Version:
    where = Location(path=project.pyproject)
    try:
        version = parse_version(project.version)
    except InputError as error:
        raise InputError(error.message, where=where, hint=error.hint) from None
    if version.build:
        # Builds have no order, and two of one version would be two contents under one version.
        raise InputError(
            f"the version {version} has a build part, which does not order", where=where, hint=f"drop +{version.build}"
        )
    return version


def _check_findings(contract: Path) -> None:
    findings, _ = lint_contract(contract)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more errors)" if len(errors) > 1 else ""
        raise InputError(
            f"{errors[0].message} [{errors[0].rule}]{more}", where=errors[0].where, hint="`comp lint` shows them all"
        )
