"""The settings of a component: standard `[project]` metadata and `[tool.comp]`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidName, canonicalize_name

from toolkit.errors import InputError, Location
from toolkit.toml import Document

DEFAULT_PLATFORM = "linux/amd64"
LOWEST_MINOR = 10

_ENTRY_KEYS = ("entrypoint", "command", "title")
_SHARED_KEYS = (
    *("base", "build-base", "platforms", "namespace", "python"),
    *("system-site-packages", "user", "bytecode", "estargz"),
)
_OWN_KEYS = ("image", "exclude", "include", "requirements", "lock", "allow-builds")
_COMPONENT_KEYS = (*_ENTRY_KEYS, *_SHARED_KEYS, *_OWN_KEYS, "components", "defaults")
_VARIABLES = {
    "image": "COMP_IMAGE",
    "base": "COMP_BASE",
    "build-base": "COMP_BUILD_BASE",
    "platforms": "COMP_PLATFORMS",
    "namespace": "COMP_NAMESPACE",
    "python": "COMP_PYTHON",
    "user": "COMP_USER",
    "bytecode": "COMP_BYTECODE",
    "estargz": "COMP_ESTARGZ",
}
_LATEST_PATCH = 40
# The usual form of a requirement; the parser of all forms takes longer to import than all else here to run.
_VERSION_CLAUSE = r" *(?:==|!=|<=|>=|<|>) *[0-9]{1,9}(?:\.[0-9]{1,9})* *"
USUAL_REQUIREMENT = re.compile(
    rf"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:{_VERSION_CLAUSE}(?:,{_VERSION_CLAUSE})*)?"
)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ENTRYPOINT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*")
# What a setting's text looks like, and how to say so.
_FORMS = {
    "platforms": (re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9]+)?"), "a platform such as linux/amd64"),
    "namespace": (re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*"), "a namespace: lower case, digits, and . _ - between"),
    "python": (re.compile(r"/\S+"), "the absolute path of a Python in the base"),
    "user": (re.compile(r"[^\s:]+(?::[^\s:]+)?"), 'a user, such as "65532" or "65532:65532"'),
    "image": (re.compile(r"\S+"), "the name of an image"),
    "exclude": (re.compile(r"[^\n]*\S[^\n]*"), "a pattern of files, as in .dockerignore"),
    "requirements": (
        re.compile(r"(?:.*/)?(?:[^/]+\.txt|uv\.lock|pylock(?:\.[^/.]+)?\.toml)"),
        "a .txt, uv.lock or pylock.toml",
    ),
    "lock": (re.compile(r"requirements\.lock|pylock\.toml"), "requirements.lock or pylock.toml"),
    "allow-builds": (re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"), "the name of a package"),
    "include": (re.compile(r"[^\n]*\S[^\n]*"), "a pattern of files, as in .dockerignore"),
    "base": (re.compile(r"(?:layout:|archive:).+|\S+"), "an image, layout:DIR or archive:FILE"),
    "build-base": (re.compile(r"(?:layout:|archive:).+|\S+"), "an image, layout:DIR or archive:FILE"),
}


def is_form_of(text: str, key: str) -> bool:
    """Tell whether a text is what the setting `key` may be."""
    return key not in _FORMS or bool(_FORMS[key][0].fullmatch(text))


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
    the command line or the environment named it: such a base is never recorded in the lock. `build_base` is the image
    in whose containers wheels are built that need one, None for the base itself. `requirements` is a file that another
    tool locked, `lock` the one that `comp lock` writes. `allow_builds` names packages that may be built from source.
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
    build_base: str | None
    platforms: tuple[str, ...]
    python: str | None
    system_site_packages: bool
    bytecode: bool
    estargz: bool
    user: str | None
    exclude: tuple[str, ...]
    include: tuple[str, ...]
    requirements: Path | None
    lock: Path
    entries: tuple[Entry, ...]
    allow_builds: tuple[str, ...] = ()

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
            where=self._where(entry),
            hint=f"expected the file {stem.name}.py there",
        )

    def _where(self, entry: Entry) -> Location:
        path = self.folder / "pyproject.toml"
        document = Document.read(path)
        further = () if entry is self.entries[0] else ("components", entry.name)
        return document.where("tool", "comp", *further, "entrypoint") if document else Location(path=path)


def read_project(
    folder: Path, *, overrides: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None
) -> Project:
    """Read the component in `folder`: `[project]` and `[tool.comp]`, the repository's defaults, the environment.

    Order: `overrides` (the command line, keys as in `[tool.comp]`), `COMP_*` of `environ` (default
    `os.environ`), the component, `[tool.comp.defaults]` of the nearest ancestor, the built-in value. Raises
    InputError with file and line for what is missing, unknown or of the wrong type.
    """
    environ = os.environ if environ is None else environ
    overrides = overrides or {}
    own = _component_document(folder)
    folder = own.path.parent
    metadata = own if "project" in own.data else _first_ancestor(folder, "project")
    if metadata is None:
        raise InputError(
            "there is no [project] here or above", where=Location(path=own.path), hint="add it, with name and version"
        )
    project = metadata.table("project")
    settings = _Settings(values=_merged(own, overrides, environ))
    name = _component_name(project, metadata)
    prefix = environ.get("COMP_IMAGE_PREFIX", "").rstrip("/")
    return Project(
        folder=folder,
        pyproject=metadata.path,
        name=name,
        version=_version(project, metadata),
        description=metadata.string("project", "description"),
        requires_python=_requires_python(metadata),
        dependencies=_dependencies(metadata),
        authors=_authors(project, metadata),
        license=_license(project),
        urls=tuple((key, url) for key, url in metadata.table("project", "urls").items() if isinstance(url, str)),
        namespace=settings.text("namespace"),
        image=settings.text("image") or (f"{prefix}/{name}" if prefix else None),
        base=settings.text("base"),
        base_overridden="base" in overrides or bool(environ.get("COMP_BASE")),
        build_base=settings.text("build-base"),
        platforms=settings.texts("platforms") or (DEFAULT_PLATFORM,),
        python=settings.text("python"),
        system_site_packages=settings.flag("system-site-packages"),
        bytecode=settings.flag("bytecode", default=True),
        estargz=settings.flag("estargz"),
        user=settings.text("user"),
        exclude=settings.texts("exclude"),
        include=settings.texts("include"),
        requirements=folder / requirements if (requirements := settings.text("requirements")) else None,
        lock=folder / (settings.text("lock") or "requirements.lock"),
        entries=_entries(own, name),
        allow_builds=tuple(canonicalize_name(text) for text in settings.texts("allow-builds")),
    )


def default_base(project: Project) -> str:
    """Name the official Python image of the lowest minor that `requires-python` allows, at least 3.10."""
    wanted = SpecifierSet(project.requires_python)
    for minor in range(LOWEST_MINOR, LOWEST_MINOR + 20):
        if any(wanted.contains(f"3.{minor}.{patch}") for patch in range(_LATEST_PATCH)):
            return f"python:3.{minor}-slim"
    raise InputError(
        f"no Python 3 from 3.{LOWEST_MINOR} on satisfies requires-python {project.requires_python!r}",
        where=Location(path=project.pyproject),
        hint="change requires-python, or name a base in [tool.comp]",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Value:
    """What one setting says, and who said it: `name` for messages, `where` for what stands in a file."""

    value: object
    name: str
    where: Location | None = None

    def wrong(self, problem: str, hint: str) -> InputError:
        return InputError(f"{self.name} {problem}: {self.value!r}", where=self.where, hint=hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settings:
    """The settings that count, each taken with its type checked."""

    values: Mapping[str, _Value]

    def text(self, key: str) -> str | None:
        setting = self.values.get(key)
        if setting is None:
            return None
        return self._checked(key, setting, setting.value)

    def texts(self, key: str) -> tuple[str, ...]:
        setting = self.values.get(key)
        if setting is None:
            return ()
        if not isinstance(setting.value, list) or not setting.value:
            raise setting.wrong("is not a list of strings", f'write {key} = ["…"]')
        return tuple(self._checked(key, setting, item) for item in setting.value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        setting = self.values.get(key)
        value = setting.value if setting else default
        if value in ("true", "false"):
            return value == "true"
        if setting and not isinstance(value, bool):
            raise setting.wrong("is neither true nor false", f"write {key} = true")
        return bool(value)

    @staticmethod
    def _checked(key: str, setting: _Value, value: object) -> str:
        if not isinstance(value, str):
            raise setting.wrong("is not a string", "put it in quotes")
        form, description = _FORMS[key]
        if not form.fullmatch(value):
            raise setting.wrong(f"is not {description}", f"change {setting.name}")
        return value


def _component_document(folder: Path) -> Document:
    if not folder.is_dir():
        what = "is a file, not a component's folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}", hint="give the folder of a component")
    folder = folder.resolve()
    own = Document.read(folder / "pyproject.toml")
    if own is None or not own.table("tool", "comp"):
        missing = "no pyproject.toml" if own is None else "no [tool.comp] in its pyproject.toml"
        raise InputError(
            f"{folder} is not a component: {missing}",
            hint="`comp new NAME --from-function FILE.py:FUNCTION` makes one",
        )
    own.check(own.table("tool", "comp"), _COMPONENT_KEYS, "tool", "comp")
    return own


def _merged(own: Document, overrides: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, _Value]:
    merged: dict[str, _Value] = {}
    if document := _defaults(own):
        path = ("tool", "comp", "defaults")
        document.check(document.table(*path), _SHARED_KEYS, *path)
        merged |= _values(document, path)
    merged |= _values(own, ("tool", "comp"))
    given = {key: (environ.get(variable, ""), variable) for key, variable in _VARIABLES.items()}
    named = {key: (text, f"--{key}") for key, text in overrides.items()}
    for key, (text, name) in [*given.items(), *named.items()]:
        if text:
            parts = [part.strip() for part in text.split(",")]
            merged[key] = _Value(value=parts if key == "platforms" else text, name=name)
    return merged


def _values(document: Document, path: tuple[str, ...]) -> dict[str, _Value]:
    return {
        key: _Value(value=value, name=key, where=document.where(*path, key))
        for key, value in document.table(*path).items()
        if key in _SHARED_KEYS or key in _OWN_KEYS
    }


def _defaults(own: Document) -> Document | None:
    """Find the nearest `[tool.comp.defaults]`, up to the root of the version control."""
    for place in (own.path.parent, *own.path.parent.parents):
        document = own if place == own.path.parent else Document.read(place / "pyproject.toml")
        if document and "defaults" in document.table("tool", "comp"):
            return document
        if (place / ".git").exists():
            break
    return None


def _first_ancestor(folder: Path, key: str) -> Document | None:
    for place, parent in zip((folder, *folder.parents), folder.parents, strict=False):
        if (place / ".git").exists():
            break
        document = Document.read(parent / "pyproject.toml")
        if document and key in document.data:
            return document
    return None


def _component_name(project: Mapping[str, Any], document: Document) -> str:
    name = project.get("name")
    if not isinstance(name, str):
        raise InputError("[project] has no name", where=document.where("project"), hint='add name = "…"')
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        raise InputError(
            f"{name!r} is not a project name",
            where=document.where("project", "name"),
            hint="use letters, digits, - _ .",
        ) from None


def _version(project: Mapping[str, Any], document: Document) -> str:
    from packaging.version import Version

    version = project.get("version")
    if not isinstance(version, str):
        dynamic = "version" in document.strings("project", "dynamic")
        problem = "the version in [project] is dynamic" if dynamic else "[project] has no version"
        raise InputError(problem, where=document.where("project", "dynamic"), hint='write version = "0.1.0"')
    try:
        Version(version)
    except ValueError:
        raise InputError(
            f"{version!r} is not a version", where=document.where("project", "version"), hint='write it as "1.2.0"'
        ) from None
    return version.strip()


def _requires_python(document: Document) -> str:
    keys = ("project", "requires-python")
    text = document.string(*keys) or f">=3.{LOWEST_MINOR}"
    try:
        return str(SpecifierSet(text))
    except ValueError:
        raise InputError(
            f"requires-python is {text!r}, not a version specifier",
            where=document.where(*keys),
            hint='write it as ">=3.11"',
        ) from None


def _dependencies(document: Document) -> tuple[str, ...]:
    keys = ("project", "dependencies")
    texts = document.strings(*keys)
    if unusual := [text for text in texts if not USUAL_REQUIREMENT.fullmatch(text)]:
        from packaging.requirements import Requirement

        for text in unusual:
            try:
                Requirement(text)
            except ValueError as error:
                reason = str(error).partition("\n")[0]
                raise InputError(
                    f"{text!r} is not a requirement: {reason}",
                    where=document.where(*keys),
                    hint='write it as "pandas>=2.2"',
                ) from None
    return texts


def _authors(project: Mapping[str, Any], document: Document) -> tuple[str, ...]:
    people = project.get("authors", [])
    if not isinstance(people, list) or not all(
        isinstance(person, dict) and all(isinstance(value, str) for value in person.values()) for person in people
    ):
        raise InputError(
            "authors is not a list of names and addresses",
            where=document.where("project", "authors"),
            hint='write authors = [{ name = "…", email = "…" }]',
        )
    return tuple(
        " ".join(filter(None, (person.get("name"), f"<{person['email']}>" if person.get("email") else None)))
        for person in people
    )


def _license(project: Mapping[str, Any]) -> str | None:
    text = project.get("license")
    if isinstance(text, dict):
        text = text.get("text")
    return text if isinstance(text, str) else None


def _entries(document: Document, name: str) -> tuple[Entry, ...]:
    folder, path = document.path.parent, ("tool", "comp")
    entries = [_entry(document, name, folder / "component.yaml", path)]
    for other in document.table(*path, "components"):
        keys = (*path, "components", other)
        document.check(document.table(*keys), _ENTRY_KEYS, *keys)
        if not _NAME.fullmatch(other) or other == name:
            problem = "is the main component's own name" if other == name else "is not a component name"
            raise InputError(f"{other!r} {problem}", where=document.where(*keys), hint="use lower case, digits and -")
        entries.append(_entry(document, other, folder / "components" / f"{other}.yaml", keys))
    return tuple(entries)


def _entry(document: Document, name: str, contract: Path, keys: tuple[str, ...]) -> Entry:
    table = document.table(*keys)
    if ("entrypoint" in table) == ("command" in table):
        raise InputError(
            f"[{'.'.join(keys)}] needs either entrypoint or command" + (", not both" if "command" in table else ""),
            where=document.where(*keys, "command"),
            hint='entrypoint = "module:function", or command = ["python", "program.py"]',
        )
    entrypoint = document.string(*keys, "entrypoint")
    if "entrypoint" in table and not _ENTRYPOINT.fullmatch(entrypoint):
        raise InputError(
            f"entrypoint is {entrypoint!r}",
            where=document.where(*keys, "entrypoint"),
            hint="write it as module:function",
        )
    command = document.strings(*keys, "command")
    if "command" in table and not command:
        raise InputError("command is empty", where=document.where(*keys, "command"), hint="name the program to run")
    title = document.string(*keys, "title")
    return Entry(name=name, contract=contract, entrypoint=entrypoint or None, command=command, title=title or None)
