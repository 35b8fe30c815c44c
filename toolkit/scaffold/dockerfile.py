"""Take over an existing Dockerfile: the component that its image makes, read from the file and its context.

Nothing is built or run. The context's files are copied, and the contract, if the context has none, is written from the
command, the labels, and the program's options.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile, takewhile
from pathlib import Path, PurePosixPath
from shlex import quote

from msgspec import Struct
from msgspec.structs import replace

from toolkit.dockerfile.model import Copy, Dockerfile, Stage
from toolkit.dockerfile.reader import read_dockerfile
from toolkit.dockerfile.stages import arguments_of, chosen_stage, stages_of
from toolkit.errors import CompError, InputError, Location, UsageError
from toolkit.oci.reference import parse_reference
from toolkit.redaction import looks_secret, named_as_secret
from toolkit.scaffold.docker_command import FoundProgram, ImageCommand, image_command, program_in
from toolkit.scaffold.docker_context import Context, context_above, read_context
from toolkit.scaffold.docker_labels import Metadata, read_labels
from toolkit.scaffold.docker_ports import Ports, declared_ports, ports_of_program
from toolkit.scaffold.overrides import Override
from toolkit.scaffold.program import ProgramContract, read_contract
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.reader import read_component
from toolkit.words import some_of

_CONTRACT = "component.yaml"
_ROOT = {"", "0", "root"}


class TakenOver(Struct, frozen=True, kw_only=True):
    """A Dockerfile with everything that its component is made of.

    `place` is the Dockerfile's path in the copied context, `contract` the author's own component.yaml, None if there is
    none.
    """

    dockerfile: Path
    place: str
    target: str | None
    context: Context
    metadata: Metadata
    command: ImageCommand
    ports: Ports
    settings: tuple[str, ...]
    notes: tuple[str, ...]
    contract: Path | None = None


class Source(Struct, frozen=True, kw_only=True):
    """What the user names: a Dockerfile, its context (None for its own folder), a stage, a sub-command, and ports."""

    dockerfile: Path
    context: Path | None = None
    target: str | None = None
    subcommand: str | None = None
    overrides: tuple[Override, ...] = ()


def take_over(source: Source, name: str, environ: Mapping[str, str], *, without: Path) -> TakenOver:
    """Read a Dockerfile as a component called `name`; `without` is a folder that is no part of the context.

    Raises InputError for a Dockerfile or context that cannot be read, UsageError for options that do not fit.
    """
    folder = source.context or source.dockerfile.parent
    if not folder.is_dir():
        raise InputError(f"the context {folder} is not a folder", hint="give the folder that COPY takes files from")
    if folder.resolve().is_relative_to(without.resolve()):
        raise InputError(
            f"{without} has the files that would be copied into it",
            hint="choose another NAME, or another parent with --into",
        )
    dockerfile = read_dockerfile(source.dockerfile)
    stages = stages_of(dockerfile)
    stage = chosen_stage(stages, source.target)
    needed = _needed(stages, stage)
    contract = _authored(source, folder)
    command = ImageCommand() if contract else image_command(dockerfile, stage, name)
    context = read_context(folder, source.dockerfile, needed, without=without)
    _check_context(source, context)
    ports = Ports()
    if not contract:
        command, ports = _ports(source, command, stage, _copies(stages, stage), folder, environ)
    metadata = read_labels(dockerfile, stage, name)
    return TakenOver(
        dockerfile=source.dockerfile,
        place=_place(source.dockerfile, folder),
        target=source.target,
        context=context,
        metadata=metadata,
        command=command,
        ports=ports,
        settings=tuple(_settings(dockerfile, needed)),
        notes=(
            *(_contract_notes(contract) if contract else command.notes),
            *ports.notes,
            *metadata.notes,
            *_image_notes(stage),
            *_build_notes(dockerfile, needed),
            *context.notes,
        ),
        contract=contract,
    )


def spec_of(taken: TakenOver, image: str) -> ComponentSpec:
    """Return the contract of a Dockerfile's component."""
    return ComponentSpec(
        name=taken.metadata.title,
        description=taken.metadata.description,
        interface=taken.ports.interface,
        implementation=Container(image=image, command=taken.command.words, args=taken.ports.arguments),
        annotations={"version": taken.metadata.version},
    )


