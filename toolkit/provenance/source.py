"""The commit that a component is built from, and what differs from it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from toolkit.config.project import Project
from toolkit.config.settings import repository_defaults
from toolkit.config.toml import TomlDocument
from toolkit.errors import OutsideError, UsageError
from toolkit.git.repository import Repository
from toolkit.provenance.platform import BuildPlatform
from toolkit.provenance.predicate import MOST_CHANGED, Dependency, Provenance
from toolkit.registry.publishing.origin import DIRTY, Origin, origin_of
from toolkit.requirements.project_sources import local_projects, may_name_sources

_GIT = "git+"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def with_source(
    provenance: Provenance, project: Project, platform: BuildPlatform, environ: Mapping[str, str]
) -> Provenance:
    """Return the provenance with the commit that the folder is at now, and the platform that builds here.

    A component outside of a repository, or before its first commit, has no source. A warning names what differs.
    """
    origin = origin_of(project, environ, also=tuple(_read_elsewhere(project, environ)), what="the provenance")
    external = dict(provenance.external)
    if origin.path is not None:
        external["component"] = {**external["component"], "path": origin.path}
    source = _source(origin)
    return replace(
        provenance,
        external=external,
        dependencies=(*((source,) if source else ()), *provenance.dependencies),
        builder=platform.id,
        invocation=platform.invocation,
    )


def still_holds(old: Provenance, project: Project, environ: Mapping[str, str]) -> bool:
    """Return whether the source of earlier provenance is in the history of the folder's commit, without changes.

    Then the image need not be said to come from each later commit that makes the same one. A shallow clone may lack
    the earlier commit, which says nothing against it.
    """
    source = old.source
    commit = source.digest["gitCommit"] if source else ""
    if old.is_dirty or not is_commit(commit):
        return False
    try:
        repository = Repository.open(project.folder, environ)
        if repository.commit(commit) is None:
            return repository.is_shallow
        return repository.git.try_("merge-base", "--is-ancestor", commit, "HEAD").code == 0
    except (OutsideError, UsageError):
        return False


def is_commit(text: str) -> bool:
    """Return whether a text that others wrote is the name of a commit, of SHA-1 or SHA-256, and no option of git."""
    return bool(_COMMIT.fullmatch(text))


def _source(origin: Origin) -> Dependency | None:
    """Return the source; None without a commit."""
    if origin.revision is None:
        return None
    differs: dict[str, object] = {"changed": list(origin.changed[:MOST_CHANGED])} if origin.changed else {}
    return Dependency(
        name="source",
        uri=git_url(origin.source) if origin.source else "",
        digest={"gitCommit": origin.revision.removesuffix(DIRTY)},
        annotations={"dirty": bool(origin.changed), **differs},
    )


def git_url(address: str) -> str:
    """Return a repository's address as SLSA's examples write it: `git+https://host/path`."""
    scheme, separator, _ = address.partition("://")
    if separator:
        return address if scheme.startswith(_GIT) else f"{_GIT}{address}"
    # `git@host:path`.
    host, _, path = address.partition(":")
    return f"{_GIT}ssh://{host}/{path}"


def _read_elsewhere(project: Project, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield what a build reads outside of the component's folder: settings above it, its lock, required projects."""
    yield project.pyproject
    own = TomlDocument.read(project.folder / "pyproject.toml")
    if own and (defaults := repository_defaults(own)):
        yield defaults.path
    if project.dockerfile:
        yield from (project.dockerfile.path, project.dockerfile.context)
    if project.shared_lock:
        yield project.shared_lock
    if project.requirements:
        yield project.requirements
    if may_name_sources(project):
        yield from local_projects(project.pyproject, project.dependencies, environ).values()
