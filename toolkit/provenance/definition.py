"""The provenance of a build, from its settings, its plans and its lock: the same build gives the same bytes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packageurl import PackageURL
from packaging.utils import parse_wheel_filename

from toolkit import __version__
from toolkit.builders.plan import Plan, WheelsLayer
from toolkit.config.project import Project, is_on_disk
from toolkit.digest import Digest
from toolkit.launcher import LAUNCHER_VERSION
from toolkit.launcher import source as launcher_source
from toolkit.oci.deflate import ENCODER_VERSION
from toolkit.oci.reference import parse_reference
from toolkit.oci.tar import LAYOUT_VERSION
from toolkit.provenance.dockerfile import dockerfile_parameters, images_of
from toolkit.provenance.platform import LOCAL
from toolkit.provenance.predicate import BUILD_TYPE, Dependency, Provenance
from toolkit.redaction import hide_in_data, without_login
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Source
from toolkit.requirements.uv_settings import read_uv_settings
from toolkit.wheels.bytecode.choosing import BYTECODE_VERSION

# What decides an image's bytes beside its inputs (docs/ARCHITECTURE.md, "What decides an image's bytes").
FORMATS = {
    "layout": LAYOUT_VERSION,
    "encoder": ENCODER_VERSION,
    "bytecode": BYTECODE_VERSION,
    "launcher": LAUNCHER_VERSION,
}
EPOCH = "SOURCE_DATE_EPOCH"


def make_provenance(
    project: Project, plans: Sequence[Plan], lock: Lock | None, environ: Mapping[str, str], *, builder: str
) -> Provenance:
    """Return the provenance of a build from its plans, as `builder` followed them: still without source and platform.

    The lock says from what source wheels were built.
    """
    return Provenance(
        build_type=BUILD_TYPE,
        external=_external(project, environ),
        internal={"builder": builder, "formats": dict(FORMATS)},
        dependencies=_dependencies(project, plans, lock, environ),
        # Who builds is known when it is attached.
        builder=LOCAL,
        versions={"comp": __version__},
    )


def _dependencies(
    project: Project, plans: Sequence[Plan], lock: Lock | None, environ: Mapping[str, str]
) -> tuple[Dependency, ...]:
    """Return what a build takes from elsewhere; a Dockerfile's steps may take more, which only they know."""
    if project.dockerfile:
        # A Dockerfile of `comp dockerfile` installs from the lock.
        return (*images_of(project.dockerfile, environ), *(() if project.is_dockerfile_alone else _locked(lock)))
    return (*map(_base, plans), *_system_packages(plans), _launcher(), *_wheels(plans, lock))


def _external(project: Project, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what can be set from outside of the commit, as it was in force; what is not set is left out."""
    common = {
        "component": {"name": project.name, "version": project.version},
        "platforms": list(project.platforms),
        "sourceDateEpoch": environ.get(EPOCH) or None,
    }
    values = common | (
        dockerfile_parameters(project.folder, project.dockerfile, environ)
        if project.dockerfile
        else _settings(project, environ)
    )
    return {key: _clean(value) for key, value in values.items() if value is not None}


def _settings(project: Project, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of an image that comp lays out itself."""
    base = project.base
    return {
        # The path of a file means nothing on another machine; its digest is among the dependencies.
        "base": None if base is None or is_on_disk(base) else base,
        "python": project.python,
        "user": project.user,
        "bytecode": project.bytecode,
        "estargz": project.estargz,
        "excludeNewer": _cooldown(project, environ),
    }


def _clean(value: object) -> object:
    """Return a value without secrets."""
    return hide_in_data(without_login(value)) if isinstance(value, str) else value


def _cooldown(project: Project, environ: Mapping[str, str]) -> str | None:
    """Return uv's `exclude-newer`, by which the lock takes no release that is newer; None if it is not set."""
    if named := environ.get("UV_EXCLUDE_NEWER"):
        return named
    folder = Indexes(environ=environ, where=project.pyproject).folder
    settings = (table.get("exclude-newer") for table in read_uv_settings(folder, environ))
    return next((str(value) for value in settings if value), None)


def _base(plan: Plan) -> Dependency:
    """Return the base of one platform."""
    found = plan.base_found
    # Where it lies as an image for all its platforms.
    pinned = {"pinned": str(found)} if found else {}
    return Dependency(
        name=f"base for {plan.platform}",
        uri=_base_url(plan),
        digest={"sha256": plan.base_digest.hex},
        annotations={"platform": str(plan.platform), "python": plan.facts.version, **pinned},
    )


def _system_packages(plans: Sequence[Plan]) -> Iterator[Dependency]:
    """Yield the packages of Debian that are added to bases, each once."""
    pins = {pin.digest: pin for plan in plans if plan.system for pin in plan.system.packages}
    for pin in pins.values():
        url = PackageURL(
            type="deb", namespace="debian", name=pin.name, version=pin.version, qualifiers={"arch": pin.architecture}
        )
        yield Dependency(
            name=pin.path.rpartition("/")[2],
            uri=url.to_string(),
            digest={"sha256": pin.digest.hex},
            annotations={"archive": _clean(pin.archive)},
        )


def _base_url(plan: Plan) -> str:
    """Return the base's package URL (purl-spec, type `oci`); empty for one on a disk."""
    if is_on_disk(plan.base_reference) or plan.base_reference.startswith("/"):
        return ""
    reference = parse_reference(plan.base_reference)
    url = PackageURL(
        type="oci",
        name=reference.repository.rpartition("/")[2],
        version=str(plan.base_digest),
        qualifiers={
            "repository_url": reference.name,
            "arch": plan.platform.architecture,
            **({"tag": reference.tag} if reference.tag else {}),
        },
    )
    return url.to_string()


def _launcher() -> Dependency:
    """Return the launcher."""
    return Dependency(name="launcher", uri="", digest={"sha256": Digest.of(launcher_source()).hex})


def _locked(lock: Lock | None) -> Iterator[Dependency]:
    """Yield the wheels of a lock, each once."""
    pins = {pin.digest: pin for of_platform in lock.pins.values() for pin in of_platform} if lock else {}
    for pin in pins.values():
        yield _wheel(pin.filename, pin.digest, pin.source)


def _wheels(plans: Sequence[Plan], lock: Lock | None) -> Iterator[Dependency]:
    """Yield the wheels in the images, each once."""
    pins = [pin for of_platform in lock.pins.values() for pin in of_platform] if lock else []
    sources = {pin.digest: pin.source for pin in pins if pin.source}
    wheels = {
        (wheel.filename, wheel.digest.hex): wheel
        for plan in plans
        for layer in plan.layers
        if isinstance(layer, WheelsLayer)
        for wheel in layer.wheels
    }
    for _, wheel in sorted(wheels.items()):
        yield _wheel(wheel.filename, wheel.digest, sources.get(wheel.digest))


def _wheel(filename: str, digest: Digest, source: Source | None) -> Dependency:
    """Return a wheel; one that was built here has the source that it was built from."""
    name, version, *_ = parse_wheel_filename(filename)
    return Dependency(
        name=filename,
        uri=PackageURL(type="pypi", name=name, version=str(version)).to_string(),
        digest={"sha256": digest.hex},
        annotations={"builtFrom": _clean(source.name), "sourceSha256": source.digest.hex} if source else {},
    )
