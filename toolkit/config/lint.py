"""`[tool.comp.lint]`: which rules apply to the files below a pyproject.toml, and how severe their findings are.

It checks the form. Which rules there are is the linter's to know: `toolkit.lint.selection` looks them up.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError, Location
from toolkit.system.glob import Glob
from toolkit.system.moment import once
from toolkit.words import did_you_mean

LINT = ("tool", "comp", "lint")
LINT_KEYS = ("select", "ignore", "per-file-ignores", "severity", "registries")
# A host, perhaps with a port, and the beginning of a path on it.
_REGISTRY = re.compile(r"[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)*/?")
SEVERITIES = ("error", "warning", "info", "off")


class Selector(Struct, frozen=True, kw_only=True):
    """Rules as the settings or the command line name them: an id, the beginning of ids, or ALL; and where."""

    text: str
    where: Location | None = None


class PathIgnores(Struct, frozen=True, kw_only=True):
    """The rules that do not apply to files below `folder` whose paths match a pattern."""

    folder: Path
    pattern: str
    rules: tuple[Selector, ...]


class LintSettings(Struct, frozen=True, kw_only=True):
    """The settings that hold for one folder. `select`, `ignore` and `registries` are None if no table has them."""

    select: tuple[Selector, ...] | None = None
    ignore: tuple[Selector, ...] | None = None
    paths: tuple[PathIgnores, ...] = ()
    severity: tuple[tuple[Selector, str], ...] = ()
    registries: tuple[str, ...] | None = None


def lint_settings_of(folder: Path) -> LintSettings:
    """Return the settings of the files in a folder: those of its own pyproject.toml and of those above it.

    The nearest table that has a key counts; of `severity` and `per-file-ignores` that is each single entry. The search
    ends at the root of the version control. Raises InputError with the place of an invalid setting.
    """
    return _settings_of(Path(os.path.realpath(folder)))


def read_lint_settings(document: TomlDocument) -> LintSettings:
    """Return the settings of one pyproject.toml alone. Raises InputError with the place of an invalid one."""
    table = document.table(*LINT)
    document.check(table, LINT_KEYS, *LINT)
    return LintSettings(
        select=_selectors(document, table["select"], "select") if "select" in table else None,
        ignore=_selectors(document, table["ignore"], "ignore") if "ignore" in table else None,
        paths=tuple(_paths(document)),
        severity=tuple(_severities(document)),
        registries=_registries(document, table["registries"]) if "registries" in table else None,
    )


def _settings_of(folder: Path) -> LintSettings:
    """Return the settings of a folder by its real path; those of the folder above it if it has none itself."""

    def read() -> LintSettings:
        document = TomlDocument.read(folder / "pyproject.toml")
        own = read_lint_settings(document) if document and LINT[-1] in document.table(*LINT[:-1]) else None
        # What lies above the root of the repository is not the author's. In a worktree `.git` is a file.
        is_last = folder == folder.parent or (folder / ".git").exists()
        above = LintSettings() if is_last else _settings_of(folder.parent)
        return _merged(own, above) if own else above

    # Thousands of folders have the same parents.
    return once(("lint settings", folder), read)


def _merged(own: LintSettings, above: LintSettings) -> LintSettings:
    """Return the settings of a folder's own table, and those of the tables above it for the rest."""
    named = {selector.text for selector, _ in own.severity}
    kept = tuple((selector, value) for selector, value in above.severity if selector.text not in named)
    return LintSettings(
        select=above.select if own.select is None else own.select,
        ignore=above.ignore if own.ignore is None else own.ignore,
        paths=(*own.paths, *above.paths),
        severity=(*own.severity, *kept),
        registries=above.registries if own.registries is None else own.registries,
    )


def _selectors(document: TomlDocument, value: object, *keys: str) -> tuple[Selector, ...]:
    """Return a list of selectors with their places."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        hint = f'write {keys[0]} = ["C060"]' if len(keys) == 1 else f'write "{keys[-1]}" = ["C060"]'
        raise InputError(
            f"{keys[-1]} is not a list of rules", where=document.where_key(keys[-1], *LINT, *keys[:-1]), hint=hint
        )
    return tuple(Selector(text=item, where=document.where_item(item, *LINT, *keys)) for item in value)


def _registries(document: TomlDocument, value: object) -> tuple[str, ...]:
    """Return the list of registries."""
    if not isinstance(value, list) or not all(isinstance(item, str) and _REGISTRY.fullmatch(item) for item in value):
        raise InputError(
            "registries is not a list of hosts and paths",
            where=document.where_key("registries", *LINT),
            hint='write registries = ["registry.example.com/ml"], without https:// and without a tag',
        )
    return tuple(item.rstrip("/") for item in value)


def _paths(document: TomlDocument) -> Iterator[PathIgnores]:
    """Yield the entries of `per-file-ignores`."""
    key = "per-file-ignores"
    for pattern, rules in document.table(*LINT, key).items():
        if problem := _problem(pattern):
            raise InputError(
                f"{key} has an invalid pattern, {pattern!r}: {problem}",
                where=document.where_key(pattern, *LINT, key),
                hint='patterns are those of .dockerignore, such as "legacy/**"',
            )
        selectors = _selectors(document, rules, key, pattern)
        yield PathIgnores(folder=document.path.parent, pattern=pattern.removeprefix("./"), rules=selectors)


def _problem(pattern: str) -> str | None:
    """Return what is wrong with a pattern of files."""
    if not pattern.removeprefix("./") or pattern.startswith("/") or ".." in pattern.split("/"):
        return "it is not a path below the folder of this file"
    try:
        Glob.parse(pattern.removeprefix("./"))
    except ValueError as error:
        return str(error)
    return None


def _severities(document: TomlDocument) -> Iterator[tuple[Selector, str]]:
    """Yield the entries of `severity`."""
    table: dict[str, Any] = document.table(*LINT, "severity")
    for name, value in table.items():
        where = document.where_key(name, *LINT, "severity")
        if value not in SEVERITIES:
            hint = did_you_mean(str(value), SEVERITIES, otherwise=f"write one of {', '.join(SEVERITIES)}")
            raise InputError(f"the severity of {name} is {value!r}", where=where, hint=hint)
        yield Selector(text=name, where=where), value
