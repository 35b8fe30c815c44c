"""From settings to images: bases, lock, wheels, a plan for each platform, and a builder that follows it."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.builders.advice import advice, lacking, pulled_whole
from toolkit.builders.code import Code, component_code
from toolkit.builders.plan import Installed, Plan
from toolkit.builders.planning import make_plan
from toolkit.config.project import Project
from toolkit.errors import LostError
from toolkit.job.builder import AUTO, choose_builder
from toolkit.job.context import BuildContext
from toolkit.job.install import install
from toolkit.job.lock import locked_bases
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Built, ImageIndex
from toolkit.python.target import Base
from toolkit.system.threads import at_once
from toolkit.wheels.needs import missing_libraries

if TYPE_CHECKING:
    from toolkit.builders.protocol import Builder

log = logging.getLogger(__name__)


def build_image(
    project: Project, context: BuildContext, *, builder: str = AUTO, only: Platform | None = None, locked: bool = False
) -> tuple[tuple[Plan, ...], Built]:
    """Return the plans, and one image for one platform, or with `only`; an index of images for several.

    A Dockerfile has no such plans. What the cache loses meanwhile is made again, once. Raises InputError and
    OutsideError.
    """
    chosen = choose_builder(builder, project, context)
    if project.dockerfile:
        from toolkit.job.dockerfile import build_dockerfile

        return (), build_dockerfile(project, chosen, context, only=only)
    try:
        plans = make_plans(project, context, chosen, only=only, locked=locked)
        return plans, build_plans(plans, chosen, context)
    except LostError as lost:
        # Another process may have pruned the cache meanwhile. A second loss has another reason, so it is an error.
        log.warning("%s; building again", lost.message)
        plans = make_plans(project, context, chosen, only=only, locked=locked)
        return plans, build_plans(plans, chosen, context)


def make_plans(
    project: Project,
    context: BuildContext,
    builder: "Builder",
    *,
    only: Platform | None = None,
    write_lock: bool = True,
    locked: bool = False,
) -> tuple[Plan, ...]:
    """Lock, fetch and compile, and return the plan of the image of each platform, or `only` of one.

    With `locked` a lock that is stale is an error. Raises InputError and OutsideError.
    """
    # For a single build it ends before the builder works: by then the cache has the bytecode of all wheels.
    with context.compiling() as compilers:

        def prepare(bases: Sequence[Base]) -> None:
            """Begin to look for the interpreters of these bases."""
            # An interpreter that is new takes a while to unpack: it begins before the lock is resolved.
            if project.bytecode and (project.dependencies or project.requirements):
                compilers.of(bases, context.report).prepare()

        bases, lock = locked_bases(project, context, only=only, locked=locked, write=write_lock, on_open=prepare)
        compiler = compilers.of(bases, context.report)
        installed = install(project, bases, lock, context, compiler, builder, locked=locked)
    # Read once for all platforms: they get the same files, even if one changes meanwhile.
    code = component_code(project)
    _warn(project, bases, installed, code, context)
    return tuple(
        make_plan(project, base, on_base, environ=context.environ, code=code)
        for base, on_base in zip(bases, installed, strict=True)
    )


def build_plans(plans: Sequence[Plan], builder: "Builder", context: BuildContext) -> Built:
    """Build one image, or an index of the images of several platforms."""
    images = at_once(lambda plan: builder.build(plan, context.report), plans)
    return images[0] if len(images) == 1 else ImageIndex.of(images, annotations=_index_annotations(plans))


def _warn(
    project: Project, bases: Sequence[Base], installed: Sequence[Installed], code: Code, context: BuildContext
) -> None:
    """Log what the author should know about the wheels and the code, each line once for all platforms."""
    lines = [
        line
        for base, on_base in zip(bases, installed, strict=True)
        for line in (
            *advice(base.image, base.facts, on_base.wheels, system_site_packages=project.system_site_packages),
            *lacking(
                base.facts.os_id,
                missing_libraries(on_base.wheels, base.facts.libraries, context.cache),
                present=project.system_packages,
            ),
            *(pulled_whole(base.image) if project.estargz else ()),
        )
    ]
    for line in (*dict.fromkeys(lines), *code.warnings):
        log.warning("%s", line)


def _index_annotations(plans: Sequence[Plan]) -> dict[str, str]:
    """Return the annotations that all images have; the digest of a base differs between them."""
    common = set(plans[0].annotations.items()).intersection(*(plan.annotations.items() for plan in plans[1:]))
    return dict(sorted(common))
