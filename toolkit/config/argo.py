"""`[tool.comp.argo]`: how a component's steps run on a cluster with Argo Workflows.

A repository's `[tool.comp.defaults.argo]` fills in what the component leaves out, key by key.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolkit.config.settings import repository_defaults
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError

# The account that an installation of Kubeflow Pipelines runs its steps as.
SERVICE_ACCOUNT = "pipeline-runner"
# The user of images without a user of their own. Argo's own containers in the pod get it too: they run as root
# otherwise, and a folder that they make for an input is closed to other users.
USER = 65532
_KEYS = (
    *("namespace", "service-account", "restricted", "run-as-user", "read-only-root", "image-pull-secrets"),
    *("node-selector", "tolerations", "retries", "retry-policy", "active-deadline-seconds", "secrets", "config-maps"),
    "s3-endpoint",
)
_TOLERATION = {
    "key": "key",
    "operator": "operator",
    "value": "value",
    "effect": "effect",
    "toleration-seconds": "tolerationSeconds",
}
_FILE_KEYS = ("name", "path", "key")
_POLICIES = ("Always", "OnFailure", "OnError", "OnTransientError")
_OPERATORS = ("Exists", "Equal")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
# RFC 1123 subdomains: the names of most objects in Kubernetes.
_OBJECT = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_HIGHEST = 2**31 - 1


class MountedFiles(Struct, frozen=True, kw_only=True):
    """A secret or a config map as files below `path`; with a `key`, that key as the one file at `path`."""

    name: str
    path: str
    key: str | None = None


def _empty() -> Mapping[str, str]:
    """Return the default of `node_selector`; before Python 3.12 a mapping proxy has no hash."""
    return MappingProxyType({})


class ArgoSettings(Struct, frozen=True, kw_only=True):
    """The settings of one component.

    `run_as_user` is None if the image or the namespace decides. `tolerations` are as Kubernetes writes them.
    `retries` is the most times that a failed step runs again. `s3_endpoint` is the URL at which this machine reaches
    the store of artifacts; pods may know it by another.
    """

    namespace: str | None = None
    service_account: str | None = SERVICE_ACCOUNT
    restricted: bool = True
    run_as_user: int | None = USER
    read_only_root: bool = False
    image_pull_secrets: tuple[str, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=_empty)
    tolerations: tuple[Mapping[str, str | int], ...] = ()
    retries: int | None = None
    retry_policy: str | None = None
    active_deadline_seconds: int | None = None
    secrets: tuple[MountedFiles, ...] = ()
    config_maps: tuple[MountedFiles, ...] = ()
    s3_endpoint: str | None = None


def argo_settings_beside(contract: Path) -> ArgoSettings:
    """Return the settings of the component whose contract this is; the built-in ones without a pyproject.toml."""
    # The contract of a further component lies one folder below.
    for folder in (contract.absolute().parent, contract.absolute().parent.parent):
        document = TomlDocument.read(folder / "pyproject.toml")
        if document and document.table("tool", "comp"):
            return read_argo_settings(document)
    return ArgoSettings()


def read_argo_settings(document: TomlDocument) -> ArgoSettings:
    """Return the settings of a component's pyproject.toml. Raises InputError with the place of an invalid one."""
    tables = [_Table(document=document, keys=("tool", "comp", "argo"))]
    if shared := repository_defaults(document):
        tables.append(_Table(document=shared, keys=("tool", "comp", "defaults", "argo")))
    for table in tables:
        table.check(table.values(), _KEYS)
    values: dict[str, Any] = {}
    # The repository's first, so that the component's own win.
    for table in reversed(tables):
        values |= _read(table)
    if "run_as_user" not in values:
        values["run_as_user"] = _user_of_image(document)
    return ArgoSettings(**values)


def _user_of_image(document: TomlDocument) -> int:
    """Return the number of the user that the component's image has, if it is in the settings, else the usual one."""
    user = document.table("tool", "comp").get("user")
    number = str(user).partition(":")[0]
    return int(number) if number.isascii() and number.isdigit() and int(number) else USER


