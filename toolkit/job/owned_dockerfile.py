"""From a component to the Dockerfile that makes its image without comp, and to the files that it needs beside it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from msgspec.structs import replace
from packaging.utils import canonicalize_name
from packaging.version import Version

from toolkit.builders.advice import without_apt
from toolkit.builders.code import ANYWHERE, component_code
from toolkit.builders.ignore import NAME as IGNORE_FILE
from toolkit.builders.owned_dockerfile import OwnedImage, dockerfile_text
from toolkit.builders.plan import Installed, Plan
from toolkit.builders.planning import make_plan
from toolkit.config.project import Project, is_on_disk
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError, Location, UsageError
from toolkit.image_paths import APP, INTERFACE, LAUNCHER
from toolkit.job.bases import open_build_base
from toolkit.job.context import BuildContext
from toolkit.job.install import rebuild_lost
from toolkit.job.lock import locked_bases
from toolkit.job.resolve import indexes_of
from toolkit.python.target import Base
from toolkit.redaction import without_login
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin
from toolkit.requirements.pip_requirements import pip_requirements
from toolkit.scaffold.owned_files import OwnedFiles

log = logging.getLogger(__name__)

BESIDE = "docker"
RECORD = "comp-dockerfile.json"
# `--python`, which installs into an environment without pip, came with this version.
_PIP = Version("22.3")


def owned_files(project: Project, context: BuildContext, place: Path, *, locked: bool) -> OwnedFiles:
    """Return the Dockerfile for `place`, and what belongs beside it: all paths are from the component's folder.

    The lock is written if it is stale, with `locked` it has to be fresh. Raises UsageError for a place out of the
    folder, InputError for a base that a Dockerfile cannot name, and as `locked_bases` does.
    """
    if project.dockerfile and project.is_dockerfile_alone:
        raise InputError(
            f"{project.name} has a Dockerfile of its own, and no code from which one could be written",
            where=project.dockerfile.where,
            hint="for a Python component, write `entrypoint` or `command` beside it",
        )
    if project.dockerfile and project.dockerfile.context != project.folder:
        raise InputError(
            f"context is {project.dockerfile.context}, and what is written copies from the component's folder",
            where=project.dockerfile.where,
            hint="leave out `context`",
        )
    name = _below(project, place)
    bases, lock = locked_bases(project, context, locked=locked)
    for line in without_apt(bases[0].reference, bases[0].facts, project.system_packages):
        log.warning("%s", line)
    plan = _plan(project, bases, context)
    beside = str(PurePosixPath(name).parent / BESIDE)
    stage = open_build_base(project, bases[0], context)
    built = dict(_built(project, bases, lock, context))
    has_packages = any(lock.pins.values())
    pip = _pip_wheel(project, stage, context, beside) if has_packages and not _has_pip(stage) else None
    wheels = built | (dict([pip]) if pip else {})
    image = OwnedImage(
        base=_reference(project, bases[0]),
        stage_base=_reference(project, bases[0]) if stage is bases[0] else str(project.build_base),
        python=bases[0].facts.python,
        stage_python=stage.facts.python,
        beside=beside,
        code=tuple(_code(project)),
        command=plan.command,
        env=plan.env,
        labels=plan.labels,
        user=plan.user,
        packages=has_packages,
        wheels=bool(wheels),
        pip=pip[0] if pip else None,
        bytecode=project.bytecode,
        system_site_packages=project.system_site_packages,
        has_path=_has_path(bases[0]),
        system_packages=project.system_packages,
    )
    files = {name: dockerfile_text(image).encode(), **_program_files(plan, beside)}
    if has_packages:
        files[f"{beside}/requirements.txt"] = pip_requirements(lock, _index_lines(project, context.environ)).encode()
    files |= {f"{beside}/wheels/{wheel}": data for wheel, data in sorted(wheels.items())}
    record = f"{beside}/{RECORD}"
    owned = OwnedFiles(folder=project.folder, record=record, files=files)
    if not (project.folder / IGNORE_FILE).exists() or IGNORE_FILE in owned.recorded():
        files[IGNORE_FILE] = _ignored().encode()
    return owned


def _below(project: Project, place: Path) -> str:
    """Return the path of the Dockerfile from the component's folder, which is the context of its build."""
    whole = place.absolute().resolve()
    if not whole.is_relative_to(project.folder):
        raise UsageError(
            f"{place} is not in the component's folder, from which the Dockerfile copies",
            hint=f"name a file below {project.folder}",
        )
    return whole.relative_to(project.folder).as_posix()


def _plan(project: Project, bases: Sequence[Base], context: BuildContext) -> Plan:
    """Return the plan of the image without its packages; one Dockerfile is for all platforms, so they have to agree."""
    # The date of one build has no place in a file that is committed.
    environ = {name: value for name, value in context.environ.items() if name != "SOURCE_DATE_EPOCH"}
    code = component_code(project)
    plans = [make_plan(project, base, Installed(), environ=environ, code=code) for base in bases]
    first = plans[0]
    for plan, base in zip(plans, bases, strict=True):
        ours = (plan.command, plan.env, plan.user, base.facts.python)
        if ours != (first.command, first.env, first.user, bases[0].facts.python):
            raise InputError(
                f"the base {base.reference} differs between {first.platform} and {plan.platform} in its Python, its "
                "PATH or its user, and one Dockerfile is for both",
                where=Location(path=project.pyproject),
                hint="set `python` and `user` in [tool.comp], or name one platform",
            )
    common = set(first.labels.items()).intersection(*(plan.labels.items() for plan in plans))
    return replace(first, labels=dict(sorted(common)))


