"""The image of a component that has a Dockerfile: a plan for each platform, built by an engine."""

import logging
import os
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from toolkit.builders.code import component_code
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.dockerfile_context import check_readable, in_context
from toolkit.builders.metadata import metadata_of, source_date
from toolkit.builders.plan import FilesLayer
from toolkit.builders.planning import interface_file
from toolkit.config.dockerfile import DockerfileSettings
from toolkit.config.project import Project, is_on_disk
from toolkit.dockerfile.model import Stage
from toolkit.dockerfile.reader import read_dockerfile
from toolkit.dockerfile.stages import arguments_of, stages_of, takes
from toolkit.errors import InputError
from toolkit.job.bases import local_base, platforms_of
from toolkit.job.context import BuildContext
from toolkit.limits import SECRET_LINES, SECRET_SIZE
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Built, ImageIndex
from toolkit.redaction import learn, looks_secret, named_as_secret
from toolkit.system.reading import read_foreign
from toolkit.system.threads import at_once
from toolkit.words import did_you_mean

if TYPE_CHECKING:
    from toolkit.builders.protocol import Builder

log = logging.getLogger(__name__)

# Arguments that engines know without an ARG (reference, "Predefined ARGs" and "Global scope").
_PREDEFINED = re.compile(r"(?:(?i:http|https|ftp|no|all)_(?:proxy|PROXY)|(?:TARGET|BUILD|BUILDKIT|SOURCE)_?[A-Z_]+)")


def build_dockerfile(
    project: Project, builder: "Builder", context: BuildContext, *, only: Platform | None = None
) -> Built:
    """Build one image for one platform, or with `only`; an index of images for several.

    Raises InputError for a secret that is missing, before the engine begins, and as the builder does.
    """
    plans = dockerfile_plans(project, context.environ, only=only)
    dockerfile = read_dockerfile(plans[0].dockerfile)
    stages = stages_of(dockerfile, plans[0].arguments)
    _check_known(plans[0].arguments, arguments_of(dockerfile, stages))
    _check_contracts(project, stages)
    plans = tuple(_on_disk(plan, {stage.base for stage in stages}, context) for plan in plans)
    images = at_once(lambda plan: builder.build_dockerfile(plan, context.report), plans)
    return images[0] if len(images) == 1 else ImageIndex.of(images, annotations=plans[0].annotations)


def _check_known(arguments: Mapping[str, str], known: Mapping[str, str | None]) -> None:
    """Warn of arguments that the Dockerfile does not declare: engines pass over them without a word."""
    for name in arguments:
        if name not in known and not _PREDEFINED.fullmatch(name):
            hint = did_you_mean(name, known, otherwise="it changes nothing")
            log.warning("the Dockerfile has no ARG %s: %s", name, hint)


def _check_contracts(project: Project, stages: Sequence[Stage]) -> None:
    """Warn of contracts in the image: a push writes the digest into them, so the next build makes another image."""
    settings = project.dockerfile
    if settings is None:
        return
    is_there = in_context(settings)
    for contract in (entry.contract for entry in project.entries if is_there(entry.contract)):
        name = contract.relative_to(settings.context).as_posix()
        if takes(stages, settings.target, name):
            log.warning("the image has %s, so each push changes the next image: name it in .dockerignore", name)


def _on_disk(plan: DockerfilePlan, bases: Collection[str], context: BuildContext) -> DockerfilePlan:
    """Return a plan with the images of arguments such as `BASE=layout:DIR`, whose values are among its `bases`.

    Raises InputError for a place that has no such image.
    """
    places = {name: value for name, value in plan.arguments.items() if is_on_disk(value) and value in bases}
    images = {name: local_base(value, plan.platform, context) for name, value in places.items()}
    return replace(plan, bases=images)


def dockerfile_plans(
    project: Project, environ: Mapping[str, str], *, only: Platform | None = None
) -> tuple[DockerfilePlan, ...]:
    """Return the plan of each platform, or `only` of one. Raises InputError for what cannot be built anywhere."""
    settings = project.dockerfile
    if settings is None:
        raise InputError(f"{project.name} has no Dockerfile")
    arguments = _arguments(settings, environ)
    _check_secrets(settings, environ)
    check_readable(settings)
    created = source_date(environ)
    metadata = metadata_of(project, created)
    # Read anew, also where `comp dockerfile` wrote it beside the Dockerfile: that file may be older than the code.
    files = () if project.is_dockerfile_alone else component_code(project).files
    layer = FilesLayer(name="interface", files=(interface_file(project, environ, files),))
    return tuple(
        DockerfilePlan(
            dockerfile=settings.path,
            context=settings.context,
            platform=platform,
            target=settings.target,
            arguments=arguments,
            secrets=settings.secrets,
            ssh=settings.ssh,
            labels=metadata,
            annotations=metadata,
            created=created,
            layer=layer,
        )
        for platform in ((only,) if only else platforms_of(project))
    )


def _arguments(settings: DockerfileSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values of build arguments. Raises InputError for a secret among them: an image's history has them."""
    values: dict[str, str] = {}
    for name, value in settings.arguments.items():
        given = environ.get(name) if value is None else value
        # As docker does: an argument without a value keeps the default of the Dockerfile.
        if given is None:
            log.info("the build argument %s has no value: the variable is not set", name)
            continue
        if named_as_secret(name) or looks_secret(given):
            raise InputError(
                f"the build argument {name} seems to be a secret, and everyone who has the image can read it",
                where=settings.where,
                hint=f'give it as a secret: build-secrets = ["id={name}"], and in the Dockerfile'
                f" RUN --mount=type=secret,id={name} …",
            )
        values[name] = given
    return values


def _check_secrets(settings: DockerfileSettings, environ: Mapping[str, str]) -> None:
    """Raise InputError for a secret or an agent that is missing; what comp prints from now on has no secret's value."""
    for secret in settings.secrets:
        if secret.file is not None:
            try:
                text = read_foreign(secret.file, SECRET_SIZE).decode(errors="replace")
            except OSError as error:
                raise InputError(
                    f"the secret {secret.id} cannot be read: {secret.file}: {error.strerror}",
                    where=settings.where,
                    hint="--secret id=ID,src=FILE names another file",
                ) from error
        elif (value := environ.get(secret.variable or "")) is not None:
            text = value
        else:
            raise InputError(
                f"the secret {secret.id} is missing: the variable {secret.variable} is not set",
                where=settings.where,
                hint=f"export {secret.variable}, or --secret id={secret.id},src=FILE",
            )
        if not text:
            # In most cases a variable that CI did not fill.
            raise InputError(
                f"the secret {secret.id} is empty: {secret.file or f'the variable {secret.variable}'}",
                where=settings.where,
                hint="give it a value: BuildKit gives an empty secret to no step",
            )
        # A program may print a file line by line.
        lines = {line.strip() for line in text.splitlines()}
        SECRET_LINES.check(len(lines), f"the number of lines of the secret {secret.id}", where=settings.where)
        learn(text, *lines)
    for agent in settings.ssh:
        socket = agent.socket or environ.get("SSH_AUTH_SOCK")
        if not socket or not os.path.exists(socket):  # noqa: PTH110 (a path, or a text of the environment)
            raise InputError(
                f"the ssh agent {agent.id} is missing: {socket or 'SSH_AUTH_SOCK is not set'}",
                where=settings.where,
                hint="start one with ssh-agent, or name its socket: --ssh ID=SOCKET",
            )
