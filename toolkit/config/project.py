"""The settings of a component: standard `[project]` metadata and `[tool.comp]`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidName, canonicalize_name

from toolkit.config.argo import ArgoSettings, read_argo_settings
from toolkit.config.declared import read_declared, where_declared
from toolkit.config.dockerfile import DockerfileSettings, is_owned, read_dockerfile
from toolkit.config.lint import read_lint_settings
from toolkit.config.registries import check_registries
from toolkit.config.settings import COMPONENT_KEYS, ENTRY_KEYS, ROOT_KEYS, Settings, repository_defaults
from toolkit.config.toml import TomlDocument
from toolkit.config.workspace import read_workspace_settings, shared_lock_of
from toolkit.declared.model import Declared
from toolkit.errors import InputError, Location

DEFAULT_PLATFORM = "linux/amd64"
LOWEST_MINOR = 10
# requires-python may name a patch release (>=3.11.4), so a minor release is allowed if any patch of it is.
_LATEST_PATCH = 40
# The usual form of a requirement: importing the parser of all forms takes longer than everything else here.
_VERSION_CLAUSE = r" *(?:==|!=|<=|>=|<|>) *[0-9]{1,9}(?:\.[0-9]{1,9})* *"
USUAL_REQUIREMENT = re.compile(
    rf"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:{_VERSION_CLAUSE}(?:,{_VERSION_CLAUSE})*)?"
)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ENTRYPOINT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*")


class EntryPoint(Struct, frozen=True, kw_only=True):
    """One component of an image: a function (`entrypoint`, `module:function`) or a program (`command`).

    One of a Dockerfile has neither: its contract alone names the command. `name` is the component's name
    (`train-model`), `contract` the path of its component.yaml, `declared` what the settings declare about its resources
    and its environment.
    """

    name: str
    contract: Path
    entrypoint: str | None = None
    command: tuple[str, ...] = ()
    title: str | None = None
    declared: Declared = field(default_factory=Declared)


class Project(Struct, frozen=True, kw_only=True):
    """A component folder: the settings of `[project]` and `[tool.comp]`, with defaults and environment applied.

    `folder` is the component's folder, `pyproject` the file that holds `[project]` (in the folder or above).
    `entries` has the main component first. `base` is None if nothing names one: then `default_base` decides.
    `base_overridden` marks one that the command line or the environment named: the lock never records it. `build_base`
    is the image whose containers build wheels of machine code, None for the base itself. `requirements` is a file that
    another tool locked, `lock` the one that `comp lock` writes, `shared_lock` that of its collection, which takes the
    place of `lock`. `allow_builds` names packages that may be built from source. `system_packages` are Debian packages
    for the base, `NAME` or `NAME=VERSION`, in order. With `provenance` a push attaches it. With `dockerfile` the image
    is the one that a Dockerfile describes. If that is alone, settings of Python and its packages say nothing; beside an
    entry point or a command, `comp dockerfile` writes it by them.
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
    entries: tuple[EntryPoint, ...]
    allow_builds: tuple[str, ...] = ()
    shared_lock: Path | None = None
    provenance: bool = False
    keywords: tuple[str, ...] = ()
    argo: ArgoSettings = field(default_factory=ArgoSettings)
    system_packages: tuple[str, ...] = ()
    dockerfile: DockerfileSettings | None = None

    @property
    def is_dockerfile_alone(self) -> bool:
        """Whether its Dockerfile alone says what is in the image: comp knows no code and no packages of it."""
        main = self.entries[0]
        return self.dockerfile is not None and not main.entrypoint and not main.command

    @property
    def lock_file(self) -> Path:
        """The file that holds the component's pins: that of its collection, else its own."""
        return self.shared_lock or self.lock

    @property
    def source_folder(self) -> Path:
        """The folder of the component's own code: `src` if it exists, else the component's folder."""
        source = self.folder / "src"
        return source if source.is_dir() else self.folder

    def module_of(self, entry: EntryPoint) -> tuple[Path, str]:
        """Return the file and the function of an entry point. Raises InputError if the file is missing."""
        module, _, function = (entry.entrypoint or "").partition(":")
        stem = self.source_folder.joinpath(*module.split("."))
        for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
            if candidate.is_file():
                return candidate, function
        raise self.missing_module(entry)

    def missing_module(self, entry: EntryPoint) -> InputError:
        """Return the error for an entry point whose module is not among the component's code."""
        module = (entry.entrypoint or "").partition(":")[0]
        return InputError(
            f"the module {module!r} of the entry point {entry.entrypoint!r} is not in {self.source_folder}",
            where=self._where(entry),
            hint=f"expected the file {module.replace('.', '/')}.py there",
        )

    def where_declared(self, entry: EntryPoint, *keys: str) -> Location:
        """Return the place of a declaration, such as `env.LEVEL`, in the settings of the component or its defaults."""
        path = self.folder / "pyproject.toml"
        document = TomlDocument.read(path)
        if document is None:
            return Location(path=path)
        return where_declared(document, self._table_of(entry), repository_defaults(document), *keys)

    def where_set(self, key: str) -> Location:
        """Return the place of a setting in the component's own pyproject.toml, or else in its defaults."""
        path = self.folder / "pyproject.toml"
        document = TomlDocument.read(path)
        if document is None:
            return Location(path=path)
        defaults = repository_defaults(document)
        if key not in document.table("tool", "comp") and defaults is not None:
            return defaults.where("tool", "comp", "defaults", key)
        return document.where("tool", "comp", key)

    def _where(self, entry: EntryPoint) -> Location:
        """Return the place of an entry point in the component's own pyproject.toml."""
        path = self.folder / "pyproject.toml"
        document = TomlDocument.read(path)
        return document.where(*self._table_of(entry), "entrypoint") if document else Location(path=path)

    def _table_of(self, entry: EntryPoint) -> tuple[str, ...]:
        """Return the keys of an entry point's table."""
        return ("tool", "comp", *(() if entry is self.entries[0] else ("components", entry.name)))


