"""The settings of a component whose image a Dockerfile describes: `dockerfile` of `[tool.comp]` and what goes with it.

Build arguments, secrets and ssh agents are written in the words of `docker build`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError, Location, UsageError

DOCKERFILE_KEYS = ("dockerfile", "context", "target", "build-args", "build-secrets", "build-ssh")
# Settings of the embedded builder: a Dockerfile that comp did not write says all of this itself.
NOT_BESIDE = (
    *("base", "build-base", "python", "system-site-packages", "bytecode", "estargz", "user"),
    *("exclude", "include", "requirements", "lock", "allow-builds", "system-packages"),
)
# As of a stage (Dockerfile reference, "FROM"), a variable, an id of a secret.
_TARGET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ARGUMENT = re.compile(r"[A-Za-z_]\w*")
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# What comp itself gives to steps has ids that begin like this.
_OWN = "comp-"
_T = TypeVar("_T")
_FILE_HINT = "dockerfile is its path from this folder"
_FORM = 'write it as "id=TOKEN,env=VARIABLE" or "id=TOKEN,src=FILE"'


class BuildSecret(Struct, frozen=True, kw_only=True):
    """A secret of a build by its id, and where its value is: a variable, or a file. Never the value itself."""

    id: str
    variable: str | None = None
    file: Path | None = None

    @property
    def place(self) -> str:
        """The place of its value, for messages."""
        return str(self.file) if self.file else f"the variable {self.variable}"


class SshAgent(Struct, frozen=True, kw_only=True):
    """Access to keys by its id: an agent's socket or a key's file, None for the agent of SSH_AUTH_SOCK."""

    id: str
    socket: Path | None = None


class DockerfileSettings(Struct, frozen=True, kw_only=True):
    """The Dockerfile of a component, and how it is built.

    `context` is the folder whose files COPY takes. `arguments` are build arguments, and None takes the value of
    the variable of that name. `where` is the place of the setting.
    """

    path: Path
    context: Path
    where: Location
    target: str | None = None
    arguments: Mapping[str, str | None] = MappingProxyType({})
    secrets: tuple[BuildSecret, ...] = ()
    ssh: tuple[SshAgent, ...] = ()

    def check(self) -> None:
        """Raise InputError if the Dockerfile is missing."""
        if not self.path.is_file():
            raise InputError(f"there is no Dockerfile {self.path}", where=self.where, hint=_FILE_HINT)


class DockerfileOptions(Struct, frozen=True, kw_only=True):
    """What the command line says about one build of a Dockerfile, on top of the settings."""

    target: str | None = None
    arguments: Mapping[str, str | None] = MappingProxyType({})
    secrets: tuple[BuildSecret, ...] = ()
    ssh: tuple[SshAgent, ...] = ()

    def applied(self, settings: DockerfileSettings) -> DockerfileSettings:
        """Return the settings with these options; of two secrets with one id the option's counts."""
        return replace(
            settings,
            target=self.target or settings.target,
            arguments={**settings.arguments, **self.arguments},
            secrets=tuple({each.id: each for each in (*settings.secrets, *self.secrets)}.values()),
            ssh=tuple({each.id: each for each in (*settings.ssh, *self.ssh)}.values()),
        )


def read_dockerfile(document: TomlDocument) -> DockerfileSettings | None:
    """Return the settings of a component that has a Dockerfile, None for one without.

    Raises InputError for an invalid one, and for settings that do not go with it.
    """
    keys = ("tool", "comp")
    table = document.table(*keys)
    if "dockerfile" not in table:
        for key in DOCKERFILE_KEYS:
            if key in table:
                raise InputError(
                    f"{key} is a setting of components with a Dockerfile, and this one has none",
                    where=document.where(*keys, key),
                    hint='write dockerfile = "Dockerfile" too, or leave it out',
                )
        return None
    for key in () if is_owned(table) else NOT_BESIDE:
        if key in table:
            raise InputError(
                f"{key} does not go with dockerfile: the Dockerfile decides that",
                where=document.where(*keys, key),
                hint="leave one of them out",
            )
    folder = document.path.parent
    target = document.string(*keys, "target")
    if "target" in table and not _TARGET.fullmatch(target):
        raise InputError(f"target is {target!r}, not the name of a stage", where=document.where(*keys, "target"))
    return DockerfileSettings(
        path=_file(document, folder),
        context=_context(document, folder),
        where=document.where(*keys, "dockerfile"),
        target=target or None,
        arguments=_arguments(document),
        secrets=tuple(
            _at(document, "build-secrets", text, lambda text: parse_secret(text, folder))
            for text in document.strings(*keys, "build-secrets")
        ),
        ssh=tuple(
            _at(document, "build-ssh", text, lambda text: parse_ssh(text, folder))
            for text in document.strings(*keys, "build-ssh")
        ),
    )


