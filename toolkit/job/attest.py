"""Attach the provenance of a build to what it pushed, also if an earlier build had the same inputs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from toolkit.cache.records import Record
from toolkit.errors import RemoteError
from toolkit.job.builder import AUTO, choose_builder, is_embedded, named_builder
from toolkit.job.context import BuildContext
from toolkit.job.image import make_plans
from toolkit.job.lock import existing_lock
from toolkit.job.project import checked_project
from toolkit.oci.reference import parse_reference
from toolkit.provenance.attached import attach
from toolkit.provenance.definition import make_provenance
from toolkit.provenance.platform import platform_of
from toolkit.provenance.predicate import Provenance, read_predicate
from toolkit.provenance.source import still_holds, with_source

if TYPE_CHECKING:
    from toolkit.builders.plan import Plan
    from toolkit.config.project import Project
    from toolkit.job.unchanged import Inputs
    from toolkit.signing.signatures import Signer


class _Definition(Record, frozen=True, kw_only=True):
    """The part of a build's provenance that its inputs decide, as JSON: a build without changes has no plans."""

    KIND: ClassVar[str] = "provenance"

    text: str


def definition_of(project: "Project", plans: Sequence["Plan"], context: BuildContext, *, builder: str) -> Provenance:
    """Return the part of a build's provenance that its inputs decide; `builder` is the one that was asked for."""
    if is_embedded(builder, project, context.environ):
        name = "oci"
    else:
        named = named_builder(builder, context.environ)
        name = named if named != AUTO else choose_builder(AUTO, project, context).name
    return make_provenance(project, plans, existing_lock(project), context.environ, builder=name)


def remember(inputs: "Inputs", image: str, definition: Provenance, context: BuildContext) -> None:
    """Keep the definition for builds of the same inputs."""
    context.cache.remember(_key(inputs, image), _Definition(text=json.dumps(definition.to_dict())))


def recall(inputs: "Inputs", image: str, context: BuildContext) -> Provenance | None:
    """Return the definition of an earlier build; None if it was made without."""
    record = context.cache.recall(_Definition, _key(inputs, image))
    return read_predicate(json.loads(record.text)) if record else None


def attest_pushed(
    image: str, project: "Project", definition: Provenance, key: "Signer | None", context: BuildContext
) -> None:
    """Attach provenance to an image by its reference, unless there is some that holds still.

    Raises RemoteError if the server fails, or has lost the image.
    """
    reference, remote = parse_reference(image), context.remote()
    subject = remote.head(reference)
    if subject is None:
        raise RemoteError(f"{reference.host} does not have {image}, which was pushed", hint="push it again")
    provenance = with_source(definition, project, platform_of(context.environ), context.environ)
    attach(remote, reference, subject, provenance, key, lambda old: still_holds(old, project, context.environ))


def preview_provenance(folder: Path, context: BuildContext) -> Provenance:
    """Return the provenance that a push of a component's folder would attach now.

    Changes nothing but the cache. Raises as a preview of the build does.
    """
    context = replace(context, consent=replace(context.consent, dry=True))
    project = checked_project(folder, overrides={}, environ=context.environ)
    plans = (
        ()
        if project.dockerfile
        else make_plans(project, context, choose_builder("oci", project, context), write_lock=False)
    )
    definition = definition_of(project, plans, context, builder=AUTO)
    return with_source(definition, project, platform_of(context.environ), context.environ)


def _key(inputs: "Inputs", image: str) -> dict[str, str]:
    """Return the key of a record."""
    return {"inputs": inputs.key.hex, "image": image}
