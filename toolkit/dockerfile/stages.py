"""What each stage of a Dockerfile says of the image that it makes: arguments, variables, labels, commands, copies.

Bases are not looked at, so that what an image inherits from another one is unknown here.
"""

import fnmatch
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from toolkit.dockerfile.model import Command, Copy, Dockerfile, Instruction, Mount, Stage
from toolkit.dockerfile.reader import trigger_of
from toolkit.dockerfile.words import exec_form, expanded, pairs_of, split_words
from toolkit.errors import InputError
from toolkit.limits import DOCKERFILE_VALUE, SETTINGS_SIZE
from toolkit.words import one_line

_SHELL = ("/bin/sh", "-c")
_NO_ARGUMENTS: Mapping[str, str] = MappingProxyType({})
# What docker takes from its caller's environment without an ARG (reference, "Predefined ARGs").
_PROXIES = {
    name for each in ("HTTP", "HTTPS", "FTP", "NO", "ALL") for name in (f"{each}_PROXY", f"{each}_proxy".lower())
}
# What BuildKit sets for every build, here for its usual platform.
_PLATFORM = {
    f"{prefix}{name}": value
    for prefix in ("TARGET", "BUILD")
    for name, value in {"PLATFORM": "linux/amd64", "OS": "linux", "ARCH": "amd64", "VARIANT": ""}.items()
}


def stages_of(dockerfile: Dockerfile, given: Mapping[str, str] = _NO_ARGUMENTS) -> tuple[Stage, ...]:
    """Return the stages in their order; `given` are build arguments. Raises InputError with a line."""
    reader = _Stages(dockerfile, given)
    for instruction in dockerfile.instructions:
        try:
            reader.read(instruction)
        except InputError as error:
            if error.where is not None:
                raise
            raise InputError(error.message, where=dockerfile.where(instruction), hint=error.hint) from None
    return reader.stages


def arguments_of(dockerfile: Dockerfile, stages: Iterable[Stage]) -> dict[str, str | None]:
    """Return the arguments that users give to a build of some stages, with their defaults, None without one.

    Those before the first FROM come first. Platforms and proxies are not among them: an engine sets those.
    """
    reader = _Stages(dockerfile, _NO_ARGUMENTS)
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM":
            break
        reader.read(instruction)
    found = reader.before_from
    for stage in stages:
        # The default before FROM counts in a stage too, unless that has its own.
        found |= {name: value for name, value in stage.arguments.items() if found.get(name) is None}
    return {name: value for name, value in found.items() if name not in _PLATFORM and name not in _PROXIES}


def takes(stages: Sequence[Stage], target: str | None, name: str) -> bool:
    """Return whether the image of a target copies a file of the context, by its name there, as far as names say."""
    stage: Stage | None = chosen_stage(tuple(stages), target)
    while stage is not None:
        for copy in stage.copies:
            if not copy.stage and any(_matches(source, name) for source in copy.sources):
                return True
        stage = None if stage.parent is None else stages[stage.parent]
    return False


def _matches(source: str, name: str) -> bool:
    """Return whether a source of COPY is a file of the context, or a folder above it."""
    source = posixpath.normpath(source).lstrip("/") or "."
    # A wildcard stands for no slash, as in docker's.
    depth = source.count("/") + 1
    parts = name.split("/")
    return source == "." or (len(parts) >= depth and fnmatch.fnmatchcase("/".join(parts[:depth]), source))


def copied_from(stages: Iterable[Stage]) -> Iterator[str]:
    """Yield the images that COPY and mounts take files from; other stages are none."""
    stages = tuple(stages)
    known = {"scratch", *(stage.name for stage in stages), *map(str, range(len(stages)))}
    for stage in stages:
        copied = (copy.stage for copy in stage.copies)
        mounted = (mount.keys.get("from", "") for mount in stage.mounts)
        yield from (name for name in (*copied, *mounted) if name and name.lower() not in known)


