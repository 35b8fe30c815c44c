"""Publish a component folder: one release for each component of the image."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from toolkit.config.project import EntryPoint, Project
from toolkit.digest import Digest
from toolkit.errors import InputError, Location, Severity
from toolkit.lint.linter import lint_contract
from toolkit.lint.selection import selection_of
from toolkit.lint.versions import version_finding
from toolkit.registry.finding import check_taken
from toolkit.registry.names import Name, check_part
from toolkit.registry.protocol import Registry, WritableRegistry
from toolkit.registry.release import CONTRACT, README, Release, ReleaseFile
from toolkit.registry.semver import Version, parse_version
from toolkit.spec.pin import image_location
from toolkit.spec.reader import ComponentDocument, read_document
from toolkit.spec.schema_header import normalised

_PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")


# Raises InputError for a release that may not follow the earlier ones of its component.
Accept = Callable[[Registry, Release, ComponentDocument], None]


def publish_project(
    project: Project,
    opened: Callable[[], WritableRegistry],
    *,
    namespace: str | None,
    published: datetime,
    by: str | None,
    accept: Accept | None = None,
) -> list[tuple[Release, bool]]:
    """Publish every component of a project; return each release, and whether it is new.

    `opened` opens the registry, or makes it. Nothing is published, and no registry is made, unless every contract can
    be published. Raises InputError for a contract with lint errors, an image that is not pinned, a version that is not
    SemVer or is taken, a missing namespace, and as `accept` does.
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
    # Only now, so that a project with faults leaves no empty registry behind.
    registry = opened()
    # All are checked before the first is published, since a release cannot be taken back.
    for release, document in prepared:
        check_taken(registry, release)
        if accept:
            accept(registry, release, document)
    return [(release, registry.publish(release, _contents(document, readme))) for release, document in prepared]


def _release(
    project: Project, entry: EntryPoint, namespace: str, readme: bytes | None, *, published: datetime, by: str | None
) -> tuple[Release, ComponentDocument]:
    """Return the release of one component, and its contract."""
    # A release cannot be mended, so its contract has to be without errors.
    _check_findings(entry.contract)
    document = read_document(entry.contract)
    if finding := version_finding(document, project, generated=entry.entrypoint is not None):
        raise InputError(f"{finding.message} [{finding.rule}]", where=finding.where, hint=finding.help)
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
        files=(ReleaseFile(path=README, digest=Digest.of(readme), size=len(readme)),) if readme is not None else (),
    )
    return release, document


def _contents(document: ComponentDocument, readme: bytes | None) -> dict[str, bytes]:
    """Return the contents of a release's files."""
    contract = {CONTRACT: normalised(document.text.encode())}
    return contract if readme is None else contract | {README: readme}


def _version(project: Project) -> Version:
    """Return the project's version. Raises InputError unless it is a semantic version without a build part."""
    where = Location(path=project.pyproject)
    try:
        version = parse_version(project.version)
    except InputError as error:
        raise InputError(error.message, where=where, hint=error.hint) from None
    if version.build:
        # SemVer ignores builds in its order, so two builds of a version would be two contents of one version.
        raise InputError(
            f"the version {version} has a build part, which has no order", where=where, hint=f"drop +{version.build}"
        )
    return version


def _check_findings(contract: Path) -> None:
    """Raise InputError with the first error that the linter finds."""
    # The same settings as those of `comp lint`, so that what it accepts can be published.
    findings, _ = lint_contract(contract, selection_of(contract.parent))
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more errors)" if len(errors) > 1 else ""
        raise InputError(
            f"{errors[0].message} [{errors[0].rule}]{more}", where=errors[0].where, hint="`comp lint` shows them all"
        )
