"""Resolution: from the settings and a base to the requirements on that base, and to one pinned wheel for each."""

import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from packaging.version import Version

from toolkit.config.project import Project
from toolkit.config.toml import TomlDocument
from toolkit.job.bases import open_build_base
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Base, Target
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin, SourceDistribution
from toolkit.requirements.project_sources import may_name_sources, project_origins
from toolkit.system.threads import at_once

if TYPE_CHECKING:
    from toolkit.requirements.building.build_setup import BuildSetup
    from toolkit.requirements.requirement_set import RequirementSet

log = logging.getLogger(__name__)


def indexes_of(project: Project, environ: Mapping[str, str]) -> Indexes:
    """Return the indexes that the project's packages come from."""
    pinned = {name: tuple(pins) for name, pins in project_origins(project, environ).indexes.items()}
    indexes = Indexes(environ=environ, where=project.pyproject, pinned=pinned)
    if project.requirements is None:
        return indexes
    from toolkit.requirements.imported import file_options

    # A requirements file may name indexes of its own, as for pip.
    options = file_options(project.requirements, environ)
    return replace(
        indexes,
        options=options.indexes,
        listed=project.requirements,
        from_source=options.from_source,
        only_wheels=options.only_wheels,
        early=options.early,
    )


def resolve_on(
    project: Project, bases: Sequence[Base], old: Lock | None, context: BuildContext, *, anew: AbstractSet[str | None]
) -> dict[Platform, tuple[Pin, ...]]:
    """Resolve for every platform by itself; a platform that is new to the lock prefers the versions of the others.

    Pins of the `old` lock that still fit are kept, except those of the names in `anew`.
    """
    # Heavy imports, which a build with a fresh lock does without.
    from toolkit.requirements.resolve import resolve
    from toolkit.requirements.uv_errors import warn_of_pip_settings
    from toolkit.requirements.verify import question, remember

    if project.dependencies or project.requirements:
        platforms = ", ".join(str(base.target.platform) for base in bases)
        warn_of_pip_settings(context.environ)
        log.info("resolving for %s, Python %s", platforms, bases[0].facts.minor)

    def kept(base: Base) -> Sequence[Pin]:
        """Return the pins to stay with; a platform that is new to the lock has those of another."""
        return old.pins.get(base.target.platform, next(iter(old.pins.values()))) if old else ()

    # One after the other: a wheel that is built for the first platform mostly fits all.
    required = {base.target.platform: requirements_on(project, base, kept(base), context) for base in bases}

    def chosen(base: Base) -> tuple[Pin | SourceDistribution, ...]:
        """Return what one platform gets: wheels, and source distributions to build."""
        requirements = required[base.target.platform]
        preferred = tuple(_preferred(kept(base), requirements, anew))
        # Components of one command that ask the same question get the same answer.
        return context.shared.get(
            ("resolved", question(requirements), preferred, project.allow_builds, project.build_base),
            lambda: resolve(requirements, context.cache, preferred=preferred),
        )

    pins = {
        base.target.platform: tuple(built(project, choice, base, context) for choice in choices)
        for base, choices in zip(bases, at_once(chosen, bases), strict=True)
    }
    # What was just resolved need not be verified by the next build.
    for platform, on_platform in pins.items():
        remember(required[platform], on_platform, context.cache)
    return pins


def requirements_on(project: Project, base: Base, kept: Sequence[Pin], context: BuildContext) -> "RequirementSet":
    """Return the requirements on one base, with wheels made of those that come from elsewhere than an index.

    Projects in git and files by address stay as they are `kept`, as long as they are what is required.
    """
    if may_name_sources(project):
        return _sourced_on(project, base, kept, context)
    from toolkit.requirements.follow import follow
    from toolkit.requirements.requirement_set import RequirementSet

    def required(distribution: SourceDistribution, target: Target) -> tuple[str, ...]:
        """Return what a source distribution requires."""
        # Imported here: an index mostly has wheels, and a build without changes of the lock asks for neither.
        from toolkit.requirements.building.build import source_requirements

        return source_requirements(build_setup(project, base, context), distribution, target)

    document = TomlDocument.read(project.pyproject)
    own = follow(document, project.dependencies, context.environ, environment=base.target.environment)
    return RequirementSet(
        requirements=tuple(dict.fromkeys(own.requirements)),
        target=base.target,
        indexes=replace(indexes_of(project, context.environ), source_requirements=required),
        present=_present(project, base),
    )