def chosen_stage(stages: tuple[Stage, ...], target: str | None) -> Stage:
    """Return the stage that `target` names, by its name or its number from 0; the last without it.

    Raises InputError for a stage that is missing.
    """
    if target is None:
        return stages[-1]
    place = _place(stages, target)
    if place is None:
        names = ", ".join(stage.name for stage in stages if stage.name)
        raise InputError(
            f"the Dockerfile has no stage {target!r}", hint=f"its stages: {names or f'0 to {len(stages) - 1}'}"
        )
    return stages[place]


def _place(stages: tuple[Stage, ...], name: str) -> int | None:
    """Return the place of a stage; names are equal in any case."""
    for place, stage in reversed(tuple(enumerate(stages))):
        if stage.name and stage.name == name.lower():
            return place
    return int(name) if name.isascii() and name.isdigit() and int(name[:9]) < len(stages) else None


class _Stages:
    """Collects stages, one instruction after the other."""

    def __init__(self, dockerfile: Dockerfile, given: Mapping[str, str]) -> None:
        self.stages: tuple[Stage, ...] = ()
        self._file = dockerfile
        self._given = given
        # Arguments before the first FROM, which count in FROM alone until a stage names them again.
        self._globals: dict[str, str | None] = dict(_PLATFORM)
        self._size = 0

    def _expanded(self, text: str, values: Mapping[str, str], escape: str) -> str:
        """Return a text with its variables replaced. Raises InputError if all of them together become too long."""
        result = expanded(text, values, escape)
        self._size += len(result)
        SETTINGS_SIZE.check(self._size, "the Dockerfile with its variables replaced")
        return result

    @property
    def before_from(self) -> dict[str, str | None]:
        """The arguments before the first FROM."""
        return dict(self._globals)

    def read(self, instruction: Instruction) -> None:
        """Take one instruction."""
        if instruction.keyword == "FROM":
            self.stages = (*self.stages, self._begun(instruction))
        elif not self.stages:
            self._globals |= self._arguments(instruction, _known(self._globals))
        else:
            self.stages = (*self.stages[:-1], self._changed(self.stages[-1], instruction))

    def _begun(self, instruction: Instruction) -> Stage:
        """Return the stage that a FROM begins; it inherits from the stage that it names."""
        values = _known(self._globals)
        words = [
            self._expanded(word, values, self._file.escape) for word in split_words(instruction.text, self._file.escape)
        ]
        # The form is IMAGE, or IMAGE AS NAME.
        if len(words) not in {1, 3} or (len(words) == 3 and words[1].lower() != "as"):  # noqa: PLR2004
            raise InputError(f"FROM {one_line(instruction.text)} has another form", hint="write FROM IMAGE [AS NAME]")
        if not words[0]:
            raise InputError(f"FROM {one_line(instruction.text)} names no image", hint="give its ARG a default")
        name = words[2].lower() if len(words) > 1 else ""
        parent = _place(self.stages, words[0]) if not words[0].isdigit() else None
        if parent is not None:
            return replace(
                self.stages[parent],
                name=name,
                line=instruction.line,
                parent=parent,
                arguments={},
                copies=(),
                mounts=(),
                # A stage runs what an earlier one has for its children.
                triggers=(),
            )
        return Stage(
            name=name,
            base=words[0],
            line=instruction.line,
            parent=None,
            arguments={},
            environment={},
            labels={},
            user="",
            folder="/",
            shell=_SHELL,
            entrypoint=None,
            command=None,
            ports=(),
            triggers=(),
            copies=(),
            mounts=(),
        )

    def _changed(self, stage: Stage, instruction: Instruction) -> Stage:
        """Return a stage after one more instruction."""
        values = _known(stage.arguments) | dict(stage.environment)
        match instruction.keyword:
            case "ARG":
                return replace(stage, arguments={**stage.arguments, **self._arguments(instruction, values)})
            case "ENTRYPOINT" | "CMD":
                return _commanded(stage, instruction)
            case "COPY" | "ADD":
                return replace(stage, copies=(*stage.copies, *self._copies(stage, instruction, values)))
            case "RUN":
                return replace(stage, mounts=(*stage.mounts, *_mounts(instruction)))
            case "ONBUILD":
                return replace(stage, triggers=(*stage.triggers, trigger_of(instruction, self._file.path)))
        return self._configured(stage, instruction, values)

    def _configured(self, stage: Stage, instruction: Instruction, values: Mapping[str, str]) -> Stage:
        """Return a stage after an instruction that changes the image's settings alone."""
        escape, text = self._file.escape, instruction.text
        match instruction.keyword:
            case "ENV" | "LABEL":
                pairs = {
                    self._expanded(name, values, escape): self._expanded(value, values, escape)
                    for name, value in pairs_of(text, escape)
                }
                field = "environment" if instruction.keyword == "ENV" else "labels"
                return replace(stage, **{field: {**getattr(stage, field), **pairs}})
            case "USER":
                return replace(stage, user=self._expanded(text, values, escape))
            case "WORKDIR":
                folder = posixpath.join(stage.folder, self._expanded(text, values, escape))
                DOCKERFILE_VALUE.check(len(folder), "the working folder")
                return replace(stage, folder=posixpath.normpath(folder))
            case "EXPOSE":
                return replace(stage, ports=(*stage.ports, *self._expanded(text, values, escape).split()))
            case "SHELL":
                return replace(stage, shell=_shell(text))
        return stage

    def _arguments(self, instruction: Instruction, values: Mapping[str, str]) -> dict[str, str | None]:
        """Return the arguments of one ARG, with the values that count."""
        arguments: dict[str, str | None] = {}
        for word in split_words(instruction.text, self._file.escape):
            name, equals, default = word.partition("=")
            inherited = self._globals.get(name)
            value = self._expanded(default, {**values, **_known(arguments)}, self._file.escape) if equals else inherited
            arguments[name] = self._given.get(name, value)
        return arguments

    def _copies(self, stage: Stage, instruction: Instruction, values: Mapping[str, str]) -> tuple[Copy, ...]:
        """Return what a COPY or ADD copies; its documents are not files."""
        listed = exec_form(instruction.text)
        words = [self._expanded(word, values, self._file.escape) for word in listed or instruction.text.split()]
        if len(words) < 2:  # noqa: PLR2004 (a source and a target)
            raise InputError(
                f"{instruction.keyword} {one_line(instruction.text)} has no target", hint="write SOURCE TARGET"
            )
        *sources, target = words
        documents = [document.name for document in instruction.heredocs]
        sources = [source for source in sources if not (documents and source.startswith("<<"))]
        whole = posixpath.normpath(posixpath.join(stage.folder, target))
        is_folder = target.endswith(("/", "/.")) or target == "." or len(sources) > 1
        copy = Copy(
            sources=tuple(sources),
            target=f"{whole.rstrip('/')}/" if is_folder else whole,
            line=instruction.line,
            stage=instruction.flag("from") or "",
        )
        return (copy,) if sources else ()


