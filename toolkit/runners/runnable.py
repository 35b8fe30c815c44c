"""A component that is ready to run: with a runner, and with the image or the environment that it runs in."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from toolkit.config.project import EntryPoint, Project
from toolkit.declared.model import Resources
from toolkit.errors import OutsideError, UsageError
from toolkit.job import last_base
from toolkit.job.context import BuildContext
from toolkit.job.project import checked_project
from toolkit.oci.descriptor import host_platform
from toolkit.runners.on_cluster import OnCluster
from toolkit.runners.protocol import Runner
from toolkit.runners.surroundings import RESTRICTED_HINT
from toolkit.spec.declared import declared_of
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import read_component

if TYPE_CHECKING:
    from toolkit.python.target import Base
    from toolkit.requirements.lock import Lock
    from toolkit.runners.buildah import BuildahRunner
    from toolkit.runners.docker import DockerRunner

log = logging.getLogger(__name__)

RUNNERS = ("docker", "buildah", "process", "argo")
# Those of a cluster, which has the secrets itself.
RUNNERS_WITH_SECRETS = frozenset({"argo"})


class Unbuilt(Struct, frozen=True, kw_only=True):
    """A component to run, whose inputs can be checked before anything is built.

    `path` and `image` are those of its contract. `project` is None if there is only a contract.
    """

    name: str
    spec: ComponentSpec
    path: Path
    image: str
    project: Project | None


class Runnable(Struct, frozen=True, kw_only=True):
    """A component, its runner, and the image that the runner takes; empty for a process. `environ` is the user's.

    `hint` says what a failing component lacks in the surroundings that were asked for; None if it lacks nothing.
    """

    name: str
    spec: ComponentSpec
    image: str
    runner: Runner
    environ: Mapping[str, str]
    hint: str | None = None


def find_component(path: Path, context: BuildContext, *, name: str | None = None, base: str | None = None) -> Unbuilt:
    """Read a component folder, of whose components `name` chooses one, or a contract.

    Without `base` a folder will be built on the base that its last build was made on, else on that of its settings.
    Raises InputError for a component that runs nowhere, UsageError for a name or a base that it cannot have.
    """
    if path.is_file():
        if base:
            raise UsageError(
                f"--base does not go with a contract, and {path} is one",
                hint="leave it out to run the image that the contract names, or name the component's folder",
            )
        return _unbuilt(path, name=None, project=None)
    if not base and (base := last_base.recall(path, host_platform(), context.cache)):
        log.info("on the base %s, as the last build", base)
    project = checked_project(path, overrides={"base": base} if base else {}, environ=context.environ)
    entry = _entry(project, name)
    return _unbuilt(entry.contract, name=entry.name, project=project)


def open_runnable(
    component: Unbuilt,
    context: BuildContext,
    *,
    runner: str | None = None,
    restricted: bool = False,
    on_cluster: OnCluster | None = None,
) -> Runnable:
    """Build the code of a component's project, or take the image that its contract names.

    Without `runner` the first that works is taken: docker, buildah, and process unless the run is to be `restricted`.
    `on_cluster` is for the runner argo alone. Raises UsageError and OutsideError for a contract without an engine to
    run its image, and for a restricted run without one; InputError for an image that no cluster can pull.
    """
    chosen = runner or first_working(context)
    if restricted:
        _check_restricted(chosen, named=runner is not None)
    project = component.project
    if project is None:
        _check_engine(component.path, chosen, named=runner is not None)
    if chosen in {"buildah", "process"} and declared_of(component.spec).resources != Resources():
        log.info("%s keeps no limits: %s may use what this machine has", chosen, component.name)
    ready: Runner
    if chosen == "argo":
        image, ready = _on_cluster(component, context, on_cluster or OnCluster())
    elif project and chosen == "process":
        _check_process(project, named=runner is not None)
        image, ready = "", _process(project, context)
    else:
        ready = engine = engine_of(chosen, context, restricted=restricted)
        image = _local_image(project, engine, context) if project else component.image
    return Runnable(
        name=component.name,
        spec=component.spec,
        image=image,
        runner=ready,
        environ=context.environ,
        hint=RESTRICTED_HINT if restricted else None,
    )


def _unbuilt(contract: Path, *, name: str | None, project: Project | None) -> Unbuilt:
    """Read a contract. Raises InputError for a graph and for one without an implementation, which run nowhere."""
    spec = read_component(contract)
    return Unbuilt(name=name or spec.name, spec=spec, path=contract, image=spec.container.image, project=project)


def _check_restricted(chosen: str, *, named: bool) -> None:
    """Raise UsageError or OutsideError for a restricted run without a container."""
    if chosen in {"docker", "buildah"}:
        return
    if named:
        raise UsageError(
            f"--restricted needs a container, and the runner {chosen} makes none on this machine",
            hint="use --runner docker or --runner buildah",
        )
    raise OutsideError(
        "--restricted needs a container, and neither docker nor buildah works here",
        hint="start docker, or apt-get install buildah",
    )


def _check_engine(contract: Path, chosen: str, *, named: bool) -> None:
    """Raise UsageError or OutsideError if a contract, which has no code, would run as a process."""
    if chosen != "process":
        return
    # A runner that the user named is a mistake of the command line; a missing engine is one of this machine.
    if named:
        raise UsageError(
            "a contract alone cannot run as a process", hint="give the component's folder, or another --runner"
        )
    raise OutsideError(
        f"neither docker nor buildah works here, and {contract} is a contract without its code",
        hint="start docker, or apt-get install buildah",
    )


def _check_process(project: Project, *, named: bool) -> None:
    """Raise UsageError or OutsideError for a component with a Dockerfile, whose programs are in its image alone."""
    if not project.is_dockerfile_alone:
        return
    what = f"{project.name} has a Dockerfile, and what it installs is in its image alone"
    if named:
        raise UsageError(f"{what}: it cannot run as a process", hint="use --runner docker or --runner buildah")
    raise OutsideError(
        f"{what}; neither docker nor buildah works here", hint="start docker, or apt-get install buildah"
    )


def _entry(project: Project, name: str | None) -> EntryPoint:
    """Return the component with this name, or else the main one."""
    for entry in project.entries:
        if name in {None, entry.name}:
            return entry
    raise UsageError(
        f"{project.folder} has no component {name!r}",
        hint=f"it has: {', '.join(entry.name for entry in project.entries)}",
    )


def first_working(context: BuildContext) -> str:
    """Return the name of the first runner that works; a process always does."""
    return next((name for name in ("docker", "buildah") if engine_of(name, context).available()), "process")


def engine_of(name: str, context: BuildContext, *, restricted: bool = False) -> "DockerRunner | BuildahRunner":
    """Return the runner of an engine."""
    if name == "docker":
        from toolkit.runners.docker import DockerRunner

        return DockerRunner(context.environ, restricted=restricted)
    from toolkit.engines.buildah import Buildah
    from toolkit.runners.buildah import BuildahRunner

    return BuildahRunner(Buildah.of(context.environ, context.cache), restricted=restricted)


def _on_cluster(component: Unbuilt, context: BuildContext, on_cluster: OnCluster) -> tuple[str, Runner]:
    """Return the image that a cluster pulls, and the runner on it."""
    from toolkit.config.argo import argo_settings_beside
    from toolkit.runners.argo import ArgoRunner
    from toolkit.runners.pushed import pushed_image

    runner = ArgoRunner(on_cluster, argo_settings_beside(component.path), context.environ)
    # A cluster that does not answer must not cost a build.
    runner.check()
    return pushed_image(component.spec, component.path, component.project, context), runner


def _process(project: Project, context: BuildContext) -> Runner:
    """Return the runner of plain processes."""
    from toolkit.builders.planning import code_layer
    from toolkit.job.lock import empty_lock
    from toolkit.job.resolve import indexes_of
    from toolkit.runners.process import ProcessRunner

    lock = _lock_to_run(project, context) if project.dependencies or project.requirements else empty_lock(project)
    environ = context.environ
    files = code_layer(project, environ).files
    return ProcessRunner(files, lock, context.cache, indexes_of(project, environ), environ)


def _lock_to_run(project: Project, context: BuildContext) -> "Lock":
    """Return the lock whose pins run on this machine: verified, and with the wheels that were built here at hand.

    A process needs no base. If the base cannot be had, a fresh lock is taken as it is, with a warning.
    """
    from toolkit.job.install import rebuild_lost
    from toolkit.job.lock import existing_lock, has_built, is_fresh, locked_bases

    opened: list[Base] = []
    try:
        bases, lock = locked_bases(project, context, on_open=opened.extend)
    except OutsideError as error:
        old = existing_lock(project)
        # The base was opened, so the failure has another reason than the base.
        if opened or old is None or has_built(old) or not is_fresh(project, old, old.python, context.environ):
            raise
        log.warning("%s is not compared with the requirements: %s", project.lock_file.name, error.message)
        return old
    rebuild_lost(project, lock, bases, context)
    return lock


def _local_image(project: Project, engine: "DockerRunner | BuildahRunner", context: BuildContext) -> str:
    """Build the code as it is now, and hand the image to the engine; return the name that the engine knows it by."""
    from toolkit.job.bases import platforms_of
    from toolkit.job.image import build_image
    from toolkit.job.output import write_image

    # An engine that does not work must not cost a build.
    engine.check()
    here = host_platform()
    # Only for this machine, if that is among the platforms; else an engine may emulate the first.
    _, built = build_image(project, context, only=here if here in platforms_of(project) else None)
    image = built.images[0]
    if engine.name == "docker":
        from toolkit.engines.docker import connect, load_image

        # Without a name: the engine returns an id, and no tag of the user's moves.
        return load_image(connect(context.environ), image, names=[])
    # By digest, so that an image that was written once is run again without writing it.
    layout = context.cache.root / "layouts" / image.digest.hex
    if not (context.cache.use(layout) and (layout / "index.json").is_file()):
        write_image(project, image, f"layout:{layout}", context.environ)
    return f"oci:{layout}"
