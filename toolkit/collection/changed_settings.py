"""Whether settings changed that decide a component: its own, and those that it takes from folders above.

Settings are compared as they are read: a comment, an order or the settings of another tool are no change.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.config.toml import TomlDocument

_PYPROJECT = "pyproject.toml"
# What `read_project` takes of [project].
_PROJECT = {
    *("name", "version", "description", "requires-python", "dependencies", "authors", "license", "urls", "dynamic"),
}
# Settings of uv for development alone; members of a workspace are compared by `requirements.follow`.
_NOT_DECIDING = {"dev-dependencies", "default-groups", "dependency-groups", "managed", "package", "workspace"}


def same_settings(old: TomlDocument | None, new: TomlDocument) -> bool:
    """Whether a component's own pyproject.toml says the same as before."""
    return old is not None and _own(old) == _own(new)


def _own(document: TomlDocument) -> tuple[object, ...]:
    """Return the settings in a component's pyproject.toml that decide it."""
    others = {"workspace", "registries"}
    comp = {key: value for key, value in _table(document, "tool", "comp").items() if key not in others}
    return _project(document), comp, _uv(document), _table(document, "tool", "uv", "sources")


class ParentChange(Struct, frozen=True, kw_only=True):
    """What changed in a settings file above components: what they may take from it.

    `defaults` are keys of `[tool.comp.defaults]`, `sources` names in `[tool.uv.sources]`; `project` marks `[project]`,
    and `packages` what decides how packages are chosen.
    """

    path: Path
    defaults: frozenset[str]
    sources: frozenset[str]
    project: bool
    packages: bool

    def reaches(self, own: TomlDocument, requires: frozenset[str]) -> bool:
        """Whether it changes something for the component with this document, which requires these packages."""
        between = list(_between(own, self.path.parent))
        # Its own value counts before a default; tables are joined.
        comp = _table(own, "tool", "comp")
        keys = {key for key in self.defaults if key not in comp or isinstance(comp[key], dict)}
        return bool(
            (keys and not any("defaults" in _table(document, "tool", "comp") for document in between))
            or (self.project and not any("project" in document.data for document in between))
            or (self.packages and requires)
            or self.sources & requires
        )


def parent_changes(
    old: Mapping[Path, TomlDocument | None], uv_files: Mapping[Path, TomlDocument | None]
) -> list[ParentChange]:
    """Return what components below may notice of changed pyproject.toml and uv.toml files, given as they were."""
    found = []
    for path, before in old.items():
        change = _parent_change(path, before or _empty(path), _now(path))
        if change.defaults or change.sources or change.project or change.packages:
            found.append(change)
    for path, before in uv_files.items():
        if (before or _empty(path)).data != _now(path).data:
            nothing: frozenset[str] = frozenset()
            found.append(ParentChange(path=path, defaults=nothing, sources=nothing, project=False, packages=True))
    return found


def _parent_change(path: Path, old: TomlDocument, new: TomlDocument) -> ParentChange:
    """Compare two states of a pyproject.toml above components."""
    locks = [_table(document, "tool", "comp", "workspace").get("lock") for document in (old, new)]
    return ParentChange(
        path=path,
        defaults=_differing(*(_table(document, "tool", "comp", "defaults") for document in (old, new))),
        sources=_differing(*(_table(document, "tool", "uv", "sources") for document in (old, new))),
        project=_project(old) != _project(new),
        packages=_uv(old) != _uv(new) or locks[0] != locks[1],
    )


def _between(own: TomlDocument, top: Path) -> Iterator[TomlDocument]:
    """Yield the documents from a component's own up to, and without, the one in `top`."""
    yield own
    for place in own.path.parent.parents:
        if place == top:
            return
        if document := TomlDocument.read(place / _PYPROJECT):
            yield document


def _now(path: Path) -> TomlDocument:
    """Return the document on the disk, an empty one if it is missing."""
    return TomlDocument.read(path) or _empty(path)


def _empty(path: Path) -> TomlDocument:
    return TomlDocument(path=path, text="", data={})


def _project(document: TomlDocument) -> dict[str, Any]:
    """Return what `[project]` says about a component."""
    table = {key: value for key, value in _table(document, "project").items() if key in _PROJECT}
    dependencies = table.get("dependencies")
    # In any order, as for the lock.
    return table | {"dependencies": sorted(map(str, dependencies))} if isinstance(dependencies, list) else table


def _uv(document: TomlDocument) -> dict[str, Any]:
    """Return uv's settings that decide which packages are chosen, without sources."""
    table = _table(document, "tool", "uv")
    return {key: value for key, value in table.items() if key not in _NOT_DECIDING and key != "sources"}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys whose values differ."""
    return frozenset(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def _table(document: TomlDocument, *keys: str) -> dict[str, Any]:
    """Return a nested table, empty if it is missing or not a table: its reader reports that."""
    value: Any = document.data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
