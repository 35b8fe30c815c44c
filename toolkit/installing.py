"""What is installed on the bases: wheels are fetched, and compiled and measured as soon as they can be."""

import logging
from collections.abc import Sequence

from toolkit.builders.plan import Installed
from toolkit.builders.planning import wheel_layers
from toolkit.builders.protocol import Builder
from toolkit.config import Project
from toolkit.errors import InputError
from toolkit.locking import Base, indexes_of
from toolkit.python.bytecode.compiling import Compiler
from toolkit.python.collisions import told_collisions
from toolkit.python.fetch import fetch_wheels
from toolkit.python.lock import Lock
from toolkit.python.wheels import Wheel
from toolkit.threads import at_once, threads
from toolkit.tools import Tools

log = logging.getLogger(__name__)

# Interpreters compile beside them.
_THREADS = 2


def install(
    project: Project,
    bases: Sequence[Base],
    lock: Lock,
    tools: Tools,
    compiler: Compiler,
    builder: Builder,
    *,
    locked: bool,
) -> tuple[Installed, ...]:
    """Give what the lock says for each base: wheels in the order of their layers, and their bytecode.

    There is no bytecode where none is wanted, or nothing runs here that could compile; a dry run then says that it is
    incomplete. The builder may begin with
    the layers of wheels meanwhile. Raises InputError for a wheel that cannot be installed, or with `locked` when
    bytecode is wanted and nothing can compile; OutsideError when a wheel cannot be had.
    """
    wheels = at_once(lambda base: _fetched(project, base, lock, tools, compiler), bases)
    with threads(_THREADS) as pool:
        begun = [
            pool.submit(builder.begin, layer, minor=base.facts.minor, estargz=project.estargz)
            for base, of_base in zip(bases, wheels, strict=True)
            for layer in wheel_layers(of_base, base.image)
        ]
        bytecode = [
            compiler.compile(of_base, base) if project.bytecode and of_base else ()
            for base, of_base in zip(bases, wheels, strict=True)
        ]
        for layer in begun:
            layer.result()
    missing = [base for base, compiled in zip(bases, bytecode, strict=True) if compiled is None]
    if missing:
        _tell_missing(missing, compiler, locked=locked, dry=tools.consent.dry)
    return tuple(
        Installed(
            wheels=of_base,
            bytecode=compiled or (),
            incomplete=compiled is None and tools.consent.dry,
            collisions=told_collisions(of_base, minor=base.facts.minor, cache=tools.cache),
        )
        for base, of_base, compiled in zip(bases, wheels, bytecode, strict=True)
    )


def _fetched(project: Project, base: Base, lock: Lock, tools: Tools, compiler: Compiler) -> tuple[Wheel, ...]:
    """Fetch the wheels of one base, and begin to compile each that comes; in the order of their layers."""
    wheels = fetch_wheels(
        lock.pins[base.target.platform],
        base.target,
        tools.cache,
        tools.report,
        indexes=indexes_of(project),
        arrived=lambda wheel: compiler.announce(wheel, base) if project.bytecode else None,
    )
    return tuple(wheel for layer in wheel_layers(wheels, base.image) if not layer.part for wheel in layer.wheels)


def _tell_missing(bases: Sequence[Base], compiler: Compiler, *, locked: bool, dry: bool) -> None:
    """Say once that nothing compiled for these bases. Raises InputError with `locked`, unless it is a `dry` run."""
    named = ", ".join(str(base.image.platform) for base in bases)
    reasons = dict.fromkeys(reason for base in bases if (reason := compiler.refusal(base)))
    problem = "; ".join((f"no Python {bases[0].facts.version} runs here to compile for {named}", *reasons))
    if dry:
        log.warning("%s: a build may add layers of bytecode", problem)
        return
    if locked:
        raise InputError(
            f"{problem}, and bytecode is part of the image",
            hint="build on a machine where it runs, or set `bytecode = false` in [tool.comp]",
        )
    log.warning("%s: the image has no bytecode, and its containers start more slowly", problem)
