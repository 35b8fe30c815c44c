"""Find the requirement that provides an imported module, by the project, its environment, or a table; never by guess.

On an index anyone may register any name, so the name of a module proves nothing about its distribution.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit.errors import Location
from toolkit.interface.module import nameable
from toolkit.limits import PROJECT_FILE_SIZE
from toolkit.scaffold.distribution_modules import owned_modules

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
# Lines of requirements files that name other sources than the public index.
_INDEX_OPTION = re.compile(r"^\s*(-i|--index-url|--extra-index-url|-f|--find-links)\b", re.MULTILINE)
_ENVIRONMENTS = (".venv", "venv")
# Variables that name the active environment.
_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")


class Provider(Struct, frozen=True, kw_only=True):
    """A requirement that provides a module; `problem` says why its name alone cannot be required, if so."""

    requirement: str
    problem: str = ""


class Providers(Struct):
    """The distributions that are known around a source file, from its folder up to the root of its repository.

    `declared` are requirements by canonical name, from the nearest file that has them. `elsewhere` are names that do
    not come from the public index, with the reason. `sites` are the folders of installed packages.
    """

    declared: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    sites: list[Path] = field(default_factory=list)
    _installed: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @classmethod
    def read(cls, folders: tuple[Path, ...], environ: Mapping[str, str]) -> "Providers":
        """Read the requirements, locks and environments of `folders`, the nearest first; skip unreadable files.

        The active environment, which variables of `environ` name, comes last.
        """
        providers = cls()
        for folder in folders:
            providers._read_folder(folder)
        active = [Path(environ[name]) for name in _ACTIVE if environ.get(name)]
        for prefix in [*(folder / name for folder in folders for name in _ENVIRONMENTS), *active]:
            providers.sites += sorted(prefix.glob("lib/python3*/site-packages"))
        return providers

    def provider(self, module: str) -> Provider | None:
        """Return what provides a module, by the longest known prefix of its dotted name; None if none is known."""
        parts = module.split(".")
        for depth in range(len(parts), 0, -1):
            prefix = ".".join(parts[:depth])
            names = self._providing(prefix)
            if names:
                return self._required(names)
        return None

    def all_public(self) -> bool:
        """Return whether the table has every requirement, so that all modules of all requirements are known."""
        return not set(self.declared) - _public()

    def shared(self, module: str) -> bool:
        """Return whether a module is a namespace that several distributions put their parts into."""
        return any(name.startswith(f"{module}.") for name in _table()) and not self._providing(module)

    def _providing(self, prefix: str) -> list[str]:
        """Return the distributions that provide exactly the module `prefix`, the best first."""
        installed = self._owners(prefix.partition(".")[0]).get(prefix, [])
        listed = _table().get(prefix, [])
        # A project that requires `foo` and imports `foo` says itself that they belong together.
        declared = canonicalize_name(prefix.replace(".", "-"))
        same = [declared] if declared in self.declared or declared in self.elsewhere else []
        candidates = list(dict.fromkeys((*installed, *listed, *same)))
        required = [name for name in candidates if name in self.declared or name in self.elsewhere]
        # Several distributions may provide one module (opencv-python, opencv-python-headless): the one that the
        # project requires counts, then the one that is installed.
        return required or (installed if len(installed) == 1 else listed)

    def _required(self, names: list[str]) -> Provider:
        """Return the requirement for the first of the distributions `names`."""
        name = names[0]
        if name in self.elsewhere:
            return Provider(requirement=name, problem=self.elsewhere[name])
        return Provider(requirement=self.declared.get(name, name))

    def _owners(self, top: str) -> dict[str, list[str]]:
        """Return the installed distributions that provide a top-level package, or each part of a namespace package.

        The nearest environment that has the package counts, as for Python itself.
        """
        if not nameable(top):
            return {}
        if top not in self._installed:
            owners: dict[str, list[str]] = {}
            for site in self.sites:
                if not (site / top).is_dir() and not any(site.glob(f"{top}.*")):
                    continue
                # Imported here: with `email` behind it, it would cost every `comp lint` 20 ms.
                from importlib.metadata import distributions

                for distribution in distributions(path=[str(site)]):
                    for module in _owned(distribution, top):
                        name = canonicalize_name(distribution.name)
                        owners.setdefault(module, [])
                        owners[module] += [name] if name not in owners[module] else []
                        if origin := _origin(distribution):
                            self.elsewhere.setdefault(name, origin)
                if owners:
                    break
            self._installed[top] = owners
        return self._installed[top]

    def _read_folder(self, folder: Path) -> None:
        """Note the requirements in a folder's pyproject.toml, requirements files and locks."""
        data = _toml(folder / "pyproject.toml")
        requirements = [*_declared(data)]
        for name, reason in _not_from_index(data, folder):
            self._elsewhere(name, reason)
        for name, value in _table_of(data, "tool", "poetry", "dependencies").items():
            if isinstance(value, dict) and {"git", "path", "url", "source"} & {*value}:
                reason = f"has a source of its own in [tool.poetry.dependencies] of {folder / 'pyproject.toml'}"
                self._elsewhere(name, reason)
            elif name != "python":
                requirements.append(name)
        private = folder / "pyproject.toml" if _names_indexes(data) else None
        for path in sorted(folder.glob("requirements*.txt")):
            text = _text(path)
            private = path if _INDEX_OPTION.search(text) else private
            requirements += [re.sub(r"(^|\s)#.*$|\s--hash=\S+|\\$", "", line).strip() for line in text.splitlines()]
        for lock in _LOCKS:
            for name, own in _packages(_toml(folder / lock)):
                if own:
                    self._elsewhere(name, f"has a source of its own in {folder / lock}")
                else:
                    requirements.append(name)
        for text in requirements:
            self._declare(text, private)

    def _elsewhere(self, name: str, reason: str) -> None:
        self.elsewhere.setdefault(canonicalize_name(name), reason)

    def _declare(self, text: str, private: Path | None) -> None:
        """Note a requirement; `private` is the file that names other indexes for it, which the component will lack.

        A name that the table has is on the public index too, so it does not need the others.
        """
        try:
            required = Requirement(text)
        except InvalidRequirement:
            return
        name = canonicalize_name(required.name)
        if private and name not in _public():
            self._elsewhere(name, f"may come from an index that {private} names")
        self.declared.setdefault(name, text)