def read_project(folder: Path, *, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Project:
    """Read the component in `folder`: `[project]` and `[tool.comp]`, the repository's defaults, the environment.

    Order: `overrides` (the command line, keys as in `[tool.comp]`), `COMP_*` of `environ`, the component,
    `[tool.comp.defaults]` of the nearest ancestor, the built-in value. Raises InputError with file and line for a
    setting that is missing, unknown or of the wrong type.
    """
    overrides = overrides or {}
    own = _component_document(folder)
    folder = own.path.parent
    metadata = own if "project" in own.data else _first_ancestor(folder, "project")
    if metadata is None:
        raise InputError(
            "no [project] here or above", where=Location(path=own.path), hint="add it, with name and version"
        )
    project = metadata.table("project")
    defaults = repository_defaults(own)
    settings = Settings.read(own, defaults, overrides, environ)
    name = _component_name(project, metadata)
    dockerfile = read_dockerfile(own)
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
        keywords=metadata.strings("project", "keywords"),
        namespace=settings.text("namespace"),
        image=settings.text("image") or (f"{prefix}/{name}" if prefix else None),
        base=settings.text("base"),
        base_overridden="base" in overrides or bool(environ.get("COMP_BASE")),
        build_base=settings.text("build-base"),
        platforms=settings.texts("platforms") or (DEFAULT_PLATFORM,),
        python=settings.text("python"),
        system_site_packages=settings.flag("system-site-packages"),
        system_packages=tuple(sorted(set(settings.texts("system-packages")))),
        bytecode=settings.flag("bytecode", default=True),
        estargz=settings.flag("estargz"),
        provenance=settings.flag("provenance"),
        user=settings.text("user"),
        exclude=settings.texts("exclude"),
        include=settings.texts("include"),
        requirements=folder / requirements if (requirements := settings.text("requirements")) else None,
        lock=folder / (settings.text("lock") or "requirements.lock"),
        shared_lock=shared_lock_of(folder),
        entries=_entries(own, defaults, name, alone=dockerfile is not None and not is_owned(own.table("tool", "comp"))),
        dockerfile=dockerfile,
        argo=read_argo_settings(own),
        allow_builds=tuple(canonicalize_name(text) for text in settings.texts("allow-builds")),
    )


def default_base(project: Project) -> str:
    """Return the official Python image of the lowest minor that `requires-python` allows, at least 3.10."""
    allowed = SpecifierSet(project.requires_python)
    for minor in range(LOWEST_MINOR, LOWEST_MINOR + 20):
        if any(allowed.contains(f"3.{minor}.{patch}") for patch in range(_LATEST_PATCH)):
            return f"python:3.{minor}-slim"
    raise InputError(
        f"no Python 3 from 3.{LOWEST_MINOR} on satisfies requires-python {project.requires_python!r}",
        where=Location(path=project.pyproject),
        hint="change requires-python, or name a base in [tool.comp]",
    )


def is_on_disk(base: str) -> bool:
    """Return whether a base is named by its place on this disk, not by a reference."""
    return base.startswith(("layout:", "archive:"))


def _component_document(folder: Path) -> TomlDocument:
    """Read the pyproject.toml of a component folder. Raises InputError if the folder is not a component."""
    if not folder.is_dir():
        what = "is a file, not a component's folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {what}", hint="give the folder of a component")
    # The search for ancestors needs the whole path: `.` has no parents.
    folder = folder.resolve()
    own = TomlDocument.read(folder / "pyproject.toml")
    if own is None or not own.table("tool", "comp"):
        missing = "no pyproject.toml" if own is None else "no [tool.comp] in its pyproject.toml"
        raise InputError(
            f"{folder} is not a component: {missing}",
            hint="`comp new NAME --from-function FILE.py:FUNCTION` makes one",
        )
    own.check(own.table("tool", "comp"), COMPONENT_KEYS, "tool", "comp")
    # So that a faulty table is reported by every command, as all other settings are.
    read_workspace_settings(own)
    read_lint_settings(own)
    check_registries(own)
    if not is_component(own):
        raise InputError(
            f"{folder} is not a component: its [tool.comp] has settings for those below it alone",
            where=own.where("tool", "comp"),
            hint="give the folder of a component, or --all for every one below",
        )
    return own