class _Table(Struct, frozen=True, kw_only=True):
    """One table of settings, and where it stands. Reading a value raises InputError for one of another kind."""

    document: TomlDocument
    keys: tuple[str, ...]

    def values(self) -> Mapping[str, Any]:
        return self.document.table(*self.keys)

    def check(self, table: Mapping[str, Any], known: tuple[str, ...], *below: str) -> None:
        """Raise InputError for an unknown key."""
        self.document.check(table, known, *self.keys, *below)

    def wrong(self, key: str, expected: str, example: str) -> InputError:
        """Return the error for an invalid value."""
        value = self.values()[key]
        return InputError(
            f"{key} of [{'.'.join(self.keys)}] is {value!r}, expected {expected}",
            where=self.document.where(*self.keys, key),
            hint=f"write {key} = {example}",
        )

    def flag(self, key: str) -> bool:
        value = self.values()[key]
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false", "true")
        return value

    def number(self, key: str, least: int) -> int:
        value = self.values()[key]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _HIGHEST:
            raise self.wrong(key, f"a whole number from {least} on", str(least + 1))
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.values()[key]
        if value not in choices:
            raise self.wrong(key, f"one of {', '.join(choices)}", f'"{choices[0]}"')
        return str(value)

    def named(self, key: str) -> str:
        value = self.values()[key]
        if not _is_object(value):
            raise self.wrong(key, "the name of an object in Kubernetes", '"name"')
        return str(value)

    def names(self, key: str) -> tuple[str, ...]:
        value = self.values()[key]
        if not isinstance(value, list) or not all(_is_object(name) for name in value):
            raise self.wrong(key, "a list of names of objects in Kubernetes", '["name"]')
        return tuple(value)

    def texts(self, key: str) -> Mapping[str, str]:
        value = self.values()[key]
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise self.wrong(key, "a table of texts", '{ "kubernetes.io/arch" = "amd64" }')
        return MappingProxyType(value)

    def tables(self, key: str, known: tuple[str, ...], example: str) -> list[dict[str, Any]]:
        value = self.values()[key]
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "a list of tables", example)
        for item in value:
            self.check(item, known, key)
        return value


def _is_object(value: object) -> bool:
    """Whether a value is the name of an object."""
    return isinstance(value, str) and bool(_OBJECT.fullmatch(value))


def _read(table: _Table) -> dict[str, Any]:
    """Return the values that a table has, by the names of the record's fields."""
    readers: dict[str, Callable[[str], object]] = {
        "namespace": table.named,
        "service-account": table.named,
        "restricted": table.flag,
        "run-as-user": lambda key: _user(table, key),
        "read-only-root": table.flag,
        "image-pull-secrets": table.names,
        "node-selector": table.texts,
        "tolerations": lambda key: _tolerations(table, key),
        "retries": lambda key: table.number(key, 0),
        "retry-policy": lambda key: table.choice(key, _POLICIES),
        "active-deadline-seconds": lambda key: table.number(key, 1),
        "secrets": lambda key: _files(table, key),
        "config-maps": lambda key: _files(table, key),
        "s3-endpoint": lambda key: _endpoint(table, key),
    }
    return {key.replace("-", "_"): readers[key](key) for key in table.values()}


def _user(table: _Table, key: str) -> int | None:
    """Return the number of a user; None for `"image"`, which leaves it to the image or to the namespace."""
    return None if table.values()[key] == "image" else table.number(key, 0)


def _endpoint(table: _Table, key: str) -> str:
    """Return a URL."""
    value = table.values()[key]
    if not isinstance(value, str) or not re.fullmatch(r"https?://\S+", value):
        raise table.wrong(key, "a URL", '"http://127.0.0.1:9000"')
    return value


def _tolerations(table: _Table, key: str) -> tuple[Mapping[str, str | int], ...]:
    """Return tolerations as Kubernetes writes them."""
    example = '[{ key = "gpu", operator = "Exists", effect = "NoSchedule" }]'
    read = []
    for item in table.tables(key, tuple(_TOLERATION), example):
        texts = [value for name, value in item.items() if name != "toleration-seconds"]
        seconds = item.get("toleration-seconds", 0)
        fits = (
            all(isinstance(text, str) for text in texts)
            and isinstance(seconds, int)
            and item.get("operator", "Equal") in _OPERATORS
            and item.get("effect", "NoSchedule") in _EFFECTS
        )
        if not fits:
            raise table.wrong(key, f"operators {' or '.join(_OPERATORS)}, effects {', '.join(_EFFECTS)}", example)
        read.append(MappingProxyType({_TOLERATION[name]: value for name, value in item.items()}))
    return tuple(read)


def _files(table: _Table, key: str) -> tuple[MountedFiles, ...]:
    """Return secrets or config maps that become files."""
    example = '[{ name = "settings", path = "/etc/settings" }]'
    read = []
    for item in table.tables(key, _FILE_KEYS, example):
        name, path, part = item.get("name"), item.get("path"), item.get("key")
        absolute = isinstance(path, str) and re.fullmatch(r"/[^\0:]+", path) and ".." not in path.split("/")
        if not _is_object(name) or not absolute or not (part is None or (isinstance(part, str) and part)):
            raise table.wrong(key, "tables with a name, an absolute path and perhaps a key", example)
        read.append(MountedFiles(name=str(name), path=str(path), key=part))
    return tuple(read)