@cache
def _table() -> dict[str, list[str]]:
    """Return the distributions by module, the best first, from the table that scripts/distributions.py makes."""
    document = json.loads(Path(__file__).with_name("distributions.json").read_text("utf-8"))
    modules: dict[str, list[str]] = document["modules"]
    return modules


@cache
def _public() -> frozenset[str]:
    """Return the names of the distributions whose wheels the table was made from."""
    return frozenset(name for names in _table().values() for name in names)


def _owned(distribution: "Distribution", top: str) -> frozenset[str]:
    """Return the modules of the package `top` that an installed distribution provides."""
    try:
        record = distribution.read_text("RECORD") or ""
        named = "Name" in distribution.metadata and bool(distribution.metadata["Name"])
    except (OSError, ValueError, KeyError):
        # A broken installation provides nothing.
        return frozenset()
    # The text of RECORD rules most distributions out, before it is parsed.
    if not named or (f"{top}/" not in record and f"{top}." not in record):
        return frozenset()
    files = {str(path): path for path in distribution.files or () if path.parts[0].partition(".")[0] == top}

    def read(path: str) -> str:
        try:
            return Path(files[path].locate()).read_text("utf-8", "replace")
        except OSError:
            return ""

    return owned_modules(files, read)


def _origin(distribution: "Distribution") -> str:
    """Return the reason why a distribution is not from an index (PyPA, direct_url.json), empty if it is from one."""
    try:
        url = json.loads(distribution.read_text("direct_url.json") or "{}").get("url", "")
    except (ValueError, AttributeError):
        return ""
    # Without the login that the URL may have.
    return f"was installed from {re.sub('//[^/@]*@', '//', url)}, not from the index by its name" if url else ""


def _not_from_index(data: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield names that others may have registered on an index, with the reason: the project's own, and uv's sources."""
    for table in (_table_of(data, "project"), _table_of(data, "tool", "poetry")):
        if isinstance(name := table.get("name"), str):
            yield name, f"is the project in {folder} itself"
    for name in _table_of(data, "tool", "uv", "sources"):
        yield name, f"has a source of its own in [tool.uv.sources] of {folder / 'pyproject.toml'}"


def _declared(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the requirements in the standard tables of a pyproject.toml."""
    project = _table_of(data, "project")
    groups = (_table_of(project, "optional-dependencies"), _table_of(data, "dependency-groups"))
    for listed in (project.get("dependencies"), *(part for group in groups for part in group.values())):
        yield from (text for text in listed if isinstance(text, str)) if isinstance(listed, list) else ()


def _names_indexes(data: Mapping[str, Any]) -> bool:
    """Return whether a project names its own indexes, to uv or to poetry."""
    uv, poetry = _table_of(data, "tool", "uv"), _table_of(data, "tool", "poetry")
    return bool({"index", "index-url", "extra-index-url", "find-links"} & {*uv}) or "source" in poetry


def _packages(data: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield the names of a lock's packages, and whether each has a source other than the usual index.

    uv, poetry and pdm write `[[package]]`, pylock.toml has `[[packages]]`. The usual index is the most frequent one.
    """
    listed = [entry for key in ("package", "packages") if isinstance(data.get(key), list) for entry in data[key]]
    packages = [entry for entry in listed if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    sources = [_table_of(package, "source") for package in packages]
    indexes = Counter(str(source["registry"]) for source in sources if "registry" in source)
    usual = indexes.most_common(1)[0][0] if indexes else ""
    for package, source in zip(packages, sources, strict=True):
        # Packages of the repository itself are found among its files.
        if not {"editable", "virtual", "directory"} & {*source}:
            own = {*package} & {"vcs", "directory", "archive", "git", "path", "url"}
            plain = not source or source.get("registry") == usual
            yield package["name"], bool(own) or not plain


def _table_of(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the table at `keys`, empty if it is missing or not a table."""
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _toml(path: Path) -> dict[str, Any]:
    """Return a document, empty if it is missing or invalid: others report that."""
    try:
        return tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _text(path: Path) -> str:
    """Return a file's text, empty if it cannot be read. Raises InputError if it is too large."""
    try:
        PROJECT_FILE_SIZE.check(path.stat().st_size, path.name, where=Location(path=path))
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