def _known(arguments: Mapping[str, str | None]) -> dict[str, str]:
    """Return the arguments that have a value."""
    return {name: value for name, value in arguments.items() if value is not None}


def _commanded(stage: Stage, instruction: Instruction) -> Stage:
    """Return a stage after an ENTRYPOINT or CMD."""
    command = _command(instruction, stage.shell)
    if instruction.keyword == "CMD":
        return replace(stage, command=command)
    # As docker does: an inherited CMD belongs to the inherited ENTRYPOINT.
    inherited = stage.command is not None and stage.command.line < stage.line
    return replace(stage, entrypoint=command, command=None if inherited else stage.command)


def _command(instruction: Instruction, shell: tuple[str, ...]) -> Command:
    words = exec_form(instruction.text)
    if words is None:
        return Command(words=(instruction.text,), line=instruction.line, shell=shell)
    return Command(words=words, line=instruction.line)


def _shell(text: str) -> tuple[str, ...]:
    words = exec_form(text)
    if not words:
        raise InputError(f"SHELL {one_line(text)} is not a list", hint='write SHELL ["/bin/bash", "-c"]')
    return words


def _mounts(instruction: Instruction) -> tuple[Mount, ...]:
    """Return the mounts of a RUN."""
    mounts = []
    for flag in instruction.flags:
        name, _, value = flag.partition("=")
        if name == "mount":
            keys = dict(part.partition("=")[::2] for part in value.split(","))
            mounts.append(Mount(type=keys.pop("type", "bind"), keys=keys))
    return tuple(mounts)