def is_owned(table: Mapping[str, object]) -> bool:
    """Return whether a table with a Dockerfile also says what the component runs, as for `comp dockerfile`.

    Then comp knows its code and its packages, and writes contract and lock; only the image is the Dockerfile's.
    """
    return "entrypoint" in table or "command" in table


def parse_options(
    target: str | None, arguments: Sequence[str], secrets: Sequence[str], ssh: Sequence[str], folder: Path
) -> DockerfileOptions:
    """Read the options of a command line; paths are relative to `folder`. Raises UsageError."""
    return DockerfileOptions(
        target=target,
        arguments=dict(_usage("--build-arg", text, parse_argument) for text in arguments),
        secrets=tuple(_usage("--secret", text, lambda text: parse_secret(text, folder)) for text in secrets),
        ssh=tuple(_usage("--ssh", text, lambda text: parse_ssh(text, folder)) for text in ssh),
    )


def parse_argument(text: str) -> tuple[str, str | None]:
    """Read `NAME=VALUE`, or `NAME` for the value of that variable. Raises ValueError."""
    name, equals, value = text.partition("=")
    if not _ARGUMENT.fullmatch(name):
        raise ValueError("write it as NAME=VALUE, or NAME to take the value of that variable")
    return name, value if equals else None


def parse_secret(text: str, folder: Path) -> BuildSecret:
    """Read `id=ID[,src=FILE|,env=NAME]`; alone, an id is that of the variable of its name. Raises ValueError."""
    parts = dict(part.strip().partition("=")[::2] for part in text.split(","))
    # Docker has three words for a file, and a type that follows from the rest.
    files = [parts.pop(key) for key in ("src", "source", "file") if key in parts]
    kind, identity, variable = (parts.pop(key, "") for key in ("type", "id", "env"))
    if parts or len(files) + bool(variable) > 1 or not _ID.fullmatch(identity) or kind not in {"", "env", "file"}:
        raise ValueError(_FORM)
    if identity.startswith(_OWN):
        raise ValueError(f"ids that begin with {_OWN} are comp's own: choose another one")
    if files:
        return BuildSecret(id=identity, file=_path(files[0], folder))
    return BuildSecret(id=identity, variable=variable or identity)


def parse_ssh(text: str, folder: Path) -> SshAgent:
    """Read `ID[=SOCKET]`, such as `default`. Raises ValueError."""
    identity, _, socket = text.partition("=")
    if not _ID.fullmatch(identity):
        raise ValueError('write it as "default", or "ID=SOCKET"')
    return SshAgent(id=identity, socket=_path(socket, folder) if socket else None)


def _file(document: TomlDocument, folder: Path) -> Path:
    """Return the path of the Dockerfile. Raises InputError if it is empty."""
    name = document.string("tool", "comp", "dockerfile")
    if not name:
        raise InputError("dockerfile is empty", where=document.where("tool", "comp", "dockerfile"), hint=_FILE_HINT)
    return folder / name


def _context(document: TomlDocument, folder: Path) -> Path:
    """Return the folder of the context: the component's own, or one in or above it within its repository.

    Raises InputError for any other.
    """
    text = document.string("tool", "comp", "context")
    context = (folder / text).resolve()
    root = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    related = context.is_relative_to(folder) or folder.is_relative_to(context)
    if not context.is_dir() or not related or (root and not context.is_relative_to(root)):
        raise InputError(
            f"context is {text!r}, which is not a folder in or above the component, in its repository",
            where=document.where("tool", "comp", "context"),
            hint='write it as "..", from this folder',
        )
    return context


def _arguments(document: TomlDocument) -> dict[str, str | None]:
    """Return the build arguments. Raises InputError for one that is not a text."""
    found: dict[str, str | None] = {}
    for name, value in document.table("tool", "comp", "build-args").items():
        where = document.where_key(name, "tool", "comp", "build-args")
        if not _ARGUMENT.fullmatch(name):
            raise InputError(f"{name!r} is not the name of a build argument", where=where)
        if not isinstance(value, str):
            raise InputError(
                f"the build argument {name} is not a string: {value!r}", where=where, hint="put it in quotes"
            )
        found[name] = value
    return found


def _at(document: TomlDocument, key: str, text: str, parse: Callable[[str], _T]) -> _T:
    """Return a parsed item of a list. Raises InputError with its place."""
    try:
        return parse(text)
    except ValueError as error:
        # The text is not repeated: people write the secret itself there.
        raise InputError(
            f"an item of {key} cannot be read", where=document.where_item(text, "tool", "comp", key), hint=str(error)
        ) from None


def _usage(option: str, text: str, parse: Callable[[str], _T]) -> _T:
    """Return a parsed option. Raises UsageError."""
    try:
        return parse(text)
    except ValueError as error:
        # The text is not repeated: people write the secret itself there.
        raise UsageError(f"invalid {option}: it has another form", hint=str(error)) from None


def _path(text: str, folder: Path) -> Path:
    """Return a path as a shell would, from a folder. Raises ValueError for none."""
    if not text:
        raise ValueError("name a file")
    try:
        return folder / Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from None
