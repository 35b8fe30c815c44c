"""The settings of a component: standard `[project]` metadata and `[tool.comp]`."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name

from toolkit.errors import InputError, Location

DEFAULT_PLATFORM = "linux/amd64"
LOWEST_MINOR = 10

_ENTRY_KEYS = ("entrypoint", "command", "title")
_SHARED_KEYS = ("base", "platforms", "namespace", "python", "system-site-packages", "user")
_COMPONENT_KEYS = (*_ENTRY_KEYS, *_SHARED_KEYS, "image", "components", "defaults")
_VARIABLES = {
    "image": "COMP_IMAGE",
    "base": "COMP_BASE",
    "platforms": "COMP_PLATFORMS",
    "namespace": "COMP_NAMESPACE",
    "python": "COMP_PYTHON",
    "user": "COMP_USER",
}
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ENTRYPOINT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One component of an image: a function (`entrypoint`, `module:function`) or a program (`command`).

    `name` is the component's name (`train-model`), `contract` the path of its component.yaml.
    """

    name: str
    contract: Path
    entrypoint: str | None = None
    command: tuple[str, ...] = ()
    title: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A component folder, read: what `[project]` and `[tool.comp]` say, defaults and environment applied.

    `folder` is the component's folder, `pyproject` the file that holds `[project]` (in the folder or above).
    `entries` has the main component first. `base` is None where nothing names one: then the lowest Python
    minor that `requires_python` allows, at least 3.10, decides (`default_base`). `base_overridden` says that
    the command line or the environment named it: such a base is never recorded in the lock.
    """

    folder: Path
    pyproject: Path
    name: str
    version: str
    description: str
    requires_python: str
    dependencies: tuple[str, ...]
    authors: tuple[str, ...]
    license: str | None
    urls: tuple[tuple[str, str], ...]
    namespace: str | None
    image: str | None
    base: str | None
    base_overridden: bool
    platforms: tuple[str, ...]
    python: str | None
    system_site_packages: bool
    user: str | None
    entries: tuple[Entry, ...]

    @property
    def source_folder(self) -> Path:
        """Where the component's own code lies: `src` when there is one, else the folder itself."""
        source = self.folder / "src"
        return source if source.is_dir() else self.folder

    def module_of(self, entry: Entry) -> tuple[Path, str]:
        """Find the file and the function of an entry point. Raises InputError when there is no such file."""
        module, _, function = (entry.entrypoint or "").partition(":")
        stem = self.source_folder.joinpath(*module.split("."))
        for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
            if candidate.is_file():
                return candidate, function
        raise InputError(
            f"the module {module!r} of the entry point {entry.entrypoint!r} is not in {self.source_folder}",
            where=Location(path=self.folder / "pyproject.toml"),
            hint=f"expected the file {stem.name}.py there",
        )


def read_project(
    folder: Path, *, overrides: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None
) -> Project:
    """Read the component in `folder`: `[project]` and `[tool.comp]`, the repository's defaults, the environment.

    Order: `overrides` (the command line, keys as in `[tool.comp]`), `COMP_*` of `environ` (default
    `os.environ`), the component, `[tool.comp.defaults]` of the nearest ancestor, the built-in value. Raises
    InputError with file and line for what is missing, unknown or of the wrong type.
    """
    environ = os.environ if environ is None else environ
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}", hint="give the folder of a component")
    folder = folder.resolve()
    own = _Document.read(folder / "pyproject.toml")
    settings = own.table("tool", "comp") if own else {}
    if own is None or not settings:
        raise InputError(
            f"{folder} is not a component: no [tool.comp] in its pyproject.toml",
            hint="`comp new NAME --from-function FILE.py:FUNCTION` makes one",
        )
    own.check(settings, _COMPONENT_KEYS, "tool.comp")
    metadata = own if "project" in own.data else _first_ancestor(folder, "project")
    if metadata is None:
        raise InputError("no [project] here or above", where=own.where(), hint="add [project] with name and version")
    project = metadata.table("project")
    merged = _merged(own, settings, folder, overrides or {}, environ)
    name = _component_name(project, metadata)
    prefix = environ.get("COMP_IMAGE_PREFIX", "").rstrip("/")
    return Project(
        folder=folder,
        pyproject=metadata.path,
        name=name,
        version=_version(project, metadata),
        description=_text(project.get("description", ""), metadata, "description") or "",
        requires_python=_requires_python(project, metadata),
        dependencies=_texts(project.get("dependencies", []), metadata, "dependencies"),
        authors=_authors(project),
        license=_license(project),
        urls=tuple((str(key), str(value)) for key, value in dict(project.get("urls", {})).items()),
        namespace=_text(merged.get("namespace"), own, "namespace"),
        image=_text(merged.get("image"), own, "image") or (f"{prefix}/{name}" if prefix else None),
        base=_text(merged.get("base"), own, "base"),
        base_overridden="base" in (overrides or {}) or bool(environ.get("COMP_BASE")),
        platforms=_texts(merged.get("platforms", [DEFAULT_PLATFORM]), own, "platforms") or (DEFAULT_PLATFORM,),
        python=_text(merged.get("python"), own, "python"),
        system_site_packages=_flag(merged.get("system-site-packages", False), own),
        user=_text(merged.get("user"), own, "user"),
        entries=_entries(settings, own, name),
    )


