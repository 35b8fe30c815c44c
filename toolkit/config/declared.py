"""Read what a component declares about where it runs: `resources`, `env` and `secrets` of `[tool.comp]`.

Defaults of the repository are completed by the component's own tables, key by key.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from toolkit.config.toml import TomlDocument
from toolkit.declared.model import Declared
from toolkit.declared.reading import Problem, Problems, read_env, read_resources, read_secrets
from toolkit.errors import Finding, FindingsError, Location, Severity

DECLARED_KEYS = ("resources", "env", "secrets")


class _Tables(Struct, frozen=True, kw_only=True):
    """The merged tables, and the document and path that each of their keys comes from."""

    data: Mapping[str, Any]
    origins: Mapping[tuple[str, ...], tuple[TomlDocument, tuple[str, ...]]]

    def where(self, keys: tuple[str, ...]) -> Location:
        """Return the place of a key."""
        for depth in range(len(keys), 0, -1):
            if origin := self.origins.get(keys[:depth]):
                document, path = origin
                return document.where(*path, *keys)
        raise LookupError(keys)


def read_declared(own: TomlDocument, path: tuple[str, ...], defaults: TomlDocument | None) -> Declared:
    """Return what the table at `path` of a component's document declares, on top of its repository's defaults.

    Raises FindingsError with every problem: S001, or S002 for a constant that looks like a secret.
    """
    tables = _merged(own, path, defaults)
    problems = Problems()
    resources = read_resources(tables.data["resources"], problems)
    constants, from_config_maps = read_env(tables.data["env"], problems)
    secrets = read_secrets(tables.data["secrets"], problems)
    for name in secrets:
        if name in constants or name in from_config_maps:
            problems.add(("secrets", name), f"the variable {name} is in both env and secrets", "remove one of them")
    if problems.found:
        raise FindingsError(tuple(_finding(problem, tables) for problem in problems.found))
    return Declared(resources=resources, constants=constants, references={**secrets, **from_config_maps})


def where_declared(own: TomlDocument, path: tuple[str, ...], defaults: TomlDocument | None, *keys: str) -> Location:
    """Return the place of a declaration, such as `env.LEVEL`."""
    return _merged(own, path, defaults).where(keys)


def _merged(own: TomlDocument, path: tuple[str, ...], defaults: TomlDocument | None) -> _Tables:
    """Return the tables of the component, completed by the defaults."""
    sources = [(defaults, ("tool", "comp", "defaults"))] if defaults else []
    data: dict[str, Any] = {}
    origins: dict[tuple[str, ...], tuple[TomlDocument, tuple[str, ...]]] = {}
    for key in DECLARED_KEYS:
        data[key] = {}
        for document, place in (*sources, (own, path)):
            table = document.table(*place, key)
            data[key] |= table
            origins |= dict.fromkeys([(key,), *((key, name) for name in table)], (document, place))
    return _Tables(data=data, origins=origins)


def _finding(problem: Problem, tables: _Tables) -> Finding:
    """Return a problem as a finding with its place."""
    return Finding(
        rule="S002" if problem.secret else "S001",
        severity=Severity.ERROR,
        message=problem.message,
        where=tables.where(problem.keys),
        help=problem.hint,
    )