def _reference(project: Project, base: Base) -> str:
    """Return the base as `FROM` names it, by its digest."""
    if base.found is None or is_on_disk(base.reference):
        raise InputError(
            f"a Dockerfile cannot name the base {base.reference}, which lies on this disk",
            where=Location(path=project.pyproject),
            hint="push it to a distribution server, and name it there as `base` in [tool.comp]",
        )
    return str(base.found)


def _has_pip(stage: Base) -> bool:
    """Return whether a stage has a pip that can install into an environment without one."""
    return Version(stage.facts.packages.get("pip", "0")) >= _PIP


def _has_path(base: Base) -> bool:
    """Return whether the base sets PATH."""
    lines = (base.image.parsed_config().get("config") or {}).get("Env") or []
    return any(line.startswith("PATH=") for line in lines)


def _code(project: Project) -> Iterator[tuple[str, str]]:
    """Yield what is copied as code: `src`, or else each file and folder that belongs to it."""
    if project.source_folder != project.folder:
        yield f"{project.source_folder.relative_to(project.folder).as_posix()}/", ""
        return
    inner = (file.path.removeprefix(f"{APP}/").partition("/") for file in component_code(project).files)
    yield from ((f"{name}{slash}",) * 2 for name, slash in sorted({(name, slash) for name, slash, _ in inner}))


def _program_files(plan: Plan, beside: str) -> dict[str, bytes]:
    """Return the launcher and what it reads, as they are in comp's own images."""
    made = {file.path: file for layer in plan.layers for file in layer.entries(plan.facts.minor)}
    return {f"{beside}/{path.rpartition('/')[2]}": b"".join(made[path].chunks()) for path in (LAUNCHER, INTERFACE)}


def _built(project: Project, bases: Sequence[Base], lock: Lock, context: BuildContext) -> Iterator[tuple[str, bytes]]:
    """Yield the wheels that no index has: they were built here, or are required by an address."""
    rebuild_lost(project, lock, bases, context)
    found = {pin.filename: pin for pins in lock.pins.values() for pin in pins if pin.source}
    for pin in found.values():
        log.info("%s %s is on no index as a wheel: %s lies beside", pin.name, pin.version, pin.filename)
        yield pin.filename, context.cache.blob_path(pin.digest).read_bytes()


def _pip_wheel(project: Project, stage: Base, context: BuildContext, beside: str) -> tuple[str, bytes]:
    """Return pip's own wheel: the one that was written earlier, else the newest on the project's index."""
    earlier = OwnedFiles(folder=project.folder, record=f"{beside}/{RECORD}", files={})
    for path in earlier.recorded():
        name = path.rpartition("/")[2]
        if (
            name.endswith(".whl")
            and canonicalize_name(name.partition("-")[0]) == "pip"
            and (data := earlier.read(path))
        ):
            return name, data
    log.info("%s has no pip that fits: pip's own wheel lies beside the Dockerfile", stage.reference)
    return _newest_pip(project, stage, context)


def _newest_pip(project: Project, stage: Base, context: BuildContext) -> tuple[str, bytes]:
    """Return the newest wheel of pip on the project's index that runs on a stage."""
    from toolkit.requirements.fetch import fetch_wheels
    from toolkit.requirements.requirement_set import RequirementSet
    from toolkit.requirements.resolve import resolve

    indexes = indexes_of(project, context.environ)
    wanted = RequirementSet(requirements=(f"pip>={_PIP}",), target=stage.target, indexes=indexes)
    pins = [choice for choice in resolve(wanted, context.cache) if isinstance(choice, Pin)]
    (wheel,) = fetch_wheels(pins, stage.target, context.cache, context.report, indexes=indexes)
    return wheel.filename, wheel.path.read_bytes()


def _index_lines(project: Project, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the options for the indexes that the project names, without logins; the user's own are no part of it."""
    document = TomlDocument.read(project.pyproject)
    tables = (document.data.get("tool", {}).get("uv", {}).get("index") if document else None) or []
    for table in tables if isinstance(tables, list) else ():
        address = without_login(str(table.get("url", "")))
        if address.startswith(("https://", "http://")):
            flat = "--find-links" if table.get("format") == "flat" else "--extra-index-url"
            yield f"{'--index-url' if table.get('default') else flat} {address}"
    yield from (without_login(line) for line in indexes_of(project, environ).options)


def _ignored() -> str:
    """Return a `.dockerignore` that leaves out what comp leaves out of its own images."""
    lines = ["# Written by `comp dockerfile`, and yours to change.", *(f"**/{pattern}" for pattern in ANYWHERE)]
    return "\n".join((*lines, *_SECRETS)) + "\n"


# The commonest of those that comp looks for; hidden files are left out anyway.
_SECRETS = ("**/*.pem", "**/*.key", "**/*.p12", "**/id_rsa*", "**/id_ed25519*", "**/credentials.json")