def default_base(project: Project) -> str:
    """Name the official Python image of the lowest minor that `requires-python` allows, at least 3.10."""
    wanted = SpecifierSet(project.requires_python)
    for minor in range(LOWEST_MINOR, LOWEST_MINOR + 20):
        if any(wanted.contains(f"3.{minor}.{patch}") for patch in (0, 30)):
            return f"python:3.{minor}-slim"
    raise InputError(
        f"no Python 3 from 3.{LOWEST_MINOR} on satisfies requires-python {project.requires_python!r}",
        where=Location(path=project.pyproject),
        hint="change requires-python, or name a base in [tool.comp]",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Document:
    """A pyproject.toml: its path, its text for finding lines, and its data."""

    path: Path
    text: str
    data: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "_Document | None":
        try:
            text = path.read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise InputError("not UTF-8", where=Location(path=path)) from error
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=Location(path=path)) from error
        try:
            return cls(path=path, text=text, data=tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            line, column = (int(place[1]), int(place[2])) if place else (None, None)
            message = str(error).partition(" (at ")[0]
            raise InputError(
                f"not valid TOML: {message}", where=Location(path=path, line=line, column=column)
            ) from None

    def table(self, *keys: str) -> dict[str, Any]:
        """Return a nested table, empty when it is missing; anything but a table is an error."""
        value: Any = self.data
        for key in keys:
            value = value.get(key, {})
            if not isinstance(value, dict):
                raise InputError(f"[{'.'.join(keys)}] is not a table", where=self.where(key))
        return cast("dict[str, Any]", value)

    def where(self, key: str | None = None) -> Location:
        """Find the line that sets `key` or opens its table."""
        if key is None:
            return Location(path=self.path)
        name = re.escape(key)
        found = re.search(rf"^\s*(?:\[[^\]]*\b)?(\"?{name}\"?)\s*(?:=|\.|\])", self.text, re.MULTILINE)
        if found is None:
            return Location(path=self.path)
        line = self.text.count("\n", 0, found.start(1)) + 1
        column = found.start(1) - (self.text.rfind("\n", 0, found.start(1)) + 1) + 1
        return Location(path=self.path, line=line, column=column)

    def check(self, table: Mapping[str, Any], known: Iterable[str], name: str) -> None:
        """Refuse keys that nobody reads."""
        for key in table:
            if key not in known:
                close = get_close_matches(key, list(known), n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
                raise InputError(f"unknown key {key!r} in [{name}]", where=self.where(key), hint=hint)


def _merged(
    own: _Document, settings: Mapping[str, Any], folder: Path, overrides: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    if shared := _defaults(own, folder):
        document, table = shared
        document.check(table, _SHARED_KEYS, "tool.comp.defaults")
        merged.update(table)
    merged.update({key: value for key, value in settings.items() if key in _SHARED_KEYS or key == "image"})
    for key, variable in _VARIABLES.items():
        if value := environ.get(variable):
            merged[key] = [part.strip() for part in value.split(",")] if key == "platforms" else value
    for key, value in overrides.items():
        merged[key] = [part.strip() for part in value.split(",")] if key == "platforms" else value
    return merged


def _defaults(own: _Document, folder: Path) -> tuple[_Document, dict[str, Any]] | None:
    for place in (folder, *folder.parents):
        document = own if place == folder else _Document.read(place / "pyproject.toml")
        if document and (table := document.table("tool", "comp", "defaults")):
            return document, table
        if (place / ".git").exists():
            break
    return None


def _first_ancestor(folder: Path, key: str) -> _Document | None:
    for place in folder.parents:
        document = _Document.read(place / "pyproject.toml")
        if document and key in document.data:
            return document
        if (place / ".git").exists():
            break
    return None


def _component_name(project: Mapping[str, Any], document: _Document) -> str:
    name = project.get("name")
    if not isinstance(name, str):
        raise InputError("[project] has no name", where=document.where("project"), hint='add name = "…"')
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName as error:
        raise InputError(
            f"{name!r} is not a project name", where=document.where("name"), hint="use letters, digits, - _ ."
        ) from error


def _version(project: Mapping[str, Any], document: _Document) -> str:
    version = project.get("version")
    if not isinstance(version, str) or not version.strip():
        raise InputError(
            "[project] has no version", where=document.where("project"), hint='add version = "0.1.0" (static)'
        )
    return version.strip()


def _requires_python(project: Mapping[str, Any], document: _Document) -> str:
    text = _text(project.get("requires-python", f">=3.{LOWEST_MINOR}"), document, "requires-python") or ""
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier as error:
        raise InputError(
            f"requires-python is {text!r}, not a version specifier",
            where=document.where("requires-python"),
            hint='write it as ">=3.11"',
        ) from error


def _authors(project: Mapping[str, Any]) -> tuple[str, ...]:
    people = project.get("authors", [])
    if not isinstance(people, list):
        return ()
    return tuple(
        " ".join(filter(None, (person.get("name"), f"<{person['email']}>" if person.get("email") else None)))
        for person in people
        if isinstance(person, dict)
    )


def _license(project: Mapping[str, Any]) -> str | None:
    text = project.get("license")
    if isinstance(text, dict):
        text = text.get("text")
    return text if isinstance(text, str) else None


def _entries(settings: Mapping[str, Any], document: _Document, name: str) -> tuple[Entry, ...]:
    folder = document.path.parent
    entries = [_entry(settings, document, name, folder / "component.yaml", table="tool.comp")]
    for other, table in document.table("tool", "comp", "components").items():
        key = f"tool.comp.components.{other}"
        if not isinstance(table, dict):
            raise InputError(f"[{key}] is not a table", where=document.where(other))
        document.check(table, _ENTRY_KEYS, key)
        if not _NAME.fullmatch(other) or other == name:
            problem = "is the main component's own name" if other == name else "is not a component name"
            raise InputError(f"{other!r} {problem}", where=document.where(other), hint="lower case, digits and - only")
        entries.append(_entry(table, document, other, folder / "components" / f"{other}.yaml", table=key))
    return tuple(entries)


def _entry(settings: Mapping[str, Any], document: _Document, name: str, contract: Path, *, table: str) -> Entry:
    entrypoint = _text(settings.get("entrypoint"), document, "entrypoint")
    command = _texts(settings.get("command", []), document, "command")
    if bool(entrypoint) == bool(command):
        raise InputError(
            f"[{table}] needs either entrypoint or command" + (", not both" if command else ""),
            where=document.where("command" if command else table.rpartition(".")[2]),
            hint='entrypoint = "module:function", or command = ["python", "program.py"]',
        )
    if entrypoint and not _ENTRYPOINT.fullmatch(entrypoint):
        raise InputError(
            f"entrypoint is {entrypoint!r}", where=document.where("entrypoint"), hint="write it as module:function"
        )
    return Entry(
        name=name,
        contract=contract,
        entrypoint=entrypoint,
        command=command,
        title=_text(settings.get("title"), document, "title"),
    )


def _text(value: object, document: _Document, key: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InputError(f"{key} is not a string: {value!r}", where=document.where(key), hint="put it in quotes")
    return value or None


def _texts(value: object, document: _Document, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{key} is not a list of strings", where=document.where(key), hint=f'write {key} = ["…"]')
    return tuple(value)


def _flag(value: object, document: _Document) -> bool:
    if not isinstance(value, bool):
        key = "system-site-packages"
        raise InputError(f"{key} is neither true nor false: {value!r}", where=document.where(key))
    return value
