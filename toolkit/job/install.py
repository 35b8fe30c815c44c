"""Installation on the bases: wheels are fetched, and compiled and measured as soon as they can be."""

import logging
from collections.abc import Sequence

from toolkit.builders.plan import Installed, WheelsLayer, wheels_of
from toolkit.builders.planning import wheel_layers
from toolkit.builders.protocol import Builder
from toolkit.config.project import Project
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.job.resolve import build_setup, indexes_of
from toolkit.python.target import Base
from toolkit.requirements.fetch import fetch_wheels
from toolkit.requirements.lock import Lock
from toolkit.system.threads import at_once, threads
from toolkit.wheels.bytecode.compiling import Compiler
from toolkit.wheels.collisions import warn_of_collisions

log = logging.getLogger(__name__)

# Interpreters compile beside them.
_THREADS = 2


def install(
    project: Project,
    bases: Sequence[Base],
    lock: Lock,
    context: BuildContext,
    compiler: Compiler,
    builder: Builder,
    *,
    locked: bool,
) -> tuple[Installed, ...]:
    """Return what the lock installs on each base: layers of wheels, and their bytecode.

    There is no bytecode if the settings leave it out, or if nothing here can compile it; a dry run is then incomplete.
    The builder begins with the layers of wheels meanwhile. Raises InputError for a wheel that cannot be installed, or
    with `locked` for bytecode that nothing can compile; OutsideError for a wheel that cannot be fetched.
    """
    # First, since no index has these wheels.
    rebuild_lost(project, lock, bases, context)
    layers = at_once(lambda base: _fetched(project, base, lock, context, compiler), bases)
    wheels = [wheels_of(on_base) for on_base in layers]
    # Layers are measured in these threads while interpreters compile in processes of their own.
    with threads(_THREADS) as pool:
        begun = [
            pool.submit(builder.begin, layer, minor=base.facts.minor, estargz=project.estargz)
            for base, on_base in zip(bases, layers, strict=True)
            for layer in on_base
        ]
        bytecode = [
            compiler.compile(on_base, base) if project.bytecode and on_base else ()
            for base, on_base in zip(bases, wheels, strict=True)
        ]
        # Raises what failed in a thread.
        for layer in begun:
            layer.result()
    missing = [base for base, compiled in zip(bases, bytecode, strict=True) if compiled is None]
    if missing:
        _report_missing(missing, compiler, locked=locked, dry=context.consent.dry)
    return tuple(
        Installed(
            layers=on_base,
            bytecode=compiled or (),
            incomplete=compiled is None and context.consent.dry,
            collisions=warn_of_collisions(installed, minor=base.facts.minor, cache=context.cache),
        )
        for base, on_base, installed, compiled in zip(bases, layers, wheels, bytecode, strict=True)
    )


def rebuild_lost(project: Project, lock: Lock, bases: Sequence[Base], context: BuildContext) -> None:
    """Build again the wheels that were built here and that the cache lost. Raises as `rebuild` does."""
    for base in bases:
        for pin in lock.pins[base.target.platform]:
            if pin.source and not context.cache.has_blob(pin.digest):
                from toolkit.requirements.building.build import rebuild

                rebuild(pin, base.target, build_setup(project, base, context))


def _fetched(
    project: Project, base: Base, lock: Lock, context: BuildContext, compiler: Compiler
) -> tuple[WheelsLayer, ...]:
    """Fetch the wheels of one base, begin to compile each as it arrives, and divide them into layers."""
    wheels = fetch_wheels(
        lock.pins[base.target.platform],
        base.target,
        context.cache,
        context.report,
        indexes=indexes_of(project, context.environ),
        arrived=lambda wheel: compiler.announce(wheel, base) if project.bytecode else None,
    )
    return tuple(wheel_layers(wheels, base.image))


def _report_missing(bases: Sequence[Base], compiler: Compiler, *, locked: bool, dry: bool) -> None:
    """Warn once that nothing compiled for these bases. Raises InputError with `locked`, unless it is a `dry` run."""
    platforms = ", ".join(str(base.image.platform) for base in bases)
    reasons = dict.fromkeys(reason for base in bases if (reason := compiler.refusal(base)))
    problem = "; ".join((f"no Python {bases[0].facts.version} runs here to compile for {platforms}", *reasons))
    if dry:
        log.warning("%s: a build may add layers of bytecode", problem)
        return
    if locked:
        raise InputError(
            f"{problem}, and bytecode is part of the image",
            hint="build on a machine where it runs, or set `bytecode = false` in [tool.comp]",
        )
    log.warning("%s: the image has no bytecode, and its containers start more slowly", problem)
