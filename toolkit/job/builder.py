"""The builder of a build: the one that was named, else the embedded one where it can, else an engine that works."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from toolkit.config.project import Project
from toolkit.errors import OutsideError, UsageError
from toolkit.job.context import BuildContext

if TYPE_CHECKING:
    from toolkit.builders.protocol import Builder

log = logging.getLogger(__name__)

AUTO = "auto"
BUILDERS = (AUTO, "oci", "docker", "buildah")
VARIABLE = "COMP_BUILDER"
# Seconds that a daemon has to answer: one that hangs does not keep a build from another engine.
_PATIENCE = 5


def named_builder(name: str, environ: Mapping[str, str]) -> str:
    """Return the name of a builder or `auto`: that of the request, else that of COMP_BUILDER. Raises UsageError."""
    if name != AUTO:
        return name
    named = environ.get(VARIABLE) or AUTO
    if named not in BUILDERS:
        raise UsageError(f"{VARIABLE} is {named}, which is not a builder", hint=f"one of {', '.join(BUILDERS)}")
    return named


def is_embedded(name: str, project: Project, environ: Mapping[str, str]) -> bool:
    """Return whether the embedded builder builds a component, so that equal inputs give equal images."""
    named = named_builder(name, environ)
    return named == "oci" or (named == AUTO and project.dockerfile is None)


def choose_builder(name: str, project: Project, context: BuildContext) -> "Builder":
    """Return the builder of a component: `oci`, `docker` or `buildah`; for `auto` the first that can and works.

    Raises OutsideError for a component that needs an engine, where none works.
    """
    named = named_builder(name, context.environ)
    if named != AUTO:
        return _builder(named, context)
    if project.dockerfile is None:
        # As usual, so this is no news.
        log.debug("the builder is oci, which needs no engine for %s", project.name)
        return _builder("oci", context)
    # Once: the provenance of a build names the same one, and the user reads it once.
    return _builder(context.shared.get(("engine", project.folder), lambda: _announced(project, context)), context)


def _announced(project: Project, context: BuildContext) -> str:
    """Return the engine that works here for a component, and say so."""
    engine, why = _working_engine(context)
    log.info("the builder is %s: %s has a Dockerfile, which oci does not build%s", engine, project.name, why)
    return engine


def _builder(name: str, context: BuildContext) -> "Builder":
    """Return the builder with this name."""
    if name == "docker":
        # Engines' modules are heavy, and most builds need none.
        from toolkit.builders.docker import DockerBuilder

        return DockerBuilder(context.cache, context.environ)
    if name == "buildah":
        from toolkit.builders.buildah import BuildahBuilder
        from toolkit.engines.buildah import Buildah

        return BuildahBuilder(context.cache, Buildah.of(context.environ, context.cache))
    from toolkit.builders.embedded import EmbeddedBuilder

    return EmbeddedBuilder(context.cache)


def _working_engine(context: BuildContext) -> tuple[str, str]:
    """Return the engine that works here, and why it is not the usual one: docker with BuildKit, buildah, plain docker.

    Raises OutsideError with the reasons of both if none works.
    """
    from toolkit.engines import docker
    from toolkit.engines.buildah import Buildah
    from toolkit.engines.buildkit import find_buildkit

    buildah = Buildah.of(context.environ, context.cache)
    try:
        docker.connect(context.environ, timeout=_PATIENCE)
    except OutsideError as error:
        if buildah.version() is None:
            raise OutsideError(
                f"a Dockerfile is built by docker or buildah, and neither works here: {error.message};"
                " buildah is not installed",
                hint="start docker, or apt-get install buildah",
            ) from error
        return "buildah", f"; {error.message}"
    if find_buildkit(context.environ) is None and buildah.version() is not None:
        # Without BuildKit docker gives no secrets and no certificates to steps.
        return "buildah", "; docker's program here has no BuildKit"
    return "docker", ""