def _present(project: Project, base: Base) -> Mapping[str, str]:
    """Return the versions of the base's own packages, if they count."""
    return base.facts.packages if project.system_site_packages else {}


def _sourced_on(project: Project, base: Base, kept: Sequence[Pin], context: BuildContext) -> "RequirementSet":
    """Return the requirements of a project that may have packages from elsewhere than an index."""
    from toolkit.requirements.building.build import source_requirements
    from toolkit.requirements.follow import follow_all
    from toolkit.requirements.imported import ImportedRequirements, import_requirements
    from toolkit.requirements.origin_pins import PinContext, checkouts, make_pins
    from toolkit.requirements.origins import origins_of
    from toolkit.requirements.requirement_set import RequirementSet, exactly

    setup = build_setup(project, base, context)
    document = TomlDocument.read(project.pyproject)
    imported = (
        import_requirements(project.requirements, base.target, context.cache, context.environ, member=document)
        if project.requirements
        else ImportedRequirements()
    )
    pinning = PinContext(
        target=base.target,
        setup=setup,
        relative_to=project.folder,
        kept={pin.name: pin for pin in kept},
    )
    with checkouts(pinning) as unpacked:
        sources = follow_all(
            [(document, project.dependencies), (imported.document, imported.requirements)],
            context.environ,
            environment=base.target.environment,
            checkout=unpacked,
            fixed=origins_of(imported.addressed),
            listed=project.requirements,
        )
        local = make_pins(sources, pinning, unpacked, imported.hashes)
    # A lock without requirements is all that there is to go by.
    listed = () if sources.requirements else [exactly(*pin) for pin in (imported.locked or {}).items()]
    return RequirementSet(
        requirements=tuple(dict.fromkeys((*sources.requirements, *listed))),
        target=base.target,
        indexes=replace(setup.indexes, source_requirements=partial(source_requirements, setup)),
        constraints=imported.constraints,
        present=_present(project, base),
        local=local,
        addressed=frozenset(sources.addressed & {pin.name for pin in local}),
        hashes=imported.hashes,
        locked=imported.locked,
    )


def build_setup(project: Project, base: Base, context: BuildContext) -> "BuildSetup":
    """Return what wheels for a base are built with."""
    from toolkit.job.base_container import wheel_builder_for
    from toolkit.requirements.building.build_setup import BuildSetup, Permission

    return BuildSetup(
        cache=context.cache,
        report=context.report,
        permission=Permission(consent=context.consent, names=frozenset(project.allow_builds)),
        indexes=indexes_of(project, context.environ),
        wheel_builder=wheel_builder_for(
            # Not opened yet: most builds build no wheel, and the image may have to be pulled.
            lambda: open_build_base(project, base, context),
            base.target.platform.architecture,
            context.environ,
            context.cache,
        ),
    )


def _preferred(kept: Sequence[Pin], required: "RequirementSet", anew: AbstractSet[str | None]) -> list[str]:
    """List the versions to keep. A pre-release is not kept: to prefer it would be to ask for it."""
    from toolkit.requirements.requirement_set import exactly

    elsewhere = {*required.present, *(pin.name for pin in required.local), *anew}
    return [
        exactly(pin.name, pin.version)
        for pin in kept
        if pin.name not in elsewhere and not Version(pin.version).is_prerelease
    ]


def built(project: Project, choice: Pin | SourceDistribution, base: Base, context: BuildContext) -> Pin:
    """Build the wheel of a source distribution; a wheel stays as it is."""
    if isinstance(choice, Pin):
        return choice
    from toolkit.requirements.building.build import build_source

    return build_source(choice, base.target, build_setup(project, base, context))