def authored_image(contract: Path) -> str | None:
    """Return the name of the image in an author's contract, without tag and digest; None if it is not a name."""
    try:
        image = read_component(contract).container.image
        reference = parse_reference(image)
    except CompError:
        return None
    return image.partition("@")[0].removesuffix(f":{reference.tag}")


def _needed(stages: Sequence[Stage], stage: Stage) -> tuple[Stage, ...]:
    """Return the stages that the image is made of, in the order of the file."""
    places = {each.name or str(place): place for place, each in enumerate(stages)}
    places |= {str(place): place for place in range(len(stages))}
    waiting, found = [stages.index(stage)], set[int]()
    while waiting:
        place = waiting.pop()
        if place in found:
            continue
        found.add(place)
        one = stages[place]
        names = [copy.stage.lower() for copy in one.copies] + [mount.keys.get("from", "") for mount in one.mounts]
        waiting += [places[name] for name in names if name in places and places[name] < place]
        waiting += [one.parent] if one.parent is not None else []
    return tuple(stages[place] for place in sorted(found))


def _check_context(source: Source, context: Context) -> None:
    """Raise InputError if the user named no context, and the files lie as from a folder above."""
    above = context_above(context.folder, context.missing) if context.missing and not source.context else None
    if above is not None:
        place = os.path.relpath(above)
        raise InputError(
            f"it copies what is not in {context.folder}: {some_of(context.missing)}",
            where=Location(path=source.dockerfile),
            hint=f"it is built from a folder above: --context {quote(place)}",
        )


def _copies(stages: Sequence[Stage], stage: Stage) -> tuple[Copy, ...]:
    """Return the copies of a stage after those of the stages that it is built on."""
    below = _copies(stages, stages[stage.parent]) if stage.parent is not None else ()
    return (*below, *stage.copies)


def _authored(source: Source, folder: Path) -> Path | None:
    """Return the component.yaml beside the Dockerfile or at the top of the context. Raises UsageError beside options.

    Raises FindingsError for one that cannot be read.
    """
    for place in dict.fromkeys((source.dockerfile.parent, folder)):
        path = place / _CONTRACT
        if path.is_file():
            if source.overrides:
                raise UsageError(
                    f"--input and --output do not go with {path}, which names the inputs and outputs",
                    hint="leave them out, and edit the contract in the new folder",
                )
            read_component(path)
            return path
    return None


def _ports(
    source: Source,
    command: ImageCommand,
    stage: Stage,
    copies: Sequence[Copy],
    folder: Path,
    environ: Mapping[str, str],
) -> tuple[ImageCommand, Ports]:
    """Return the ports of the program that the image runs, or those that the user declares, and the command for them.

    The words of a sub-command are among the arguments, since options may stand before them.
    """
    found = program_in(command.words, stage, copies, folder)
    if found is None:
        if source.subcommand:
            raise UsageError(
                "--subcommand is for a Python program, and the image runs none of its context",
                hint="write the word into the Dockerfile's ENTRYPOINT",
            )
        note = "its inputs and outputs are not known: --input and --output declare them, or you do in component.yaml"
        return command, declared_ports(source.overrides) or Ports(notes=(note,))
    shown = found.path.relative_to(folder).as_posix()
    try:
        contract = _program(source, found, command, environ)
    except InputError as error:
        note = f"the options of {shown} could not be read: {error.message}; --input and --output declare them"
        return command, declared_ports(source.overrides) or Ports(notes=(note,))
    ports = ports_of_program(contract)
    if words := contract.program.subcommand.split():
        # What the command has after a sub-command follows it again.
        rest = tuple(dropwhile(_is_plain, command.words[found.words :]))
        place = ports.arguments.index(words[0]) + len(words)
        ports = replace(ports, arguments=(*ports.arguments[:place], *rest, *ports.arguments[place:]))
        command = replace(command, words=command.words[: found.words])
    remarks = tuple(f"{finding.where}: {finding.message} [{finding.rule}]" for finding in contract.program.remarks)
    read = f"its inputs and outputs are the options of {shown}; --from-program packages that without a Dockerfile"
    return command, replace(ports, notes=(read, *ports.notes, *remarks))