def is_component(document: TomlDocument) -> bool:
    """Whether the pyproject.toml of a folder makes it a component, complete or not."""
    return not document.table("tool", "comp").keys() <= {*ROOT_KEYS}


def _first_ancestor(folder: Path, key: str) -> TomlDocument | None:
    """Return the nearest pyproject.toml above a folder that has a key, up to the root of the version control."""
    for place, parent in zip((folder, *folder.parents), folder.parents, strict=False):
        # In a worktree or a submodule `.git` is a file.
        if (place / ".git").exists():
            break
        document = TomlDocument.read(parent / "pyproject.toml")
        if document and key in document.data:
            return document
    return None


def _component_name(project: Mapping[str, Any], document: TomlDocument) -> str:
    """Return the component's name in its normal form (PyPA: "Names and normalization"). Raises InputError."""
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


def _version(project: Mapping[str, Any], document: TomlDocument) -> str:
    """Return the version. Raises InputError if it is missing, dynamic or invalid."""
    from packaging.version import Version

    version = project.get("version")
    if not isinstance(version, str):
        # Only the build backend knows a dynamic version, and reading settings runs no code.
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


def _requires_python(document: TomlDocument) -> str:
    """Return the specifier, or that of the oldest supported Python. Raises InputError if it is invalid."""
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


def _dependencies(document: TomlDocument) -> tuple[str, ...]:
    """Return the requirements as they are written. Raises InputError for the first invalid one."""
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


def _authors(project: Mapping[str, Any], document: TomlDocument) -> tuple[str, ...]:
    """Return the authors as `Name <address>`. Raises InputError for another form."""
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
    """Return the text of the license, if there is one."""
    text = project.get("license")
    # PEP 621 had a table with a text or a file; PEP 639 has an SPDX expression.
    if isinstance(text, dict):
        text = text.get("text")
    return text if isinstance(text, str) else None


def _entries(
    document: TomlDocument, defaults: TomlDocument | None, name: str, *, alone: bool
) -> tuple[EntryPoint, ...]:
    """Return the main component, then the others of its image in the order of the file.

    `alone` are contracts whose commands the settings do not know: those of a Dockerfile's image.
    """
    folder, path = document.path.parent, ("tool", "comp")
    read = _contract_alone if alone else _entry
    entries = [read(document, defaults, name, folder / "component.yaml", path)]
    for other in document.table(*path, "components"):
        keys = (*path, "components", other)
        document.check(document.table(*keys), ENTRY_KEYS, *keys)
        if not _NAME.fullmatch(other) or other == name:
            problem = "is the main component's own name" if other == name else "is not a component name"
            raise InputError(f"{other!r} {problem}", where=document.where(*keys), hint="use lower case, digits and -")
        entries.append(read(document, defaults, other, folder / "components" / f"{other}.yaml", keys))
    return tuple(entries)


def _contract_alone(
    document: TomlDocument, defaults: TomlDocument | None, name: str, contract: Path, keys: tuple[str, ...]
) -> EntryPoint:
    """Return the component of a Dockerfile's image that a table describes. Raises InputError for a command in it."""
    for key in ("entrypoint", "command"):
        if key in document.table(*keys):
            raise InputError(
                f"{key} does not go with a main component that has dockerfile alone: the contract names the command",
                where=document.where(*keys, key),
                hint=f"write it into {contract.name}",
            )
    declared = read_declared(document, keys, defaults)
    return EntryPoint(name=name, contract=contract, title=document.string(*keys, "title") or None, declared=declared)


def _entry(
    document: TomlDocument, defaults: TomlDocument | None, name: str, contract: Path, keys: tuple[str, ...]
) -> EntryPoint:
    """Return the entry point that a table describes. Raises InputError unless it has exactly one valid form."""
    table = document.table(*keys)
    if ("entrypoint" in table) == ("command" in table):
        raise InputError(
            f"[{'.'.join(keys)}] needs either entrypoint or command" + (", not both" if "command" in table else ""),
            where=document.where(*keys, "command"),
            hint='entrypoint = "module:function", or command = ["python", "program.py"], or dockerfile = "Dockerfile"',
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
    return EntryPoint(
        name=name,
        contract=contract,
        entrypoint=entrypoint or None,
        command=command,
        title=title or None,
        declared=read_declared(document, keys, defaults),
    )
