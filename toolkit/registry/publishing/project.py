"""Publish a component folder: one release for each component of the image."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from toolkit.config.project import EntryPoint, Project
from toolkit.errors import InputError, Location
from toolkit.lint.linter import lint_contract
from toolkit.lint.selection import selection_of
from toolkit.lint.versions import version_finding
from toolkit.registry.finding import check_taken
from toolkit.registry.names import Name, check_part
from toolkit.registry.protocol import Registry, WritableRegistry
from toolkit.registry.publishing.candidate import About, Candidate, candidate_of, check_findings, check_pinned
from toolkit.registry.publishing.origin import origin_of
from toolkit.registry.publishing.problems import Problems
from toolkit.registry.publishing.release_files import read_release_files
from toolkit.registry.release import Release
from toolkit.registry.semver import Version, parse_version
from toolkit.spec.reader import ComponentDocument, read_document

# Raises InputError for a release that may not follow the earlier ones of its component.
Accept = Callable[[Registry, Release, ComponentDocument], None]
# Raises CompError for a release that cannot be published for another reason, such as an image that is not there.
Check = Callable[[Candidate], None]


def candidates_of(
    project: Project,
    *,
    namespace: str | None,
    published: datetime,
    by: str | None,
    environ: Mapping[str, str],
    pinned_later: bool = False,
) -> list[Candidate]:
    """Return the release of every component of a project.

    With `pinned_later` an image may have no digest yet: a build will pin it. Raises InputError for a contract with lint
    errors, an image that is not pinned, a version that is not SemVer, a missing namespace, and files that a release
    cannot take.
    """
    problems = Problems()
    chosen = problems.collect(lambda: _namespace(project, namespace))
    version = problems.collect(lambda: _version(project))
    documents = [
        problems.collect(partial(_document, project, entry, pinned_later=pinned_later)) for entry in project.entries
    ]
    metadata = project.pyproject.parent
    files = problems.collect(lambda: read_release_files(project.folder, environ, metadata=metadata))
    problems.check_none()
    origin = origin_of(project, environ)
    about = About(
        published=published,
        by=by,
        licenses=project.license,
        authors=project.authors,
        tags=project.keywords,
        source=origin.source,
        revision=origin.revision,
        platforms=project.platforms,
        files=files,
    )
    return [
        candidate_of(Name(chosen, check_part(entry.name, "component name")), version, document, about)
        for entry, document in zip(project.entries, documents, strict=True)
    ]


def published_now(environ: Mapping[str, str]) -> datetime:
    """Return SOURCE_DATE_EPOCH, for records that can be reproduced, or now."""
    text = environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"SOURCE_DATE_EPOCH is {text!r}, expected seconds since 1970") from error


def check_candidates(
    registry: Registry, candidates: Sequence[Candidate], accept: Accept | None, problems: Problems | None = None
) -> None:
    """Check releases against those that a registry has: all of them before the first, since none can be taken back.

    `problems` are those found before. Raises InputError for them, for a version that is taken, and as `accept` does.
    """
    problems = problems or Problems()

    def check(candidate: Candidate) -> None:
        """Check one release; a version that is taken is compared with no other."""
        check_taken(registry, candidate.release)
        if accept:
            accept(registry, candidate.release, candidate.document)

    for candidate in candidates:
        problems.collect(partial(check, candidate))
    problems.check_none()


def publish_candidates(registry: WritableRegistry, candidates: Sequence[Candidate]) -> list[tuple[Release, bool]]:
    """Publish releases, and return each with whether it is new."""
    return [(each.release, registry.publish(each.release, each.contents)) for each in candidates]


def _namespace(project: Project, namespace: str | None) -> str:
    """Return the namespace that is given, or that of the settings. Raises InputError without a valid one."""
    chosen = namespace or project.namespace
    if chosen is None:
        raise InputError(
            "no namespace to publish in",
            where=Location(path=project.pyproject),
            hint='give --namespace, or set namespace = "…" in [tool.comp]',
        )
    return check_part(chosen, "namespace")


def _document(project: Project, entry: EntryPoint, *, pinned_later: bool) -> ComponentDocument:
    """Return the contract of one component, which can be published."""
    _check_contract(entry.contract)
    document = read_document(entry.contract)
    if finding := version_finding(document, project, generated=entry.entrypoint is not None):
        raise InputError(f"{finding.message} [{finding.rule}]", where=finding.where, hint=finding.help)
    if not pinned_later:
        check_pinned(document, "--build builds, pushes and pins it first, as `comp build --push` does")
    return document


def _version(project: Project) -> Version:
    """Return the project's version. Raises InputError unless it is a semantic version without a build part."""
    where = Location(path=project.pyproject)
    try:
        version = parse_version(project.version)
    except InputError as error:
        raise InputError(error.message, where=where, hint=error.hint) from None
    return without_build(version, where)


def without_build(version: Version, where: Location | None = None) -> Version:
    """Return a version. Raises InputError if it has a build part."""
    if version.build:
        # SemVer ignores builds in its order, so two builds of a version would be two contents of one version.
        raise InputError(
            f"the version {version} has a build part, which has no order", where=where, hint=f"drop +{version.build}"
        )
    return version


def _check_contract(contract: Path) -> None:
    """Raise InputError with the first error that the linter finds."""
    # The same settings as those of `comp lint`, so that what it accepts can be published.
    check_findings(lint_contract(contract, selection_of(contract.parent))[0])