def _program(source: Source, found: FoundProgram, command: ImageCommand, environ: Mapping[str, str]) -> ProgramContract:
    """Read a program; its sub-command is the one that the user names, or that the image's command has.

    Raises as `read_contract` does.
    """
    words = " ".join(takewhile(_is_plain, command.words[found.words :]))
    try:
        return read_contract(found.path, environ, subcommand=source.subcommand, overrides=source.overrides)
    except UsageError:
        if source.subcommand or not words:
            raise
        return read_contract(found.path, environ, subcommand=words, overrides=source.overrides)


def _is_plain(word: str) -> bool:
    """Return whether a word is no option."""
    return not word.startswith("-")


def _place(dockerfile: Path, folder: Path) -> str:
    """Return the path of the Dockerfile in the component: below `src`, the context, if it lies in that."""
    path, root = dockerfile.resolve(), folder.resolve()
    return f"src/{path.relative_to(root).as_posix()}" if path.is_relative_to(root) else dockerfile.name


def _settings(dockerfile: Dockerfile, stages: Sequence[Stage]) -> Iterator[str]:
    """Yield lines of `[tool.comp]` for the secrets, ssh and arguments of a build."""
    if secrets := _secrets(stages):
        yield f"build-secrets = [{', '.join(json.dumps(f'id={name},env={_variable(name)}') for name in secrets)}]"
    if any(mount.type == "ssh" for stage in stages for mount in stage.mounts):
        yield 'build-ssh = ["default"]'
    if arguments := arguments_of(dockerfile, stages):
        yield from ("", "# The Dockerfile's own values: a line without its # replaces one.", "[tool.comp.build-args]")
        for name, default in arguments.items():
            # Settings are committed, and a default may be a secret that should not be in the Dockerfile either.
            hidden = named_as_secret(name) or looks_secret(default or "")
            yield f"# {name} = {json.dumps('' if hidden else default or '', ensure_ascii=False)}"


def _secrets(stages: Sequence[Stage]) -> list[str]:
    """Return the ids of the secrets that the steps mount; docker's default is the last part of the target."""
    mounts = [mount.keys for stage in stages for mount in stage.mounts if mount.type == "secret"]
    names = {keys.get("id") or PurePosixPath(keys.get("target") or keys.get("dst") or "").name for keys in mounts}
    return sorted(names - {""})


def _variable(name: str) -> str:
    """Return the variable that holds a secret: PIP_TOKEN for pip-token."""
    return re.sub(r"\W", "_", name).upper()


def _build_notes(dockerfile: Dockerfile, stages: Sequence[Stage]) -> Iterator[str]:
    """Yield notes about what a build needs from its caller."""
    for name, default in arguments_of(dockerfile, stages).items():
        if default is None:
            yield f"ARG {name} has no default: [tool.comp.build-args] or comp build --build-arg {name}=VALUE gives one"
    for name in _secrets(stages):
        yield f"a step needs the secret {name}: comp build takes it from the variable {_variable(name)}"


def _image_notes(stage: Stage) -> Iterator[str]:
    """Yield notes about settings of the image that matter to pods, or that pipelines do not use."""
    if stage.user.partition(":")[0] in _ROOT:
        user = "it has no USER" if not stage.user else f"its USER is {stage.user}"
        yield f"{user}, so that restricted pods may refuse it: add USER 65532:65532"
    elif not stage.user.partition(":")[0].isdecimal():
        yield f"its USER {stage.user} is a name, so that restricted pods may refuse it: write its number"
    if stage.ports:
        yield f"EXPOSE {' '.join(stage.ports)} is left as it is: no caller reaches a step of a pipeline"
    if stage.triggers:
        yield f"ONBUILD {stage.triggers[0].keyword} runs in images built on this one, and not in this one"


def _contract_notes(contract: Path) -> Iterator[str]:
    """Yield a note about an author's contract, which decides the command."""
    yield f"{contract} is kept as it is: inputs, outputs and command are its own"
    if not read_component(contract).container.command:
        yield "its container has no command, so engines run the image's ENTRYPOINT: KFP 2 needs it written"
